import { describe, expect, it } from 'vitest';
import { parseWatermark } from '../../src/delivery/watermark.ts';
import { sourceOf } from '../support/fake-outbox.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';

const ack = (source: string, upto: number, missing: readonly (readonly [number, number])[] = []) => ({ source, upto, missing, rejected: [] });

async function sentThree() {
  const copied: string[] = [];
  const made = makeForwarder({ acknowledgedBy: 'receiver', copied: (source) => copied.push(source) });
  const connection = await made.connect();
  made.outbox.add([scanOf('A'), meterOf('1'), scanOf('B')]);
  await made.clock.advance(0);
  connection.answerAll();
  return { ...made, connection, copied };
}

describe('a watermark', () => {
  it('settles what was handed over, without its missing ones, and once', async () => {
    const { outbox, forwarder } = await sentThree();
    forwarder.acknowledge(ack(outbox.source, 3, [[2, 2]]));
    forwarder.acknowledge(ack(outbox.source, 3, [[2, 2]]));
    expect(forwarder.report()).toMatchObject({ settled: 2, unconfirmed: 1, waiting: { scan: 0, meter: 1 } });
    expect(outbox.settlementChanges).toBeGreaterThan(0);
  });

  it('settles what is in flight, whose PUBACK then changes nothing', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ acknowledgedBy: 'receiver' });
    const connection = await connect();
    outbox.add([scanOf('A')]);
    await clock.advance(0);
    forwarder.acknowledge(ack(outbox.source, 1));
    connection.sent[0]?.answer(0x99);
    expect(outbox.quarantined).toEqual([]);
    expect(forwarder.report()).toMatchObject({ settled: 1, inFlight: 0, waiting: { scan: 0 } });
  });

  it('settles what has to go again, which then does not', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ acknowledgedBy: 'receiver' });
    await connect();
    outbox.add([scanOf('A')]);
    await clock.advance(0);
    forwarder.detach();
    forwarder.acknowledge(ack(outbox.source, 1));
    expect((await connect()).sent).toEqual([]);
  });

  it('of another source changes nothing', async () => {
    const { forwarder, copied } = await sentThree();
    forwarder.acknowledge(ack(sourceOf(9), 1000));
    expect(forwarder.report().settled).toBe(0);
    expect(copied).toEqual([]);
  });

  it('above everything that was given out says, once, that the outbox is an old copy, and settles nothing', async () => {
    const { outbox, forwarder, copied } = await sentThree();
    forwarder.acknowledge(ack(outbox.source, 4));
    forwarder.acknowledge(ack(outbox.source, 5));
    expect(copied).toEqual([outbox.source]);
    expect(forwarder.report()).toMatchObject({ settled: 0, alarms: [expect.stringContaining('old copy') as string] });
    outbox.own = 2;
    outbox.add([scanOf('C')]);
    expect(forwarder.report().alarms).toEqual([]);
    forwarder.acknowledge(ack(outbox.source, 1000)); // whoever says that again and again is not believed
    expect(copied).toHaveLength(1);
  });

  it('above everything of an older source settles what was handed over', async () => {
    const { outbox, forwarder, copied } = await sentThree();
    const old = outbox.source;
    outbox.own = 2;
    outbox.add([scanOf('C')]);
    forwarder.acknowledge(ack(old, 1000));
    expect(copied).toEqual([]);
    expect(forwarder.report().settled).toBe(3);
  });

  it('that goes back is an alarm until it is where it was', async () => {
    const { outbox, forwarder } = await sentThree();
    forwarder.acknowledge(ack(outbox.source, 3));
    expect(forwarder.report().alarms).toEqual([]);
    forwarder.acknowledge(ack(outbox.source, 1));
    expect(forwarder.report().alarms).toEqual([expect.stringContaining('went back from 3 to 1') as string]);
    forwarder.acknowledge(ack(outbox.source, 2));
    expect(forwarder.report().alarms).toHaveLength(1);
    forwarder.acknowledge(ack(outbox.source, 3));
    expect(forwarder.report().alarms).toEqual([]);
  });

  it('that stays away makes rows go again, in order and with the same bytes', async () => {
    const { connection, clock } = await sentThree();
    await clock.advance(599_000);
    expect(connection.sequences).toEqual([1, 3, 2]);
    await clock.advance(3000);
    expect(connection.sequences).toEqual([1, 3, 2, 1, 3, 2]);
    expect(connection.sent[3]?.message).toEqual(connection.sent[0]?.message);
  });

  it('that stays away is an alarm that says where it is waited for, until the receiver speaks', async () => {
    const { connection, clock, forwarder, outbox } = await sentThree();
    await clock.advance(602_000);
    connection.answerAll();
    await clock.advance(602_000);
    expect(forwarder.report().alarms).toEqual([expect.stringMatching(/acknowledged none of 3 readings for 20 min.*tailgate\/v1\/bedford\/truck-17\/ack/)]);
    forwarder.acknowledge(ack(sourceOf(9), 3));
    expect(forwarder.report().alarms).toHaveLength(1);
    forwarder.acknowledge(ack(outbox.source, 0));
    expect(forwarder.report().alarms).toEqual([]);
  });

  it('that stays away is told with all the readings that wait for it, whenever each was sent', async () => {
    const { connection, clock, forwarder, outbox } = await sentThree();
    await clock.advance(5000);
    outbox.add([scanOf('C')]);
    await clock.advance(0);
    connection.answerAll();
    await clock.advance(610_000);
    connection.answerAll();
    expect(forwarder.report().alarms.join()).toContain('none of 4 readings');
  });

  it('of any bytes, from anybody, settles only what was handed over', async () => {
    let seed = 11;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    const { outbox, forwarder, connect, clock } = makeForwarder({ acknowledgedBy: 'receiver', window: 4 });
    let connection = await connect();
    const known = new Set<number>();
    let settled = 0;
    for (let round = 0; round < 3000; round += 1) {
      if (random(3) === 0) outbox.add([random(2) === 0 ? scanOf('A') : meterOf('1')]);
      if (random(20) === 0) {
        forwarder.detach();
        connection = await connect();
      }
      await clock.advance(0);
      for (const sent of connection.open) if (random(2) === 0) sent.answer([0, 0, 0, 0x80, 0x10][random(5)]);
      await clock.advance(0);
      for (const { sequence } of connection.sent) known.add(sequence);
      const odd = [-1, 0, 1, random(300), 1.5, '7', null, [], {}, Number.MAX_SAFE_INTEGER, 1e300][random(11)];
      const text = JSON.stringify({
        source: [outbox.source, sourceOf(2), '', 7][random(4)],
        upto: [random(known.size + 2), odd][random(2)],
        missing: [[], [[random(50), random(100)]], odd, [[odd, odd]]][random(4)],
        rejected: [[], [{ id: String(random(200)), code: 'x\u001b[2J', message: [odd, 'no'][random(2)] }], odd, [odd]][random(4)],
      });
      const cut = random(10) === 0 ? text.slice(0, random(text.length)) : text;
      const watermark = parseWatermark(Buffer.from(cut));
      if (typeof watermark === 'string') continue;
      forwarder.acknowledge(watermark);
      ({ settled } = forwarder.report());
      expect(settled).toBeLessThanOrEqual(known.size);
      for (const { ranges } of forwarder.settlements()) {
        const last = ranges.at(-1)?.[1] ?? 0;
        expect(last === 0 || known.has(last)).toBe(true);
      }
    }
    expect(settled).toBeGreaterThan(100);
    expect(outbox.quarantined.length).toBeGreaterThan(0);
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(outbox.quarantined.every(({ code }) => !/[\u0000-\u001f]/.test(code))).toBe(true);
  });
});
