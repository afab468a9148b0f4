import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, boolean, constant, constantFrom, integer, nat, oneof, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/core/errors.ts';
import type { Reading } from '../../src/core/reading.ts';
import { Forwarder } from '../../src/delivery/forwarder.ts';
import { Outlet } from '../../src/delivery/outlet.ts';
import { Store } from '../../src/outbox/file/store.ts';
import { Outbox } from '../../src/outbox/outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeConnection, type Sent } from '../support/fake-connection.ts';
import { InlineWorker } from '../support/inline-worker.ts';
import { LIMITS, meterOf, scanOf, SILENT } from '../support/open-outbox.ts';

const SEQUENCES = process.env['TAILGATE_LONG'] === '1' ? 10_000 : 600;

/** One thing that happens. */
type Step =
  | { readonly does: 'record'; readonly scans: boolean; readonly subject: number; readonly count: number }
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'connect' | 'disconnect' | 'crash' | 'restart' | 'repeat' | 'late' | 'full' | 'roomy' | 'setClock' }
  | { readonly does: 'answer'; readonly count: number; readonly at: number; readonly code: number }
  | { readonly does: 'acknowledge'; readonly back: number; readonly ahead: number; readonly foreign: boolean }
  | { readonly does: 'fault'; readonly times: number }
  | { readonly does: 'step'; readonly ms: number };

const steps = array(
  oneof(
    { weight: 6, arbitrary: record({ does: constant('record' as const), scans: boolean(), subject: nat(2), count: integer({ min: 1, max: 6 }) }) },
    { weight: 4, arbitrary: record({ does: constant('wait' as const), ms: constantFrom(10, 300, 2000, 31_000) }) },
    { weight: 3, arbitrary: record({ does: constantFrom('connect' as const, 'connect' as const, 'disconnect' as const) }) },
    { weight: 6, arbitrary: record({ does: constant('answer' as const), count: integer({ min: 1, max: 20 }), at: nat(5), code: constantFrom(0, 0, 0, 0, 0x10, 0x80, 0x83, 0x87, 0x97) }) },
    { weight: 3, arbitrary: record({ does: constant('acknowledge' as const), back: nat(5), ahead: constantFrom(0, 0, 0, 3), foreign: boolean() }) },
    { weight: 3, arbitrary: record({ does: constantFrom('repeat' as const, 'late' as const) }) },
    { weight: 2, arbitrary: record({ does: constantFrom('crash' as const, 'crash' as const, 'restart' as const) }) },
    { weight: 1, arbitrary: record({ does: constantFrom('full' as const, 'roomy' as const, 'setClock' as const) }) },
    { weight: 2, arbitrary: record({ does: constant('fault' as const), times: integer({ min: 1, max: 6 }) }) },
    { weight: 1, arbitrary: record({ does: constant('step' as const), ms: constantFrom(-315_360_000_000, -3000, 60_000, 315_360_000_000) }) },
  ),
  { minLength: 10, maxLength: 60 },
);

const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
let folders = 0;

/** A disk of which so many of the next transactions fail without effect: the first has the file written once more, the second has it opened anew. */
const disk = { faults: 0 };
const transact = Reflect.get(Store.prototype, 'transact');
Store.prototype.transact = function (run): void {
  if (disk.faults <= 0) return transact.call(this, run);
  disk.faults -= 1;
  throw new StorageError({ where: this.file, what: 'the disk does not sync', cause: Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' }) });
};

/** What the other side has: each identity with the bytes it first came with. */
class ModelReceiver {
  readonly counted = new Map<string, string>();
  /** Texts in the order in which they were first counted. */
  readonly order: string[] = [];
  readonly gaps: { readonly source: string; readonly ranges: readonly [number, number][] }[] = [];
  readonly #aside = new Set<string>();
  duplicates = 0;
  contradictions = 0;

  take({ message }: Sent): void {
    const event = JSON.parse(message.payload) as { source: string; id: string; type: string; data: { text?: string; raw?: string; source?: string; id?: string; ranges?: [number, number][] } };
    const identity = `${event.source} ${event.id}`;
    const known = this.counted.get(identity);
    if (known === undefined) {
      this.counted.set(identity, message.payload);
      if (event.type === 'tailgate.gap.v1') this.gaps.push({ source: event.data.source ?? '', ranges: event.data.ranges ?? [] });
      else if (event.type === 'tailgate.quarantine.v1') this.#aside.add(`${event.data.source ?? ''} ${event.data.id ?? ''}`);
      else this.order.push(event.data.text ?? event.data.raw ?? '');
      return;
    }
    this.duplicates += 1;
    if (known !== message.payload) this.contradictions += 1;
  }

  /** Whether it was told that a number will not come. */
  wasGivenUp({ source, sequence }: { readonly source: string; readonly sequence: number }): boolean {
    return this.gaps.some((gap) => gap.source === source && gap.ranges.some(([first, last]) => first <= sequence && sequence <= last));
  }

  /** The highest sequence of a source up to which everything was counted, or was told as not to come. */
  upto(source: string): number {
    const isHere = (sequence: number): boolean => this.counted.has(`${source} ${sequence}`) || this.#aside.has(`${source} ${sequence}`) || this.wasGivenUp({ source, sequence });
    for (let sequence = 1; ; sequence += 1) if (!isHere(sequence)) return sequence - 1;
  }
}

/** A gateway's outbox and forwarder with the real store on a real file, between a clock and a broker that the steps drive. */
class Model {
  readonly receiver = new ModelReceiver();
  /** By the text that was recorded: the identity that it was given. */
  readonly accepted = new Map<string, { readonly source: string; readonly sequence: number }>();
  readonly refused = new Set<string>();
  readonly #acknowledgedBy: 'broker' | 'receiver';
  readonly #root: string;
  readonly #clock = new FakeClock();
  readonly #limits = { ...LIMITS };
  #directory: string;
  #worker = new InlineWorker();
  #outbox: Outbox | undefined;
  #forwarder: Forwarder | undefined;
  #connection: FakeConnection | undefined;
  #past: Sent[] = [];
  #next = 0;
  #lives = 0;

  constructor(acknowledgedBy: 'broker' | 'receiver') {
    this.#acknowledgedBy = acknowledgedBy;
    this.#root = mkdtempSync(join(FOLDER, 'tailgate-model-'));
    this.#directory = join(this.#root, 'life-0');
    this.#clock.clockState = folders % 3 === 0 ? 'unsynced' : 'synced';
    folders += 1;
  }

  async start(): Promise<void> {
    this.#worker = new InlineWorker();
    const outbox = await Outbox.open({
      worker: this.#worker,
      directory: this.#directory,
      site: 'bedford',
      gateway: 'truck-17',
      fingerprint: '',
      newStreamId: String(this.#lives).padStart(8, '0'),
      commitsPerSecond: 50,
      limits: this.#limits,
      clock: this.#clock,
      log: SILENT,
    });
    this.#outbox = outbox;
    this.#forwarder = new Forwarder({
      outbox,
      clock: this.#clock,
      random: () => 0.5,
      log: SILENT,
      root: 'tailgate/v1/bedford/truck-17',
      window: 10,
      publishDeadlineMs: 30_000,
      acknowledgedBy: this.#acknowledgedBy,
      noSubscribers: 'keep',
      overdueMs: 60_000,
      clockWaitMs: 5000,
      spreadMs: 0,
      copied: () => undefined,
    });
  }

  async do(step: Step): Promise<void> {
    switch (step.does) {
      case 'record':
        return this.#record(step);
      case 'wait':
        return this.#clock.advance(step.ms);
      case 'connect':
        return this.#connect();
      case 'disconnect':
        return this.#disconnect();
      case 'answer':
        return this.#answer(step);
      case 'repeat':
        this.#connection?.sent.find(({ answered }) => answered)?.answer(0);
        return undefined;
      case 'late':
        this.#past.at(-1)?.answer(0);
        return undefined;
      case 'acknowledge':
        return this.#acknowledge(step);
      case 'crash':
      case 'restart':
        return this.#restart(step.does);
      case 'full':
        this.#limits.bytesMax = 0;
        return undefined;
      case 'roomy':
        this.#limits.bytesMax = LIMITS.bytesMax;
        return undefined;
      case 'setClock':
        return this.#setClock();
      case 'fault':
        disk.faults = step.times;
        return undefined;
      case 'step':
        this.#clock.wallMs += step.ms;
        return undefined;
    }
  }

  /** Everything works again; resolves when nothing waits any more. */
  async recover(): Promise<void> {
    this.#limits.bytesMax = LIMITS.bytesMax;
    disk.faults = 0;
    for (let round = 0; round < 60; round += 1) {
      await this.#outbox?.quarantinedRows(); // opens a file that could not be opened before
      this.#connect();
      await this.#clock.advance(round < 3 ? 100 : 61_000);
      for (let more = 0; more < 40 && (this.#connection?.open.length ?? 0) > 0; more += 1) {
        this.#answer({ count: 50, at: 0, code: 0 });
        await this.#clock.advance(10);
      }
      this.#acknowledge({ back: 0, ahead: 0, foreign: false });
      await this.#clock.advance(10);
      const { scan, meter } = this.#report.waiting;
      if (scan + meter === 0) return;
    }
  }

  get waiting(): number {
    const { scan, meter } = this.#report.waiting;
    return scan + meter;
  }

  /** Identities that a broker refused five times over (0x83), which wait for a person. */
  async putAside(): Promise<ReadonlySet<string>> {
    const rows = (await this.#outbox?.quarantinedRows()) ?? [];
    return new Set(rows.map(({ source, sequence }) => `${source} ${sequence}`));
  }

  async end(): Promise<void> {
    this.#forwarder?.detach();
    await this.#clock.advance(100);
    this.#worker.crash(this.#directory, join(this.#root, 'end'));
    rmSync(this.#root, { recursive: true, force: true });
  }

  get #report() {
    if (this.#forwarder === undefined) throw new Error('not started');
    return this.#forwarder.report();
  }

  #record({ scans, subject, count }: { readonly scans: boolean; readonly subject: number; readonly count: number }): Promise<void> {
    const texts = Array.from({ length: count }, () => String((this.#next += 1)));
    const readings = texts.map((text): Reading => {
      if (!scans) return meterOf(text, `meter-${subject}`, this.#clock.stamp());
      const scan = scanOf(text, this.#clock.stamp());
      return { ...scan, device: `scanner-${subject}`, content: { ...scan.content, device: `scanner-${subject}` } };
    });
    const life = this.#lives;
    this.#outbox?.record(readings).then(
      ({ source, sequences }) => texts.forEach((text, index) => this.accepted.set(text, { source, sequence: sequences[index] ?? 0 })),
      () => {
        if (life === this.#lives) texts.forEach((text) => this.refused.add(text));
      },
    );
    return this.#clock.advance(0);
  }

  #connect(): void {
    if (this.#connection !== undefined) return;
    this.#connection = new FakeConnection({ receiveMaximum: 9 });
    this.#forwarder?.attach(new Outlet(this.#connection));
  }

  /** Of what had no answer yet, some had arrived. */
  #disconnect(): void {
    if (this.#connection === undefined) return;
    for (const [index, sent] of this.#connection.open.entries()) if (index % 2 === 0) this.receiver.take(sent);
    this.#past = [...this.#connection.sent];
    this.#connection = undefined;
    this.#forwarder?.detach();
  }

  #answer({ count, at, code }: { readonly count: number; readonly at: number; readonly code: number }): void {
    for (let answered = 0; answered < count; answered += 1) {
      const open = this.#connection?.open ?? [];
      const sent = open[Math.min(at, open.length - 1)];
      if (sent === undefined) return;
      if (code === 0) this.receiver.take(sent);
      sent.answer(code);
    }
  }

  #acknowledge({ back, ahead, foreign }: { readonly back: number; readonly ahead: number; readonly foreign: boolean }): void {
    const sources = new Set([...this.receiver.counted.keys()].map((identity) => identity.split(' ')[0] ?? ''));
    for (const source of foreign ? ['urn:tailgate:bedford:truck-17:ffffffff'] : sources) {
      const upto = Math.max(0, this.receiver.upto(source) - back);
      // A mistaken receiver: it names what was never handed over as missing, or has not been heard of.
      this.#forwarder?.acknowledge({ source, upto: upto + ahead, missing: ahead === 0 ? [] : [[upto + 1, upto + ahead]], rejected: [] });
    }
  }

  async #restart(how: 'crash' | 'restart'): Promise<void> {
    this.#disconnect();
    if (how === 'restart') await Promise.all([this.#outbox?.close(), this.#clock.advance(100)]);
    const copy = join(this.#root, `life-${this.#lives + 1}`);
    if (how === 'crash') this.#worker.crash(this.#directory, copy);
    this.#lives += 1;
    if (how === 'crash') this.#directory = copy;
    this.#clock.forget();
    await this.start();
  }

  async #setClock(): Promise<void> {
    this.#clock.clockState = 'synced';
    await this.#outbox?.correct(this.#clock.stamp()).catch(() => undefined); // a full disk does not take it now
  }
}

describe('an outbox and its forwarder against a set', () => {
  it.each(['broker', 'receiver'] as const)(`deliver what was accepted, once each and as it was recorded, in ${SEQUENCES / 2} random sequences acknowledged by the %s`, async (acknowledgedBy) => {
    const seen = { accepted: 0, duplicates: 0, refused: 0, givenUp: 0 };
    await assert(
      asyncProperty(steps, async (sequence) => {
        const model = new Model(acknowledgedBy);
        await model.start();
        for (const step of sequence) await model.do(step);
        await model.recover();
        const { receiver, accepted, refused } = model;
        const texts = receiver.order;
        expect(receiver.contradictions).toBe(0);
        const missing = [...accepted].filter(([text]) => !texts.includes(text));
        const aside = await model.putAside();
        expect(missing.filter(([, identity]) => !receiver.wasGivenUp(identity) && !aside.has(`${identity.source} ${identity.sequence}`))).toEqual([]);
        expect(new Set(texts).size).toBe(texts.length);
        expect(texts.filter((text) => refused.has(text))).toEqual([]);
        expect(model.waiting).toBe(0);
        seen.accepted += accepted.size;
        seen.givenUp += missing.length;
        seen.refused += refused.size;
        seen.duplicates += receiver.duplicates;
        await model.end();
      }),
      { numRuns: SEQUENCES / 2 },
    );
    console.log(`model, acknowledged by the ${acknowledgedBy}: ${SEQUENCES / 2} sequences, ${seen.accepted} accepted, ${seen.refused} refused, ${seen.givenUp} given up for want of room and told so, 0 lost, ${seen.duplicates} duplicates dropped, 0 with other bytes`);
    expect(seen.accepted).toBeGreaterThan(SEQUENCES);
    expect(seen.duplicates).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
    expect(seen.givenUp).toBeLessThan(seen.accepted / 10);
  }, 60_000 + SEQUENCES * 200);
});
