import { describe, expect, it } from 'vitest';
import { sourceOf } from '../support/fake-outbox.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';

const scans = (...texts: string[]) => texts.map((text) => scanOf(text));

describe('a forwarder that follows the outbox', () => {
  it('delivers a stream that stands there only in the middle of the run', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder();
    const connection = await connect();
    outbox.add(scans('A'));
    outbox.own = 2;
    outbox.add(scans('B'));
    await clock.advance(0);
    connection.answerAll();
    expect(connection.sent.map(({ message }) => (JSON.parse(message.payload) as { source: string }).source)).toEqual([sourceOf(1), sourceOf(2)]);
    expect(forwarder.report()).toMatchObject({ settled: 2, waiting: { scan: 0 } });
  });

  it('sends only what is not settled of a stream that was salvaged', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder();
    outbox.add(scans('A', 'B', 'C'));
    outbox.withdraw(1);
    expect(forwarder.report().waiting.scan).toBe(0);
    outbox.open(1, [[0, 1], [3, 3]]);
    const connection = await connect();
    await clock.advance(0);
    connection.answerAll();
    expect(connection.sequences).toContain(2);
    expect(forwarder.settlements().find(({ lane }) => lane === 'scan')?.ranges).toEqual([[0, 3]]);
    expect(forwarder.report().waiting.scan).toBe(0);
  });

  it('knows no outcome any more of what was in flight of a stream that is withdrawn', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder();
    const connection = await connect();
    outbox.add(scans('A'));
    await clock.advance(0);
    outbox.withdraw(1);
    expect(forwarder.report()).toMatchObject({ inFlight: 0, waiting: { scan: 0 } });
    expect(forwarder.settlements()).toEqual([]);
    connection.sent[0]?.answer(0x99);
    expect(outbox.quarantined).toEqual([]);
    outbox.open(1);
    await clock.advance(0);
    connection.answerAll();
    expect(forwarder.report()).toMatchObject({ settled: 1, waiting: { scan: 0 } });
  });

  it('takes evicted rows as done and not as delivered, whether read, in flight or neither', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder({ window: 2 });
    outbox.add(Array.from({ length: 300 }, (_, index) => meterOf(String(index))));
    const connection = await connect();
    await clock.advance(0);
    outbox.evict('meter', [[2, 10], [250, 300]]);
    expect(forwarder.report()).toMatchObject({ waiting: { meter: 240 }, inFlight: 2 });
    connection.answerAll();
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(0);
      connection.answerAll();
    }
    expect(forwarder.report()).toMatchObject({ settled: 240, waiting: { meter: 0 } });
    expect(forwarder.settlements().find(({ lane }) => lane === 'meter')?.ranges).toEqual([[0, 300]]);
  });

  it('never counts below nothing what waits, even where ranges name more than was there', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    outbox.add([...scans('A'), meterOf('1'), ...scans('B'), meterOf('2')]);
    const connection = await connect();
    await clock.advance(0);
    connection.answerAll();
    outbox.evict('meter', [[1, 100]]);
    outbox.evict('meter', [[1, 100]]);
    expect(forwarder.report().waiting).toEqual({ scan: 0, meter: 0 });
  });

  it('covers no row by the settled ranges that is not settled, nor any of the other lane that matters', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    outbox.add([...scans('A'), meterOf('1'), ...scans('B', 'C'), meterOf('2'), ...scans('D')]);
    const connection = await connect();
    await clock.advance(0);
    for (const sent of connection.open) if (sent.sequence !== 3 && sent.suffix.startsWith('scan')) sent.answer();
    expect(forwarder.settlements().map(({ ranges }) => ranges)).toEqual([[[0, 1]], [[0, 0]]]);
    connection.sent.find(({ sequence }) => sequence === 3)?.answer();
    expect(forwarder.settlements().map(({ ranges }) => ranges)).toEqual([[[0, 6]], [[0, 0]]]);
  });

  it('tells the highest sequence that may have been sent, and never a lower one than before', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ window: 2 });
    outbox.add(scans('A', 'B', 'C'));
    const sentUpto = (): number | undefined => forwarder.settlements().find(({ lane }) => lane === 'scan')?.sentUpto;
    expect(sentUpto()).toBe(0);
    await connect();
    await clock.advance(0);
    expect(sentUpto()).toBe(2);
    forwarder.detach();
    expect(sentUpto()).toBe(2);
    outbox.withdraw(1);
    outbox.open(1, [[0, 0], [3, 3]]);
    expect(sentUpto()).toBe(3);
  });
});

describe('rows whose time may still be corrected', () => {
  it('hold their lane back, with nothing that stands behind them, until the clock is set', async () => {
    const { outbox, connect, clock } = makeForwarder({ clockWaitMs: 120_000 });
    outbox.add([...scans('A', 'B'), meterOf('1')]);
    outbox.heldFrom = 2;
    const connection = await connect();
    await clock.advance(10_000);
    expect(connection.sequences).toEqual([1]);
    expect(outbox.pages.every(({ sealing }) => sealing === 'wait')).toBe(true);
    outbox.heldFrom = Number.POSITIVE_INFINITY;
    await clock.advance(1000);
    expect(connection.sequences).toEqual([1, 2, 3]);
  });

  it('are asked for once a second, and not in a tight loop', async () => {
    const { outbox, connect, clock } = makeForwarder();
    outbox.add(scans('A'));
    outbox.heldFrom = 1;
    await connect();
    outbox.pages.length = 0;
    await clock.advance(10_000);
    expect(outbox.pages.length).toBeGreaterThanOrEqual(9);
    expect(outbox.pages.length).toBeLessThanOrEqual(11);
  });

  it('go out as they are once a broker was connected for so long, reconnects included', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ clockWaitMs: 120_000 });
    outbox.add(scans('A'));
    outbox.heldFrom = 1;
    await clock.advance(600_000); // without a broker nothing is waited for
    await connect();
    await clock.advance(70_000);
    forwarder.detach();
    await clock.advance(600_000);
    const connection = await connect();
    await clock.advance(45_000);
    expect(connection.sequences).toEqual([]);
    await clock.advance(6000);
    expect(connection.sequences).toEqual([1]);
    expect(outbox.pages.at(-1)?.sealing).toBe('now');
  });
});
