import { setMaxListeners } from 'node:events';
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type BusDevice, runBus } from '../../src/acquisition/bus.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { PollingDriver, PollingQuestion } from '../../src/driver-kit/define-driver.ts';
import type { Transport } from '../../src/driver-kit/link.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { tcpTransport } from '../../src/transports/tcp.ts';
import { modbus } from '../../drivers/modbus/driver.ts';
import { profileOf } from '../support/modbus-profile.ts';
import { heldAnswer, heldWord, LACKING_AT } from '../support/changing-registers.ts';
import { ECHO_FAULTS, FaultyLine, LINE_FAULTS } from '../support/faulty-line.ts';
import { FaultyTcpSlave, TCP_FAULTS } from '../support/faulty-tcp-slave.ts';
import { temporaryFolder } from '../support/folders.ts';
import { withChecksum } from '../support/modbus-slave.ts';
import { SeededRandom } from '../support/random.ts';

const LONG = process.env['TAILGATE_LONG'] === '1';
const EXCHANGES = LONG ? 100_000 : 2500;
const LINES = LONG ? 12 : 5;
const SEED = Number(process.env['TAILGATE_SEED'] ?? 5);
const TIMEOUT_MS = 50;
const UNITS = [1, 3, 5];
const DEAD_UNIT = 9;
/** So many exchanges of a line between two unplugs. */
const UNPLUG_EVERY = LONG ? 400 : 60;
const FORMS = ['rtu', 'rtu with echo', 'tcp'] as const;

test(`the modbus driver gives no wrong value in ${EXCHANGES} exchanges over RTU, with echo and without, and over TCP`, { timeout: LONG ? 1_800_000 : 90_000 }, async () => {
  const run = await Run.start({ forms: FORMS, lines: LINES });
  const startMs = performance.now();
  await run.until(() => run.exchanges >= EXCHANGES, LONG ? 1_700_000 : 60_000);
  const [exchanges, seconds] = [run.exchanges, (performance.now() - startMs) / 1000];
  await run.recovers();
  await run.end();
  console.log(`seed ${SEED}: ${exchanges} exchanges in ${seconds.toFixed(1)} s on ${LINES} lines of each of ${FORMS.join(', ')}, ${run.values} values, ${run.wrong.length} wrong; injected ${JSON.stringify(run.injected)}`);
  expect(run.wrong).toEqual([]);
  expect(run.values).toBeGreaterThan(EXCHANGES);
  expect(run.meters).toEqual(Object.keys(METERS).filter((name) => name !== 'lacking').sort());
  expect(run.longest).toBe(5); // the points of one block
  expect(run.lacked).toBeGreaterThan(0);
  const seldom = [...LINE_FAULTS, ...ECHO_FAULTS, ...TCP_FAULTS, 'unplug'].filter((fault) => (run.injected[fault] ?? 0) <= (LONG ? 20 : 0));
  expect(seldom).toEqual([]);
});

test('the same run finds wrong values where the number of a question is not compared (control)', { timeout: 60_000 }, async () => {
  const run = await Run.start({ forms: ['tcp'], lines: 4, weakened: withoutNumber });
  await run.until(() => run.wrong.length > 0, 50_000);
  await run.end();
  expect(run.wrong[0]).toMatch(/^tcp unit . after/);
});

test('and where the checksum is not compared (control)', { timeout: 60_000 }, async () => {
  const run = await Run.start({ forms: ['rtu', 'rtu with echo'], lines: 3, weakened: withoutChecksum });
  await run.until(() => run.wrong.length > 0, 50_000);
  await run.end();
  expect(run.wrong[0]).toMatch(/^rtu.* unit . after/);
});

/** The meters of the test's profile, each with what its value is, out of the words of its slave. */
const METERS: Readonly<Record<string, { readonly point: object; readonly value: (word: (table: number, address: number) => number) => string }>> = {
  plain: { point: { address: 100 }, value: (word) => String(word(3, 100)) },
  long: { point: { address: 101, type: 'uint32' }, value: (word) => String(word(3, 101) * 65_536 + word(3, 102)) },
  swapped: { point: { address: 103, type: 'uint32', order: 'CDAB' }, value: (word) => String(word(3, 104) * 65_536 + word(3, 103)) },
  signed: { point: { address: 107, type: 'int16', scale: 0.1 }, value: (word) => String(((word(3, 107) << 16) >> 16) / 10) },
  bit: { point: { address: 110, type: 'bit', bit: 3 }, value: (word) => String((word(3, 110) >> 3) & 1) },
  'serial-number': { point: { address: 120, type: 'string', length: 3, quantity: 'text', kind: 'characteristic' }, value: (word) => [120, 121, 122].map((at) => String.fromCharCode(word(3, at) >> 8, word(3, at) & 0xff)).join('') },
  before: { point: { address: LACKING_AT - 1 }, value: (word) => String(word(3, LACKING_AT - 1)) },
  lacking: { point: { address: LACKING_AT }, value: () => 'nothing' },
  behind: { point: { address: LACKING_AT + 1 }, value: (word) => String(word(3, LACKING_AT + 1)) },
  sum: { point: { terms: [{ address: 140, weight: 1000 }, { address: 141 }] }, value: (word) => String(word(3, 140) * 1000 + word(3, 141)) },
  input: { point: { function: 4, address: 100, type: 'uint64' }, value: (word) => String([100, 101, 102, 103].reduce((sum, at) => sum * 65_536n + BigInt(word(4, at)), 0n)) },
  coil: { point: { function: 1, address: 3, type: 'bit' }, value: (word) => String(word(1, 3) & 1) },
  'far-coil': { point: { function: 1, address: 20, type: 'bit' }, value: (word) => String(word(1, 20) & 1) },
};

const PROFILE = profileOf(Object.fromEntries(Object.entries(METERS).map(([name, { point }]) => [name, point])), { gapMax: 16, registersMax: 20 });

/** What the far end of a line is to the run. */
interface FarEnd {
  readonly questions: number;
  readonly injected: ReadonlyMap<string, number>;
  faultsInHundred: number;
  close(): void;
}

interface RunningLine {
  readonly farEnd: FarEnd;
  readonly devices: readonly { readonly unit: number; readonly status: DeviceStatus; values: number }[];
  readonly done: Promise<void>;
  readonly unplug?: (() => void) | undefined;
  exchanges: number;
}

type Form = (typeof FORMS)[number];
type Weakened = (question: PollingQuestion) => PollingQuestion;

/** Some lines of each form with a bus on each, and the count of what came of it. */
class Run {
  exchanges = 0;
  values = 0;
  /** How often a device said that it has no such register. */
  lacked = 0;
  /** The most values that one answer brought. */
  longest = 0;
  readonly wrong: string[] = [];
  readonly #meters = new Set<string>();
  readonly #lines: RunningLine[] = [];
  readonly #stop = new AbortController();

  static async start({ forms, lines, weakened = (question) => question }: { forms: readonly Form[]; lines: number; weakened?: Weakened }): Promise<Run> {
    const run = new Run();
    setMaxListeners(0, run.#stop.signal);
    onTestFinished(() => run.end());
    const folder = temporaryFolder();
    for (const form of forms) {
      for (let at = 0; at < lines; at += 1) run.#lines.push(run.#started(form, await openLine(form, join(folder, `${form.replaceAll(' ', '-')}-${at}`), at), weakened));
    }
    return run;
  }

  get injected(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { farEnd } of this.#lines) for (const [fault, count] of farEnd.injected) sum[fault] = (sum[fault] ?? 0) + count;
    return sum;
  }

  /** The meters that had a value. */
  get meters(): readonly string[] {
    return [...this.#meters].sort();
  }

  async until(condition: () => boolean, deadlineMs: number): Promise<void> {
    const giveUpMs = performance.now() + deadlineMs;
    while (!condition()) {
      if (performance.now() > giveUpMs) throw new Error(`not in time: ${this.exchanges} exchanges, ${this.values} values, ${this.wrong.length} wrong`);
      await new Promise((resolve) => void setTimeout(resolve, 20));
      for (const line of this.#lines) if (line.farEnd.faultsInHundred > 0 && line.exchanges > UNPLUG_EVERY) unplugged(line);
    }
  }

  /** With nothing wrong any more every device but the dead one is open and gives values; the dead one is failing. */
  async recovers(): Promise<void> {
    for (const { farEnd, devices } of this.#lines) {
      farEnd.faultsInHundred = 0;
      for (const device of devices) device.values = 0;
    }
    const devices = this.#lines.flatMap((line) => line.devices);
    const isWell = ({ unit, status, values }: (typeof devices)[number]): boolean => (unit === DEAD_UNIT ? status.report().state === 'failing' : values > 3 && status.report().state === 'open');
    await this.until(() => devices.every(isWell), 60_000);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#lines.map(({ done }) => done));
    for (const { farEnd } of this.#lines) farEnd.close();
  }

  #started(form: Form, { farEnd, transport, unplug }: OpenLine, weakened: Weakened): RunningLine {
    const clock = systemClock(() => 'synced');
    const devices = [...UNITS, DEAD_UNIT].map((unit) => ({ unit, values: 0, status: new DeviceStatus({ device: `${form} ${unit}`, clock, changed: () => undefined }) }));
    const asked = new Map<number, { readonly after: number; readonly atMs: number }>();
    const members = devices.map((device): BusDevice => {
      const { unit, status } = device;
      const began = (): void => {
        this.exchanges += 1;
        line.exchanges += 1;
        asked.set(unit, { after: farEnd.questions, atMs: clock.monotonicMs() });
      };
      const options = { ...modbus.options.parse({ address: unit, protocol: form === 'tcp' ? 'tcp' : 'rtu', echo: form === 'rtu with echo', profile: 'test', responseTimeout: `${TIMEOUT_MS} ms`, silence: '2 ms' }), profile: PROFILE };
      const report: BusDevice['report'] = (observations, stamp) => {
        const { after, atMs } = asked.get(unit)!;
        const good = observations.filter(hasValue);
        device.values += good.length;
        this.#judged(good, { unit, after, upTo: farEnd.questions }, `${form} unit ${unit}`);
        if (good.length > 0 && (stamp.monotonicMs < atMs - 1 || stamp.monotonicMs > clock.monotonicMs() + 1)) this.wrong.push(`${form}: stamped outside of its question`);
        this.lacked += observations.filter((one) => one.kind === 'meter' && one.meter === 'lacking' && !hasValue(one)).length;
        return Promise.resolve();
      };
      return { name: `${form}-${unit}`, driver: observedDriver(began, weakened), options, status, report };
    });
    const line: RunningLine = { farEnd, devices, exchanges: 0, unplug, done: runBus({ transport, ...(form !== 'tcp' && { baudRate: 115_200 }), devices: members, clock, random: () => 0.05, signal: this.#stop.signal }) };
    return line;
  }

  /** What one answer brought has to be what its slave held, all of it, at one of the questions since the driver asked. */
  #judged(observations: readonly Valued[], { unit, after, upTo }: { unit: number; after: number; upTo: number }, who: string): void {
    if (observations.length === 0) return;
    this.values += observations.length;
    this.longest = Math.max(this.longest, observations.length);
    for (const { meter } of observations) this.#meters.add(meter);
    for (let number = after + 1; number <= upTo; number += 1) {
      const word = (table: number, address: number): number => heldWord(unit, table, address, number);
      if (observations.every(({ meter, value }) => METERS[meter]?.value(word) === value.toString())) return;
    }
    this.wrong.push(`${who} after question ${after} of ${upTo}: ${observations.map(({ meter, value }) => `${meter}=${value.toString()}`).join(' ')}`);
  }
}

type Valued = Extract<Observation, { kind: 'meter' }> & { readonly value: { toString(): string } };

function hasValue(observation: Observation): observation is Valued {
  return observation.kind === 'meter' && !(typeof observation.value === 'object' && 'missing' in observation.value);
}

function unplugged(line: RunningLine): void {
  line.exchanges = 0;
  line.unplug?.();
}

interface OpenLine {
  readonly farEnd: FarEnd;
  readonly transport: Transport;
  readonly unplug?: () => void;
}

async function openLine(form: Form, path: string, at: number): Promise<OpenLine> {
  const random = new SeededRandom(SEED * 1000 + FORMS.indexOf(form) * 100 + at);
  const parts = { random, timeoutMs: TIMEOUT_MS, units: UNITS, faultsInHundred: 25, answer: heldAnswer, exceptions: [4, 5, 6] };
  if (form === 'tcp') {
    const slave = await FaultyTcpSlave.start(parts);
    return { farEnd: slave, transport: tcpTransport({ host: '127.0.0.1', port: slave.port }) };
  }
  const line = new FaultyLine({ ...parts, echo: form === 'rtu with echo' });
  const plugIn = (): void => {
    symlinkSync(line.path, `${path}.new`);
    renameSync(`${path}.new`, path);
  };
  plugIn();
  const unplug = (): void => {
    line.unplug();
    plugIn();
  };
  return { farEnd: line, transport: serialTransport({ path, baudRate: 115_200 }), unplug };
}

/** The driver itself, polling without a pause, with a look at its questions. */
function observedDriver(began: () => void, weakened: Weakened): PollingDriver {
  return {
    ...modbus,
    schedule: (options) => ({ ...modbus.schedule(options), everyMs: 1 }),
    poll(link, options, emit, learnt) {
      const exchange = (question: PollingQuestion): Promise<Uint8Array> => {
        began();
        return link.exchange(weakened(question));
      };
      return modbus.poll({ exchange, nextNumber: () => link.nextNumber() }, options, emit, learnt);
    },
  };
}

/** Takes an answer to any question for one to this. */
function withoutNumber({ request, reply, ...rest }: PollingQuestion): PollingQuestion {
  return { request, reply: { ...reply, next: (buffer, atGap) => reply.next(Uint8Array.from([...request.subarray(0, Math.min(2, buffer.length)), ...buffer.subarray(2)]), atGap) }, ...rest };
}

/** Mends the checksum of what could be an answer before it is looked at. */
function withoutChecksum({ request, reply, ...rest }: PollingQuestion): PollingQuestion {
  const mended = (buffer: Uint8Array): Uint8Array => {
    const length = ((buffer[1] ?? 0) & 0x80) === 0 ? (buffer[2] ?? 0) + 5 : 5;
    return buffer.length < length ? buffer : Uint8Array.from([...withChecksum([...buffer.subarray(0, length - 2)]), ...buffer.subarray(length)]);
  };
  return { request, reply: { ...reply, next: (buffer, atGap) => reply.next(mended(buffer), atGap) }, ...rest };
}
