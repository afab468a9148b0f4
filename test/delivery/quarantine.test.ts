import { describe, expect, it } from 'vitest';
import { assertContract } from '../support/contract.ts';
import { FakeConnection } from '../support/fake-connection.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';

const ack = (source: string, upto: number, rejected: readonly number[] = [], missing: readonly (readonly [number, number])[] = []) => ({
  source,
  upto,
  missing,
  rejected: rejected.map((sequence) => ({ sequence, code: 'unknown_asset', message: 'no asset A' })),
});

async function poisoned(acknowledgedBy: 'broker' | 'receiver' = 'broker') {
  const made = makeForwarder({ acknowledgedBy });
  const connection = await made.connect();
  made.outbox.add([scanOf('A'), scanOf('B')]);
  await made.clock.advance(0);
  connection.answerAll(({ sequence }) => (sequence === 1 ? 0x99 : 0));
  await made.clock.advance(0);
  connection.answerAll();
  return { ...made, connection };
}

describe('a row that is put into quarantine', () => {
  it('is told to the receiver as an event that keeps the contract', async () => {
    const { connection, outbox } = await poisoned();
    const events = connection.sent.filter(({ suffix }) => suffix === 'event/quarantine');
    expect(events).toHaveLength(1);
    assertContract('event/quarantine', Buffer.from(events[0]?.message.payload ?? ''));
    expect(JSON.parse(events[0]?.message.payload ?? '')).toMatchObject({ subject: 'gateway', data: { source: outbox.source, id: '1', code: 'broker_refused', subject: 'cab-scanner', kind: 'scan' } });
  });

  it('is not told when it is such an event itself, or there would be no end', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    const connection = await connect();
    outbox.add([scanOf('A')]);
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(0);
      connection.answerAll(() => 0x99);
    }
    expect(connection.sent).toHaveLength(2);
    expect(forwarder.report()).toMatchObject({ quarantined: 2, settled: 0, waiting: { scan: 0 } });
  });

  it('leaves it once it was sent again and taken, and not before', async () => {
    const { connection, outbox, forwarder, clock } = await poisoned();
    expect(await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }])).toEqual([{ stream: 1, sequence: 1, taken: true, why: undefined }]);
    await clock.advance(0);
    expect(connection.sequences.at(-1)).toBe(1);
    expect(outbox.released).toEqual([]);
    connection.answerAll();
    expect(outbox.released).toEqual([{ stream: 1, sequence: 1 }]);
    expect(connection.sent.at(-1)?.message.payload).toBe(connection.sent[0]?.message.payload);
  });

  it('stays with the new reason when it is refused again', async () => {
    const { connection, outbox, forwarder, clock } = await poisoned();
    await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }]);
    await clock.advance(0);
    connection.answerAll(() => 0x90);
    expect(outbox.released).toEqual([]);
    expect(outbox.quarantined.at(-1)).toMatchObject({ sequence: 1, message: expect.stringContaining('topic name invalid') as string });
  });

  it('goes again when the connection breaks meanwhile', async () => {
    const { outbox, forwarder, clock, connect } = await poisoned();
    await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }]);
    await clock.advance(0);
    forwarder.detach();
    const connection = await connect();
    connection.answerAll();
    expect(outbox.released).toEqual([{ stream: 1, sequence: 1 }]);
  });

  it('goes out of its meter\'s order only with force', async () => {
    const { connection, outbox, forwarder, clock } = await poisoned();
    outbox.overtaken.add(1);
    const [answer] = await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }]);
    expect(answer).toMatchObject({ taken: false, why: expect.stringContaining('force') as string });
    const before = connection.sent.length;
    await clock.advance(60_000);
    expect(connection.sent.length).toBe(before);
    await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }], { force: true });
    await clock.advance(0);
    expect(connection.sent.length).toBe(before + 1);
  });

  it('can be given up by a person; what is not there cannot', async () => {
    const { outbox, forwarder } = await poisoned();
    const answers = await forwarder.quarantine.drop([{ stream: 1, sequence: 1 }, { stream: 1, sequence: 2 }]);
    expect(answers.map(({ taken }) => taken)).toEqual([true, false]);
    expect(outbox.released).toEqual([{ stream: 1, sequence: 1 }]);
    expect((await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }]))[0]?.taken).toBe(false);
  });

  it('leaves it, with `receiver`, when the receiver has counted it, and stays when it refuses it once more', async () => {
    const { connection, outbox, forwarder, clock } = await poisoned('receiver');
    await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }]);
    await clock.advance(0);
    connection.answerAll();
    expect(outbox.released).toEqual([]);
    forwarder.acknowledge(ack(outbox.source, 3, [1]));
    expect(outbox.quarantined.at(-1)).toMatchObject({ sequence: 1, code: 'unknown_asset' });
    expect(outbox.released).toEqual([]);
    await forwarder.quarantine.retry([{ stream: 1, sequence: 1 }]);
    await clock.advance(0);
    connection.answerAll();
    forwarder.acknowledge(ack(outbox.source, 3, [], [[1, 1]]));
    expect(outbox.released).toEqual([]);
    forwarder.acknowledge(ack(outbox.source, 3));
    expect(outbox.released).toEqual([{ stream: 1, sequence: 1 }]);
  });

  it('too large for the broker is never sent', async () => {
    const { outbox, connect, clock } = makeForwarder();
    outbox.add([scanOf('A')]);
    const connection = await connect(new FakeConnection({ packetBytesMax: 256 }));
    await clock.advance(0);
    expect(connection.sent).toEqual([]);
    expect(outbox.quarantined.map(({ code }) => code)).toEqual(['unsendable', 'unsendable']); // the scan, and the event that tells it
  });
});

describe('a row that the receiver rejects', () => {
  it.each(['broker', 'receiver'] as const)('goes into quarantine with its reason, with `%s`, and once however often it is named', async (acknowledgedBy) => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ acknowledgedBy });
    const connection = await connect();
    outbox.add([scanOf('A'), meterOf('1')]);
    await clock.advance(0);
    connection.answerAll();
    for (let count = 0; count < 3; count += 1) {
      forwarder.acknowledge(ack(outbox.source, 2, [2]));
      await clock.advance(0);
      connection.answerAll();
    }
    expect(outbox.quarantined).toEqual([{ stream: 1, lane: 'meter', sequence: 2, code: 'unknown_asset', message: 'no asset A' }]);
    expect(connection.sent.filter(({ suffix }) => suffix === 'event/quarantine')).toHaveLength(1);
  });

  it('does so after a restart too, unless it is there already', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder();
    outbox.add([scanOf('A'), scanOf('B'), scanOf('C')]);
    outbox.open(1, [[0, 3]]);
    outbox.quarantine({ stream: 1, lane: 'scan', sequence: 1, code: 'unknown_asset', message: 'from before' });
    await connect();
    forwarder.acknowledge(ack(outbox.source, 3, [1, 2]));
    await clock.advance(0);
    expect(outbox.quarantined.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('is not touched when it was never sent', async () => {
    const { outbox, forwarder, connect, clock } = makeForwarder({ window: 1 });
    await connect();
    outbox.add([scanOf('A'), scanOf('B')]);
    await clock.advance(0);
    forwarder.acknowledge(ack(outbox.source, 2, [2]));
    await clock.advance(0);
    expect(outbox.quarantined).toEqual([]);
  });
});
