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

  it('sends rows that are handed over without reading them, each once and in the order of its lane', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder({ window: 3 });
    const connection = await connect();
    outbox.add(scans('A'));
    await clock.advance(0);
    outbox.pages.length = 0;
    outbox.add(scans('B', 'C', 'D', 'E'));
    outbox.add([meterOf('1')]);
    outbox.add(scans('F'));
    for (let round = 0; round < 9; round += 1) {
      connection.answerAll();
      await clock.advance(0);
    }
    expect(connection.sequences).toEqual([1, 2, 3, 4, 5, 7, 6]); // scans overtake meter readings
    expect(outbox.pages.filter(({ lane }) => lane === 'scan')).toEqual([]);
    expect(forwarder.settlements().map(({ ranges }) => ranges)).toEqual([[[0, 7]], [[0, 6]]]);
    expect(forwarder.report().waiting).toEqual({ scan: 0, meter: 0 });
  });

  it.each([
    ['while a page is being read', 0],
    ['while older ones wait to be read', 500],
  ])('takes none that are handed over %s, and sends each once', async (_, waiting) => {
    const { clock, outbox, connect } = makeForwarder({ window: 10 });
    outbox.add(scans(...Array.from({ length: waiting }, (_row, index) => `W${index}`)));
    const connection = await connect();
    outbox.handsOver = false;
    outbox.add(scans('A')); // has it read
    outbox.handsOver = true;
    outbox.add(scans('B', 'C'));
    for (let round = 0; round < 100; round += 1) {
      connection.answerAll();
      await clock.advance(0);
      if (round === 20) outbox.add(scans('D'));
    }
    expect(connection.sequences).toEqual(Array.from({ length: waiting + 4 }, (_row, index) => index + 1));
  });

  it('keeps few rows in memory where sending does not keep up, and none while no broker is connected', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder({ window: 1 });
    for (let count = 0; count < 300; count += 1) outbox.add(scans('A'));
    const queued = (): number => Math.max(...forwarder.report().tracks.map((track) => track.queued));
    expect(queued()).toBe(0);
    const connection = await connect();
    for (let count = 0; count < 2000; count += 1) outbox.add(scans('B'));
    await clock.advance(0);
    expect(queued()).toBeLessThan(500);
    while (connection.sequences.length < 2300) {
      connection.answerAll();
      await clock.advance(0);
    }
    expect(connection.sequences).toEqual(Array.from({ length: 2300 }, (_row, index) => index + 1));
  });

  it('sends what stands in an older stream before what is handed over of a newer one', async () => {
    const { clock, outbox, connect } = makeForwarder();
    const connection = await connect();
    outbox.handsOver = false;
    outbox.add(scans('A', 'B'));
    outbox.own = 2;
    outbox.handsOver = true;
    outbox.add(scans('C'));
    await clock.advance(0);
    expect(connection.sent.map(({ message }) => (JSON.parse(message.payload) as { source: string }).source)).toEqual([sourceOf(1), sourceOf(1), sourceOf(2)]);
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

  it('counts by the rows that it has read, where ranges cover numbers of the other lane', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ window: 1 });
    outbox.add(Array.from({ length: 500 }, (_, index) => (index % 2 === 0 ? meterOf(String(index)) : scanOf('A'))));
    await connect();
    await clock.advance(0);
    outbox.evict('meter', [[1, 40]]);
    expect(forwarder.report().waiting).toEqual({ scan: 250, meter: 230 });
  });

  it('fills the place of an evicted row that was in flight', async () => {
    const { outbox, connect, clock } = makeForwarder({ window: 2 });
    outbox.add(scans('A', 'B', 'C', 'D'));
    const connection = await connect();
    await clock.advance(0);
    outbox.evict('scan', [[1, 2]]);
    expect(connection.sequences).toEqual([1, 2, 3, 4]);
  });

  it('covers no row by the settled ranges that is not settled, nor any of the other lane that matters', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const other = { ...scanOf('B'), device: 'other' };
    outbox.add([...scans('A'), meterOf('1'), other, ...scans('C'), meterOf('2'), ...scans('D')]);
    const connection = await connect();
    await clock.advance(0);
    for (const sent of connection.open) if (sent.sequence !== 3 && sent.suffix.startsWith('scan')) sent.answer();
    expect(forwarder.settlements().map(({ ranges }) => ranges)).toEqual([[[0, 1], [4, 6]], [[0, 0]]]);
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
