import { describe, expect, it } from 'vitest';
import { Commands } from '../../src/delivery/commands.ts';
import type { PollNow, PollOutcome } from '../../src/core/poll-outcome.ts';
import { pollCommand } from '../../src/delivery/poll.ts';
import { Replay } from '../../src/delivery/replay.ts';
import { assertContract } from '../support/contract.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeOutbox } from '../support/fake-outbox.ts';
import { makeForwarder } from '../support/forwarder.ts';
import { meterOf, scanOf, SILENT } from '../support/open-outbox.ts';

const EXPIRES = '2026-11-23T09:00:00Z';

function makeCommands() {
  const clock = new FakeClock();
  const replies: { readonly name: string; readonly payload: Record<string, unknown> }[] = [];
  const ran: string[] = [];
  const commands = new Commands({
    clock,
    log: SILENT,
    table: { poll: (request, answer) => (ran.push(String(request['device'])), answer({ accepted: true, run: ran.length })) },
    reply: (name, payload) => replies.push({ name, payload: JSON.parse(payload) as Record<string, unknown> }),
  });
  const send = (content: unknown, name = 'poll', retained = false): void => commands.arrived(name, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)), retained);
  return { clock, replies, ran, send };
}

describe('a command', () => {
  it('is run and answered with its transaction', () => {
    const { send, replies, ran } = makeCommands();
    send({ transaction: 't1', expires: EXPIRES, device: 'generator' });
    expect(ran).toEqual(['generator']);
    expect(replies).toEqual([{ name: 'poll', payload: { transaction: 't1', accepted: true, run: 1 } }]);
  });

  it('is not run twice with one transaction, and answered as before', () => {
    const { send, replies, ran } = makeCommands();
    for (let count = 0; count < 3; count += 1) send({ transaction: 't1', expires: EXPIRES, device: 'generator' });
    expect(ran).toHaveLength(1);
    expect(replies.map(({ payload }) => payload['run'])).toEqual([1, 1, 1]);
  });

  it.each([
    ['expired', { transaction: 't', expires: '2026-11-23T08:15:00Z' }],
    ['expired', { transaction: 't', expires: '2026-11-23T09:15:00+01:00' }],
    ['malformed', { transaction: 't', expires: 'tomorrow' }],
    ['malformed', { transaction: 't', expires: 1_800_000_000 }],
    ['malformed', { transaction: 't' }],
  ])('is refused as %s: %j', (code, content) => {
    const { send, replies, ran } = makeCommands();
    send(content);
    expect(ran).toEqual([]);
    expect(replies).toMatchObject([{ payload: { transaction: 't', accepted: false, error: { code } } }]);
  });

  it('is refused while the clock is not synchronised, since nobody can tell whether it has expired', () => {
    const { clock, send, replies, ran } = makeCommands();
    clock.clockState = 'unsynced';
    send({ transaction: 't', expires: EXPIRES });
    expect(ran).toEqual([]);
    expect(replies).toMatchObject([{ payload: { error: { code: 'clock_unsynced' } } }]);
  });

  it('that the broker kept from before is not run', () => {
    const { send, replies, ran } = makeCommands();
    send({ transaction: 't', expires: EXPIRES }, 'poll', true);
    expect(ran).toEqual([]);
    expect(replies).toMatchObject([{ payload: { error: { code: 'retained' } } }]);
  });

  it.each(['reboot', 'toString', '__proto__', 'constructor'])('that does not exist is answered so: %s', (name) => {
    const { send, replies } = makeCommands();
    send({ transaction: 't', expires: EXPIRES }, name);
    expect(replies).toMatchObject([{ name, payload: { error: { code: 'unknown_command' } } }]);
    assertContract(`reply/${name}`, Buffer.from(JSON.stringify(replies[0]?.payload)));
  });

  it.each([
    ['no JSON', 'what'],
    ['no object', '[1]'],
    ['no transaction', { expires: EXPIRES }],
    ['a transaction that is no text', { transaction: 7, expires: EXPIRES }],
    ['an empty transaction', { transaction: '', expires: EXPIRES }],
    ['a transaction that is too long', { transaction: 'x'.repeat(129), expires: EXPIRES }],
    ['a payload that is too long', { transaction: 't', expires: EXPIRES, more: 'x'.repeat(20_000) }],
  ])('with %s is neither run nor answered', (_, content) => {
    const { send, replies, ran } = makeCommands();
    send(content);
    expect([ran, replies]).toEqual([[], []]);
  });

  it('is answered on no topic that its name could break', () => {
    const { send, replies } = makeCommands();
    for (const name of ['a/b', '#', '+', '', 'x'.repeat(65), 'a\u0000']) send({ transaction: 't', expires: EXPIRES }, name);
    expect(replies).toEqual([]);
  });

  it('is run again only after a thousand others', () => {
    const { send, ran } = makeCommands();
    for (let count = 0; count < 1001; count += 1) send({ transaction: `t${count}`, expires: EXPIRES });
    send({ transaction: 't1000', expires: EXPIRES });
    expect(ran).toHaveLength(1001);
    send({ transaction: 't0', expires: EXPIRES });
    expect(ran).toHaveLength(1002);
  });
});

async function delivered(count: number, drainPerSecond?: number) {
  const made = makeForwarder({ drainPerSecond });
  const connection = await made.connect();
  made.outbox.add(Array.from({ length: count }, (_, index) => (index % 2 === 0 ? scanOf(`A-${index}`) : meterOf(String(index)))));
  for (let round = 0; round < count / 40 + 2; round += 1) {
    await made.clock.advance(0);
    connection.answerAll();
  }
  const replay = new Replay({ outbox: made.outbox, log: SILENT, resends: made.forwarder.resends, tracks: () => made.forwarder.report().tracks });
  const replies: Record<string, unknown>[] = [];
  const ask = async (request: Record<string, unknown>): Promise<void> => {
    replay.command({ source: made.outbox.source, ...request }, (answer) => {
      replies.push(answer);
      assertContract('reply/replay', Buffer.from(JSON.stringify({ transaction: 't', ...answer })));
    });
    await made.clock.advance(0);
  };
  const before = connection.sent.length;
  return { ...made, connection, replies, ask, again: () => connection.sent.slice(before) };
}

describe('cmd/poll', () => {
  /** Commands whose polls end as they are told. */
  function polls() {
    const replies: Record<string, unknown>[] = [];
    const asked: unknown[] = [];
    const ends: ((outcome: PollOutcome) => void)[] = [];
    const poll: PollNow = (device, meter) => {
      asked.push([device, meter]);
      return device === 'nobody' ? { kind: 'refused', code: 'unknown_device', message: 'there is no such device' } : new Promise((resolve) => void ends.push(resolve));
    };
    const reply = (_: string, payload: string): void => {
      assertContract('reply/poll', Buffer.from(payload));
      replies.push(JSON.parse(payload) as Record<string, unknown>);
    };
    const commands = new Commands({ clock: new FakeClock(), log: SILENT, table: { poll: pollCommand(poll) }, reply });
    const send = (content: object, transaction = 't1', expires = EXPIRES): void => commands.arrived('poll', Buffer.from(JSON.stringify({ transaction, expires, ...content })), false);
    const end = async (outcome: PollOutcome): Promise<void> => {
      ends.shift()?.(outcome);
      await Promise.resolve();
    };
    return { send, end, replies, asked };
  }

  it('is answered when the device will be asked, and when it was; its transaction runs once', async () => {
    const { send, end, replies, asked } = polls();
    send({ device: 'generator', meter: 'engine-hours' });
    send({ device: 'generator' }, 't2');
    expect(asked).toEqual([['generator', 'engine-hours'], ['generator', undefined]]);
    expect(replies).toEqual([{ transaction: 't1', accepted: true, done: false }, { transaction: 't2', accepted: true, done: false }]);
    await end({ kind: 'read', values: 1 });
    await end({ kind: 'refused', code: 'no_answer', message: 'no answer in 1 s' });
    send({ device: 'generator', meter: 'engine-hours' });
    expect(replies.slice(2)).toEqual([
      { transaction: 't1', accepted: true, done: true, count: 1 },
      { transaction: 't2', accepted: false, error: { code: 'no_answer', message: 'no answer in 1 s' } },
      { transaction: 't1', accepted: true, done: true, count: 1 },
    ]);
    expect(asked).toHaveLength(2);
  });

  it('is refused at once for a device that there is not, after its expiry, and when it is not whole', () => {
    const { send, replies, asked } = polls();
    send({ device: 'nobody' });
    send({ device: 'generator' }, 't2', '2026-11-23T08:15:00Z');
    for (const [index, content] of [{}, { device: 7 }, { device: null }, { device: ['generator'] }, { device: 'generator', meter: 7 }, { device: 'generator', meter: null }].entries()) send(content, `m${index}`);
    expect(replies.map(({ error }) => (error as { code: string }).code)).toEqual(['unknown_device', 'expired', ...Array.from({ length: 6 }, () => 'malformed')]);
    expect(asked).toEqual([['nobody', undefined]]);
  });
});

describe('cmd/replay', () => {
  it('sends a range again with the same bytes, and tells when it begins and when it is over', async () => {
    const { ask, again, connection, replies, clock, forwarder } = await delivered(500);
    await ask({ from: 101, to: 400 });
    expect(replies).toEqual([{ accepted: true, done: false, kept: [1, 500] }]);
    for (let round = 0; round < 10; round += 1) {
      await clock.advance(0);
      connection.answerAll();
    }
    expect(again().map(({ sequence }) => sequence)).toEqual(Array.from({ length: 300 }, (_, index) => 101 + index));
    const first = new Map(connection.sent.slice(0, 500).map(({ sequence, message }) => [sequence, message]));
    expect(again().every(({ sequence, message }) => first.get(sequence)?.payload === message.payload && first.get(sequence)?.topic === message.topic)).toBe(true);
    expect(replies.at(-1)).toEqual({ accepted: true, done: true, count: 300, refused: 0, kept: [1, 500] });
    expect(forwarder.report()).toMatchObject({ settled: 500, waiting: { scan: 0, meter: 0 } });
  });

  it('lets everything else go first', async () => {
    const { ask, again, connection, outbox, clock } = await delivered(100);
    await ask({ from: 1, to: 100 });
    outbox.add([scanOf('new'), meterOf('9')]);
    await clock.advance(0);
    for (const sent of connection.open.slice(0, 2)) sent.answer();
    expect(again().slice(50, 52).map(({ sequence }) => sequence)).toEqual([101, 102]);
  });

  it('goes on where it was when the connection breaks', async () => {
    const { ask, forwarder, connect, replies } = await delivered(20);
    await ask({ from: 1, to: 20 });
    forwarder.detach();
    const connection = await connect();
    connection.answerAll();
    expect(connection.sequences).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(replies.at(-1)).toMatchObject({ done: true, count: 20 });
  });

  it('gives up a reading at which the connection breaks each time, and goes on behind it', async () => {
    const { ask, forwarder, connect, replies, clock } = await delivered(5);
    await ask({ from: 1, to: 5 });
    for (let losses = 0; losses < 12 && replies.at(-1)?.['done'] !== true; losses += 1) {
      forwarder.detach();
      const connection = await connect();
      for (let [next] = connection.open; next !== undefined && next.sequence !== 3; [next] = connection.open) next.answer();
      await clock.advance(0);
    }
    expect(replies.at(-1)).toMatchObject({ done: true, count: 4, refused: 1 });
  });

  it('is one at a time', async () => {
    const { ask, replies, connection, clock } = await delivered(20);
    await ask({ from: 1, to: 10 });
    await ask({ from: 11, to: 20 });
    expect(replies.at(-1)).toMatchObject({ accepted: false, error: { code: 'busy' } });
    connection.answerAll();
    await clock.advance(0);
    await ask({ from: 11, to: 20 });
    expect(replies.at(-1)).toMatchObject({ accepted: true });
  });

  it.each([
    ['malformed', { from: 5, to: 4 }],
    ['malformed', { from: 0, to: 4 }],
    ['malformed', { from: '1', to: 4 }],
    ['malformed', { from: 1, to: 4, source: 7 }],
    ['unknown_source', { from: 1, to: 4, source: 'urn:tailgate:bedford:truck-17:00000009' }],
    ['range_too_large', { from: 1, to: 10_001 }],
    ['not_kept', { from: 101, to: 200 }],
  ])('is refused as %s: %j', async (code, request) => {
    const { ask, again, replies } = await delivered(20);
    await ask(request);
    expect(replies).toMatchObject([{ accepted: false, error: { code } }]);
    expect(again()).toEqual([]);
  });

  it('answers with the range that is still kept', async () => {
    const { ask, outbox, replies, connection, again, clock } = await delivered(20);
    outbox.keptFrom = 11;
    await ask({ from: 1, to: 10 });
    expect(replies).toMatchObject([{ accepted: false, error: { code: 'not_kept' }, kept: [11, 20] }]);
    await ask({ from: 1, to: 12 });
    connection.answerAll();
    await clock.advance(0);
    expect(again().map(({ sequence }) => sequence)).toEqual([11, 12]);
  });

  it('sends nothing that was not sent before, whose time may still change', async () => {
    const { ask, outbox, again, clock, replies, connection } = await delivered(4);
    outbox.heldFrom = 5;
    outbox.add([scanOf('held'), scanOf('held too')]);
    await clock.advance(0);
    await ask({ from: 1, to: 6 });
    connection.answerAll();
    await clock.advance(0);
    expect(again().map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    expect(replies.at(-1)).toMatchObject({ done: true, count: 4, kept: [1, 4] });
  });

  it('gives up a row that the broker refuses, and says how many', async () => {
    const { ask, connection, replies } = await delivered(4);
    await ask({ from: 1, to: 4 });
    connection.answerAll(({ sequence }) => (sequence === 2 ? 0x99 : 0));
    expect(replies.at(-1)).toMatchObject({ done: true, count: 3, refused: 1 });
  });

  it('keeps to the drain rate', async () => {
    const { ask, again, connection, clock } = await delivered(100, 10);
    await clock.advance(60_000);
    const before = connection.sent.length;
    await ask({ from: 1, to: 100 });
    for (let round = 0; round < 30; round += 1) {
      await clock.advance(100);
      connection.answerAll();
    }
    expect(again().length).toBeGreaterThan(0);
    expect(connection.sent.length - before).toBeLessThanOrEqual(41);
    expect(connection.sent.length - before).toBeGreaterThanOrEqual(30);
  });

  it('of an outbox that keeps nothing is refused', async () => {
    const { ask, outbox, replies } = await delivered(4);
    outbox.keptFrom = 100;
    await ask({ from: 1, to: 4 });
    expect(replies[0]).toMatchObject({ accepted: false, error: { code: 'not_kept' } });
    expect(replies[0]).not.toHaveProperty('kept');
    expect(outbox).toBeInstanceOf(FakeOutbox);
  });
});
