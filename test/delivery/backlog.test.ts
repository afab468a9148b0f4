import { describe, expect, it } from 'vitest';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';

const meters = (count: number) => Array.from({ length: count }, (_, index) => meterOf(String(index)));

describe('a backlog of meter readings', () => {
  it('begins after a random part of a minute when the outage was long, and scans at once', async () => {
    const { outbox, connect, clock } = makeForwarder({ random: () => 0.5, spreadMs: 60_000 });
    outbox.add([...meters(10), scanOf('A')]);
    await clock.advance(600_000);
    const connection = await connect();
    expect(connection.sequences).toEqual([11]);
    outbox.add([scanOf('B')]);
    await clock.advance(29_000);
    expect(connection.sequences).toEqual([11, 12]);
    await clock.advance(1000);
    expect(connection.sent.length).toBe(12);
  });

  it.each([
    [600_000, []],
    [599_000, [1, 2, 3]],
  ])('that waited for %i ms when the process began is spread if that was long, once', async (waitedMs, atOnce) => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ random: () => 0.5, spreadMs: 60_000 });
    outbox.add(meters(3));
    outbox.waitingSinceMs = clock.stamp().wallMs - waitedMs;
    outbox.open(1);
    const connection = await connect();
    expect(connection.sequences).toEqual(atOnce);
    await clock.advance(30_000);
    expect(connection.sequences).toEqual([1, 2, 3]);
    forwarder.detach();
    expect((await connect()).sent.length).toBe(3);
  });

  it('begins at once after a short outage', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ random: () => 0.5 });
    await connect();
    forwarder.detach();
    outbox.add(meters(10));
    await clock.advance(599_000);
    expect((await connect()).sent.length).toBe(10);
  });

  it('keeps to the drain rate, which neither scans nor what comes later does', async () => {
    const { outbox, connect, clock } = makeForwarder({ drainPerSecond: 5 });
    outbox.add([...meters(30), scanOf('A')]);
    const connection = await connect();
    connection.answerAll();
    expect(connection.sent.filter(({ suffix }) => suffix.startsWith('scan'))).toHaveLength(1);
    for (let tenths = 0; tenths < 20; tenths += 1) {
      await clock.advance(100);
      connection.answerAll();
    }
    const sent = connection.sent.length - 1;
    expect(sent).toBeGreaterThanOrEqual(10);
    expect(sent).toBeLessThanOrEqual(12);
    await clock.advance(10_000);
    for (let tenths = 0; tenths < 100; tenths += 1) {
      await clock.advance(100);
      connection.answerAll();
    }
    expect(connection.sent.length).toBe(31);
    outbox.add(meters(40));
    await clock.advance(0);
    expect(connection.sent.length).toBe(71);
  });

  it('has no limit when none is configured', async () => {
    const { outbox, connect, clock } = makeForwarder({ window: 500 });
    outbox.add(meters(150));
    const connection = await connect();
    await clock.advance(0);
    expect(connection.sent.length).toBe(150);
  });
});
