import { describe, expect, it } from 'vitest';
import { FakeConnection } from '../support/fake-connection.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';
import { ROOT } from '../support/delivery.ts';

const scanned = (device: string, text: string) => ({ ...scanOf(text), device, content: { ...scanOf(text).content, device } });
const many = (device: string, count: number) => Array.from({ length: count }, (_, index) => scanned(device, `A-${index}`));

describe('a topic that the broker does not allow', () => {
  it('waits alone, with an alarm that names it, and is tried with one message every 30 seconds', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    const forbidden = ({ suffix }: { suffix: string }): number => (suffix === 'scan/forbidden' ? 0x87 : 0);
    outbox.add([...many('forbidden', 20), ...many('allowed', 20)]);
    await clock.advance(0);
    connection.answerAll(forbidden);
    expect(forwarder.report()).toMatchObject({ settled: 20, waiting: { scan: 20 } });
    expect(forwarder.report().alarms.join()).toContain(`${ROOT}/scan/forbidden is not delivered`);
    expect(forwarder.report().alarms.join()).toContain('not authorised');
    const sent = connection.sent.length;
    await clock.advance(29_000);
    expect(connection.sent.length).toBe(sent);
    for (let tries = 1; tries <= 3; tries += 1) {
      await clock.advance(30_000);
      expect(connection.sent.length).toBe(sent + tries);
      connection.answerAll(forbidden);
    }
    outbox.add(many('allowed', 1));
    await clock.advance(30_000);
    connection.answerAll();
    expect(forwarder.report()).toMatchObject({ settled: 41, waiting: { scan: 0 }, alarms: [] });
    const ofForbidden = connection.sent.filter(({ suffix }) => suffix === 'scan/forbidden').map(({ sequence }) => sequence);
    expect(ofForbidden.slice(-20)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('is no alarm any more once nothing waits for it, though the broker never took it', async () => {
    for (const how of ['acknowledged', 'given up'] as const) {
      const { outbox, forwarder, connect, clock } = makeForwarder({ acknowledgedBy: 'receiver' });
      const connection = await connect();
      outbox.add(many('forbidden', 2));
      await clock.advance(0);
      connection.answerAll(() => 0x87);
      expect(forwarder.report().alarms.join()).toContain('2 readings wait for it');
      await clock.advance(30_000);
      expect(forwarder.report().alarms.join()).toContain('2 readings wait for it');
      if (how === 'given up') outbox.evict('scan', [[1, 2]]);
      else forwarder.acknowledge({ source: outbox.source, upto: 2, missing: [], rejected: [] });
      expect(forwarder.report()).toMatchObject({ waiting: { scan: 0 }, alarms: [], held: undefined });
    }
  });

  it('makes its lane wait when too much has gathered for it, and says so', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    const forbidden = ({ suffix }: { suffix: string }): number => (suffix === 'scan/forbidden' ? 0x87 : 0);
    outbox.add([...many('forbidden', 1100), ...many('allowed', 1), meterOf('1')]);
    for (let round = 0; round < 20; round += 1) {
      await clock.advance(0);
      connection.answerAll(forbidden);
    }
    expect(forwarder.report()).toMatchObject({ settled: 1, waiting: { scan: 1101, meter: 0 } });
    expect(forwarder.report().alarms.join()).toContain('nothing of the scan lane is sent any more');
    await clock.advance(30_000);
    connection.answerAll();
    for (let round = 0; round < 20; round += 1) {
      await clock.advance(0);
      connection.answerAll();
    }
    expect(forwarder.report()).toMatchObject({ settled: 1102, alarms: [] });
  });

  it('lets the next one try when the outbox has given up the row that was tried', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add(many('forbidden', 2));
    await clock.advance(0);
    connection.answerAll(() => 0x87);
    await clock.advance(30_000);
    expect(connection.open.map(({ sequence }) => sequence)).toEqual([1]);
    outbox.evict('scan', [[1, 1]]);
    await clock.advance(30_000);
    expect(connection.sequences.at(-1)).toBe(2);
    connection.answerAll();
    expect(forwarder.report()).toMatchObject({ settled: 1, waiting: { scan: 0 } });
  });

  it('and of which a meter is refused besides keeps that meter in order', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add([meterOf('1'), meterOf('2'), meterOf('3')]);
    await clock.advance(0);
    connection.sent[0]?.answer(0x80);
    connection.sent[1]?.answer(0x87);
    connection.sent[2]?.answer();
    for (let second = 0; second < 240; second += 1) {
      await clock.advance(1000);
      const code = second < 100 ? [0x80, 0x87][second % 2] : 0;
      connection.answerAll(({ sequence }) => (sequence === 1 ? (code ?? 0) : 0));
    }
    expect(connection.sequences.slice(-3)).toEqual([1, 2, 3]);
    expect(forwarder.report()).toMatchObject({ settled: 3, alarms: [] });
  });
});

describe('a topic that nobody listens to', () => {
  it('is tried with one message, soon and then every 30 seconds, and never with a window', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add(many('cab', 100));
    await clock.advance(0);
    connection.answerAll(() => 0x10);
    expect(connection.sent.length).toBe(50);
    expect(forwarder.report().alarms.join()).toContain('no matching subscribers');
    const times: number[] = [];
    for (let second = 1; second <= 150; second += 1) {
      await clock.advance(1000);
      if (connection.open.length > 1) throw new Error('a window went out');
      if (connection.open.length === 1) times.push(second);
      connection.answerAll(() => 0x10);
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
  });

  it('is tried at once when the receiver speaks', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add(many('cab', 3));
    await clock.advance(0);
    connection.answerAll(() => 0x10);
    for (let second = 0; second < 40; second += 1) {
      await clock.advance(1000);
      connection.answerAll(() => 0x10);
    }
    forwarder.acknowledge({ source: outbox.source, upto: 0, missing: [], rejected: [] });
    connection.answerAll();
    expect(forwarder.report().settled).toBe(3);
  });
});

describe('a row that is refused for now', () => {
  it.each([
    ['0x80', 0x80],
    ['0x83', 0x83],
    ['0x91', 0x91],
  ])('with %s goes again after a while that grows, and the others go on', async (_, code) => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add([scanned('one', 'A'), scanned('two', 'B')]);
    await clock.advance(0);
    const refuse = ({ suffix }: { suffix: string }): number => (suffix === 'scan/one' ? code : 0);
    connection.answerAll(refuse);
    expect(forwarder.report().settled).toBe(1);
    await clock.advance(1000);
    connection.answerAll(refuse);
    await clock.advance(1000);
    expect(connection.sent.length).toBe(3);
    await clock.advance(1000);
    connection.answerAll();
    expect(connection.sent.length).toBe(4);
    expect(forwarder.report()).toMatchObject({ settled: 2, alarms: [] });
  });

  it('with 0x83 is put aside after five times, and what stood behind it goes on', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add(many('cab', 2));
    for (let second = 0; second < 16; second += 1) {
      await clock.advance(1000);
      connection.answerAll(({ sequence }) => (sequence === 1 ? 0x83 : 0));
    }
    await clock.advance(0);
    connection.answerAll();
    expect(connection.sequences.filter((sequence) => sequence === 1)).toHaveLength(5);
    expect(outbox.quarantined).toMatchObject([{ sequence: 1, code: 'broker_refused' }]);
    expect(forwarder.report()).toMatchObject({ settled: 2, quarantined: 1, waiting: { scan: 0 } }); // the second and the event
  });

  it.each([
    ['0x93', 0x93],
    ['0x96', 0x96],
    ['0x97', 0x97],
  ])('with %s halves the window and makes everything pause', async (_, code) => {
    const { outbox, connect, clock } = makeForwarder({ window: 8 });
    const connection = await connect();
    outbox.add([...many('one', 20), meterOf('1')]);
    await clock.advance(0);
    connection.answerAll(() => code);
    expect(connection.sent.length).toBe(8);
    await clock.advance(999);
    expect(connection.sent.length).toBe(8);
    await clock.advance(1);
    expect(connection.open.length).toBe(4);
    connection.answerAll(() => code);
    await clock.advance(2000);
    expect(connection.open.length).toBe(2);
  });

  it.each([
    ['0x90', 0x90],
    ['0x95', 0x95],
    ['0x99', 0x99],
  ])('for good with %s is put aside at once, and the rest flows', async (_, code) => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add(many('cab', 3));
    await clock.advance(0);
    connection.answerAll(({ sequence }) => (sequence === 2 ? code : 0));
    await clock.advance(0);
    connection.answerAll();
    expect(outbox.quarantined).toMatchObject([{ sequence: 2, code: 'broker_refused' }]);
    expect(forwarder.report()).toMatchObject({ settled: 3, waiting: { scan: 0 } });
  });
});

describe('the limits of the broker', () => {
  it('of one message at a time are kept', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect(new FakeConnection({ receiveMaximum: 1 }));
    outbox.add(many('cab', 5));
    await clock.advance(0);
    for (let count = 0; count < 5; count += 1) {
      expect(connection.open.length).toBe(1);
      connection.open[0]?.answer();
    }
    expect(forwarder.report().settled).toBe(5);
  });

  it('for a packet are known to the byte', async () => {
    const { outbox, connect, clock } = makeForwarder();
    const first = await connect();
    outbox.add(many('cab', 1));
    await clock.advance(0);
    const { generate } = (await import('mqtt-packet')).default;
    const { message } = first.sent[0] ?? { message: { topic: '', payload: '' } };
    const { length } = generate({ cmd: 'publish', topic: message.topic, payload: message.payload, qos: 1, messageId: 1, dup: false, retain: false, properties: { contentType: 'application/cloudevents+json' } }, { protocolVersion: 5 });
    expect((await connect(new FakeConnection({ packetBytesMax: length }))).sent.length).toBe(1);
    expect(outbox.quarantined).toEqual([]);
    expect((await connect(new FakeConnection({ packetBytesMax: length - 1 }))).sent.filter(({ sequence }) => sequence === 1)).toEqual([]);
    expect(outbox.quarantined[0]).toMatchObject({ sequence: 1, code: 'unsendable', message: expect.stringContaining(`${length} bytes are more than the broker's ${length - 1}`) as string });
  });
});
