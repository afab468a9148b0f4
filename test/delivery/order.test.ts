import { describe, expect, it } from 'vitest';
import { FakeConnection, type Sent } from '../support/fake-connection.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';

const SEQUENCES = Number(process.env['TAILGATE_ORDER_RUNS'] ?? 400);

/** A generator that gives the same numbers for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe('the order of one meter', () => {
  it('sends again what the broker had taken behind a refused row, and settles none of it before', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder();
    const connection = await connect();
    outbox.add(['1', '2', '3'].map((value) => meterOf(value)));
    await clock.advance(0);
    const [first, second, third] = connection.sent as [Sent, Sent, Sent];
    second.answer();
    first.answer(0x80);
    third.answer();
    expect(forwarder.report()).toMatchObject({ settled: 0, waiting: { meter: 3 } });
    await clock.advance(2000);
    expect(connection.sequences).toEqual([1, 2, 3, 1]);
    connection.answerAll();
    expect(connection.sequences).toEqual([1, 2, 3, 1, 2, 3]);
    expect(forwarder.report()).toMatchObject({ settled: 3, waiting: { meter: 0 } });
  });

  it('waits for what flies before it begins again, so that nothing overtakes it', async () => {
    const { clock, outbox, connect } = makeForwarder();
    const connection = await connect();
    outbox.add(['1', '2', '3'].map((value) => meterOf(value)));
    await clock.advance(0);
    connection.sent[0]?.answer(0x80);
    await clock.advance(5000);
    outbox.add([meterOf('4')]);
    await clock.advance(0);
    expect(connection.sequences).toEqual([1, 2, 3]);
    connection.sent[1]?.answer();
    connection.sent[2]?.answer(0x80);
    await clock.advance(5000);
    connection.answerAll();
    expect(connection.sequences).toEqual([1, 2, 3, 1, 2, 3, 4]);
  });

  it('lets the other meters of the device go on', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder();
    const connection = await connect();
    outbox.add([meterOf('1', 'hours'), meterOf('1', 'fuel'), meterOf('2', 'hours'), meterOf('2', 'fuel')]);
    await clock.advance(0);
    connection.answerAll(({ sequence }) => (sequence === 1 ? 0x80 : 0));
    expect(forwarder.report().settled).toBe(2);
  });

  it('sends again, with `receiver`, what the broker had taken before the connection broke', async () => {
    const { clock, outbox, forwarder, connect } = makeForwarder({ acknowledgedBy: 'receiver' });
    const connection = await connect();
    outbox.add([...['1', '2', '3'].map((value) => meterOf(value)), meterOf('9', 'fuel')]);
    await clock.advance(0);
    for (const sent of connection.sent) if (sent.sequence !== 1) sent.answer();
    forwarder.detach();
    const again = await connect();
    expect(again.sequences).toEqual([1, 2, 3]);
  });

  it(`ends in order for each subject, after ${SEQUENCES} random runs of refusals, lost answers and reconnects`, async () => {
    let repeated = 0;
    for (let seed = 1; seed <= SEQUENCES; seed += 1) {
      const { deliveries, settled, rows } = await randomRun(seed);
      repeated += deliveries.length - rows.size;
      expect(settled, `seed ${seed}`).toBe(rows.size);
      expectOrder(deliveries, rows, seed);
    }
    expect(repeated).toBeGreaterThan(SEQUENCES); // or the runs had no power
  }, 120_000);
});

/** Every row's subject. */
type Rows = ReadonlyMap<number, string>;

/** One random run; `deliveries` are the ids that the broker took, in the order in which they were sent. */
async function randomRun(seed: number): Promise<{ deliveries: readonly number[]; settled: number; rows: Rows }> {
  const random = randomOf(seed);
  const { clock, outbox, forwarder, connect } = makeForwarder({ random, window: 1 + Math.floor(random() * 12), acknowledgedBy: seed % 3 === 0 ? 'receiver' : 'broker' });
  const rows = new Map<number, string>();
  const connections = [await connect()];
  const taken = new Set<Sent>();
  const calm = 60 + Math.floor(random() * 60);
  for (let step = 0; step < calm; step += 1) {
    const connection = connections.at(-1) as FakeConnection;
    if (random() < 0.4) {
      const meter = ['hours', 'fuel', 'starts'][Math.floor(random() * 3)] ?? '';
      const scan = random() < 0.3;
      for (const id of outbox.add([scan ? scanOf('A') : meterOf('1', meter)])) rows.set(id, scan ? 'scan' : meter);
    }
    if (random() < 0.04) {
      for (const sent of connection.open) if (random() < 0.5) taken.add(sent); // its PUBACK is lost
      forwarder.detach();
      connections.push(await connect(new FakeConnection({ receiveMaximum: 1 + Math.floor(random() * 20) })));
    }
    const sent = connection.open[Math.floor(random() ** 2 * connection.open.length)];
    const code = random() < 0.75 ? 0 : ([0x80, 0x91, 0x97, 0x87, 0x10][Math.floor(random() * 5)] ?? 0);
    if (sent !== undefined) {
      if (code === 0) taken.add(sent);
      sent.answer(code);
    }
    await clock.advance(random() < 0.2 ? random() * 40_000 : 0);
  }
  for (let round = 0; round < 100; round += 1) {
    for (const connection of connections.slice(-1)) {
      connection.answerAll((sent) => {
        taken.add(sent);
        return 0;
      });
    }
    await clock.advance(10_000);
  }
  if (seed % 3 === 0) forwarder.acknowledge({ source: outbox.source, upto: rows.size, missing: [], rejected: [] });
  const deliveries = connections.flatMap(({ sent }) => sent.filter((one) => taken.has(one)).map(({ sequence }) => sequence));
  return { deliveries, settled: forwarder.report().settled, rows };
}

/** The last time that rows of one subject were taken, they were taken in order; so each follows those before it. */
function expectOrder(deliveries: readonly number[], rows: Rows, seed: number): void {
  const last = new Map(deliveries.map((sequence, at) => [sequence, at]));
  for (const subject of new Set(rows.values())) {
    const places = [...rows].filter(([, of]) => of === subject).map(([sequence]) => last.get(sequence) ?? -1);
    expect(places, `seed ${seed}, ${subject}`).toEqual(places.toSorted((a, b) => a - b));
    expect(places.every((place) => place >= 0), `seed ${seed}, ${subject} is whole`).toBe(true);
  }
}
