import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/delivery.ts';
import type { FakeConnection, Sent } from '../support/fake-connection.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { scanOf } from '../support/open-outbox.ts';

const scanned = (device: string, text: string) => ({ ...scanOf(text), device, content: { ...scanOf(text).content, device } });
const many = (device: string, count: number) => Array.from({ length: count }, (_, index) => scanned(device, `${device}-${index}`));
const textOf = ({ message }: Sent): string => (JSON.parse(message.payload) as { data: { text: string } }).data.text;

/** A gateway whose broker takes what comes in order and ends the connection at some rows. */
function breaking(isFatal: (sent: Sent) => boolean, window = 10) {
  const made = makeForwarder({ window });
  const taken: string[] = [];
  let connection: FakeConnection | undefined;
  let away = 0;
  const broker = {
    connects: 0,
    taken,
    /** Steps that it is away after a connection. */
    awaySteps: 0,
    /** What comes before the fatal one is taken but not said: a connection that is reset throws away what was on its way. */
    tellsNothing: false,
    /** Lets time pass in steps, and lets the broker do its part in each. */
    async run(steps: number, stepMs = 1000): Promise<void> {
      for (let step = 0; step < steps; step += 1) {
        if (connection === undefined && away > 0) {
          away -= 1;
          await made.clock.advance(stepMs);
          continue;
        }
        if (connection === undefined) {
          broker.connects += 1;
          connection = await made.connect();
        }
        await made.clock.advance(stepMs);
        for (let [next] = connection.open; next !== undefined; [next] = connection.open) {
          if (isFatal(next) || (broker.tellsNothing && connection.open.some(isFatal))) {
            connection = undefined;
            away = broker.awaySteps;
            made.forwarder.detach();
            break;
          }
          taken.push(textOf(next));
          next.answer();
        }
      }
    },
  };
  return { ...made, broker };
}

describe('a reading at which the connection breaks each time', () => {
  it('is set aside with the rest of its scanner, and everything else goes', async () => {
    const { outbox, forwarder, broker } = breaking((sent) => textOf(sent) === 'bad-1');
    outbox.add([...many('bad', 4), ...many('good', 30)]);
    await broker.run(8);
    expect(broker.taken).toEqual(['bad-0', ...Array.from({ length: 30 }, (_, index) => `good-${index}`)]);
    expect(forwarder.report()).toMatchObject({ settled: 31, waiting: { scan: 3 }, inFlight: 0 });
    expect(forwarder.report().alarms.join()).toContain(`the connection broke 4 times while a reading of ${ROOT}/scan/bad was on its way`);
  });

  it('is found also where nothing is heard of what was taken before it', async () => {
    const { outbox, forwarder, broker } = breaking((sent) => textOf(sent) === 'bad-0');
    broker.tellsNothing = true;
    outbox.add([...many('good', 6), ...many('bad', 2)]);
    await broker.run(12);
    outbox.add(many('good', 3));
    await broker.run(2);
    expect(forwarder.report()).toMatchObject({ settled: 9, waiting: { scan: 2 } });
    expect(broker.connects).toBeLessThan(8);
  });

  it('lets the others go first on each connection, also where it takes minutes until there is one', async () => {
    const { outbox, forwarder, broker } = breaking((sent) => textOf(sent) === 'bad-0');
    broker.awaySteps = 180;
    outbox.add([...many('bad', 2), ...many('good', 3)]);
    await broker.run(5 * 181);
    expect(forwarder.report()).toMatchObject({ settled: 3, waiting: { scan: 2 } });
    expect(broker.connects).toBe(5);
    for (let connects = 0; connects < 12; connects += 1) {
      outbox.add(many('good', 1));
      await broker.run(400);
    }
    expect(outbox.quarantined).toMatchObject([{ sequence: 1, code: 'connection_lost' }]);
    expect(forwarder.report()).toMatchObject({ settled: 3 + 12 + 1 + 1, waiting: { scan: 0 }, quarantined: 1 }); // with the event that tells of it
  });

  it('is tried again alone and ever more rarely, and delivered in order when it is taken at last', async () => {
    let mended = false;
    const { outbox, forwarder, broker } = breaking((sent) => textOf(sent) === 'bad-0' && !mended);
    outbox.add([...many('bad', 3), ...many('good', 3)]);
    await broker.run(10);
    const { connects } = broker;
    outbox.add(many('good', 1));
    await broker.run(12);
    expect(broker.connects).toBe(connects + 1);
    mended = true;
    await broker.run(30);
    expect(broker.taken.slice(-3)).toEqual(['bad-0', 'bad-1', 'bad-2']);
    expect(forwarder.report()).toMatchObject({ waiting: { scan: 0 }, alarms: [], quarantined: 0 });
  });

  it('goes into quarantine when that happened often and others went through each time', async () => {
    const { outbox, forwarder, broker } = breaking((sent) => textOf(sent) === 'bad-0');
    outbox.add(many('bad', 3));
    for (let minute = 0; minute < 10; minute += 1) {
      outbox.add(many('good', 1));
      await broker.run(60);
    }
    expect(outbox.quarantined).toMatchObject([{ sequence: 1, code: 'connection_lost' }]);
    expect(outbox.quarantined[0]?.message).toContain('the connection broke');
    expect(broker.taken.slice(0, 20)).toContain('bad-2');
    expect(broker.taken.indexOf('bad-1')).toBeLessThan(broker.taken.indexOf('bad-2'));
    expect(forwarder.report()).toMatchObject({ waiting: { scan: 0 }, quarantined: 1 });
  });

  it('waits no longer when the outbox has given it up, or when the broker refuses it in words', async () => {
    for (const how of ['given up', 'refused'] as const) {
      let answers = false;
      const { outbox, forwarder, broker, clock, connect } = breaking((sent) => textOf(sent) === 'bad-0' && !answers);
      outbox.add([...many('bad', 3), ...many('good', 3)]);
      await broker.run(10);
      expect(forwarder.report().alarms).toHaveLength(1);
      if (how === 'given up') outbox.evict('scan', [[1, 1]]);
      else answers = true;
      forwarder.detach();
      const connection = await connect();
      for (let second = 0; second < 60; second += 1) {
        await clock.advance(1000);
        connection.answerAll((sent) => (textOf(sent) === 'bad-0' ? 0x99 : 0));
      }
      expect(forwarder.report()).toMatchObject({ waiting: { scan: 0 }, alarms: [], quarantined: how === 'refused' ? 1 : 0 });
    }
  });

  it('lets the others go first on each new connection, however long the broker is away in between', async () => {
    const { outbox, forwarder, clock, connect } = makeForwarder({ window: 10 });
    outbox.add([...many('bad', 1), ...many('good', 3)]);
    for (let connects = 0; connects < 12; connects += 1) {
      const connection = await connect();
      for (let [next] = connection.open; next !== undefined && textOf(next) !== 'bad-0'; [next] = connection.open) next.answer();
      await clock.advance(1000);
      forwarder.detach();
      await clock.advance(120_000);
    }
    expect(forwarder.report()).toMatchObject({ settled: 3, waiting: { scan: 1 } });
  });

  it('holds nothing up any more once the receiver has it', async () => {
    const { outbox, forwarder, clock, connect } = makeForwarder({ window: 10, acknowledgedBy: 'receiver' });
    outbox.add(many('bad', 2));
    for (let connects = 0; connects < 4; connects += 1) {
      await connect();
      forwarder.detach();
    }
    const connection = await connect();
    await clock.advance(1000);
    expect(connection.open).toEqual([]);
    forwarder.acknowledge({ source: outbox.source, upto: 1, missing: [], rejected: [] });
    expect(connection.open.map(textOf)).toEqual(['bad-1']);
    expect(forwarder.report().alarms).toEqual([]);
  });

  it('is one among others that are found as well', async () => {
    const { outbox, forwarder, broker } = breaking((sent) => textOf(sent) === 'bad-0' || textOf(sent) === 'worse-0');
    outbox.add([...many('bad', 1), ...many('good', 1), ...many('worse', 1), ...many('fine', 20)]);
    await broker.run(12);
    expect(forwarder.report()).toMatchObject({ settled: 21, waiting: { scan: 2 } });
  });
});

describe('a network that breaks whatever is sent', () => {
  it('sets nothing aside for longer than it lasts, and keeps the order', async () => {
    let dead = true;
    const { outbox, forwarder, broker } = breaking(() => dead);
    outbox.add([...many('one', 5), ...many('other', 5)]);
    for (let second = 0; second < 60; second += 1) {
      await broker.run(1);
      expect(forwarder.report().alarms.length).toBeLessThanOrEqual(1); // when a second one breaks it too, it is not the readings
    }
    dead = false;
    await broker.run(12);
    expect(broker.taken).toHaveLength(10);
    for (const device of ['one', 'other']) expect(broker.taken.filter((text) => text.startsWith(device))).toEqual(Array.from({ length: 5 }, (_, index) => `${device}-${index}`));
    expect(outbox.quarantined).toEqual([]);
    expect(forwarder.report()).toMatchObject({ settled: 10, alarms: [] });
  });

  it('costs no window where each connection brings something through', async () => {
    let left = 3;
    const { outbox, forwarder, clock, connect } = makeForwarder({ window: 10 });
    outbox.add(many('one', 60));
    for (let round = 0; round < 20; round += 1) {
      const connection = await connect();
      await clock.advance(0);
      expect(connection.open).toHaveLength(Math.min(10, 60 - round * 3));
      for (left = 3; left > 0; left -= 1) connection.open[0]?.answer();
      forwarder.detach();
    }
    expect(forwarder.report()).toMatchObject({ settled: 60, alarms: [] });
  });
});
