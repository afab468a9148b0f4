import { setMaxListeners } from 'node:events';
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type BusDevice, runBus } from '../../src/acquisition/bus.ts';
import { DeviceStatus } from '../../src/acquisition/device-status.ts';
import { systemClock } from '../../src/acquisition/stamp.ts';
import { ProtocolError } from '../../src/core/errors.ts';
import { definePollingDriver, type PollingDriver } from '../../src/driver-kit/define-driver.ts';
import { discard, type Framed, frameOf, type Framing, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { z } from '../../src/driver-kit/options.ts';
import { serialTransport } from '../../src/transports/serial.ts';
import { decodedReply, encodedQuestion, framingOfReply } from '../../drivers/modbus/codec.ts';
import { FaultyLine, LINE_FAULTS } from '../support/faulty-line.ts';
import { temporaryFolder } from '../support/folders.ts';
import { withChecksum } from '../support/modbus-slave.ts';
import { SeededRandom } from '../support/random.ts';

const LONG = process.env['TAILGATE_LONG'] === '1';
const EXCHANGES = LONG ? 100_000 : 1500;
const LINES = LONG ? 32 : 12;
const SEED = Number(process.env['TAILGATE_SEED'] ?? 5);
const TIMEOUT_MS = 40;
const UNITS = [1, 3, 5];
const DEAD_UNIT = 9;
const TEXT_UNIT = 20;
const PLACES = [100, 200, 300];
/** So many exchanges of a line between two unplugs. */
const UNPLUG_EVERY = LONG ? 400 : 60;

test(`no wrong value in ${EXCHANGES} exchanges with slaves and lines that fail in every way, and every device recovers`, { timeout: LONG ? 1_800_000 : 60_000 }, async () => {
  const run = new Run({ lines: LINES, faultsInHundred: 25 });
  const startMs = performance.now();
  await run.until(() => run.exchanges >= EXCHANGES, LONG ? 1_700_000 : 40_000);
  const seconds = (performance.now() - startMs) / 1000;
  await run.recovers();
  await run.end();
  console.log(`seed ${SEED}: ${run.exchanges} exchanges in ${seconds.toFixed(1)} s on ${LINES} lines, ${run.values} values, ${run.wrong.length} wrong; injected ${JSON.stringify(run.injected)}`);
  expect(run.wrong).toEqual([]);
  expect(run.values).toBeGreaterThan(EXCHANGES / 2);
  expect(run.deadStates).toEqual(Array.from({ length: LINES }, () => 'failing'));
  expect([...LINE_FAULTS, 'unplug'].filter((fault) => (run.injected[fault] ?? 0) <= (LONG ? 100 : 2))).toEqual([]);
});

test('the same run finds wrong values where two devices of one address do not share the wait (control)', { timeout: 60_000 }, async () => {
  const run = new Run({ lines: 8, faultsInHundred: 25, addressOf: (unit, place) => `${unit}, not shared, ${place}` });
  await run.until(() => run.wrong.length > 0, 50_000);
  await run.end();
  expect(run.wrong[0]).toMatch(/asked/);
});

/** What is asked for: where, and with which driver. */
interface Asked {
  readonly unit: number;
  readonly places: readonly number[];
  readonly address: string;
}

/** A line, the devices that are asked over it, and how often since it was last unplugged. */
interface RunningLine {
  readonly line: FaultyLine;
  readonly devices: readonly { readonly status: DeviceStatus; readonly asked: Asked; values: number }[];
  readonly done: Promise<void>;
  exchanges: number;
  unplug(): void;
}

/** Some lines with a bus on each, and the count of what came of it. */
class Run {
  exchanges = 0;
  values = 0;
  readonly wrong: string[] = [];
  readonly #lines: readonly RunningLine[];
  readonly #stop = new AbortController();

  constructor({ lines, faultsInHundred, addressOf }: { lines: number; faultsInHundred: number; addressOf?: (unit: number, place: number) => string }) {
    setMaxListeners(0, this.#stop.signal);
    const folder = temporaryFolder();
    this.#lines = Array.from({ length: lines }, (_, index) => this.#started(join(folder, `port-${index}`), index, faultsInHundred, addressOf));
    onTestFinished(() => this.end());
  }

  get injected(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { line } of this.#lines) for (const [fault, count] of line.injected) sum[fault] = (sum[fault] ?? 0) + count;
    return sum;
  }

  async until(condition: () => boolean, deadlineMs: number): Promise<void> {
    const giveUpMs = performance.now() + deadlineMs;
    while (!condition()) {
      if (performance.now() > giveUpMs) throw new Error(`not in time: ${this.exchanges} exchanges, ${this.values} values, ${this.wrong.length} wrong`);
      await new Promise((resolve) => void setTimeout(resolve, 20));
      for (const one of this.#lines) if (one.line.faultsInHundred > 0 && one.exchanges > UNPLUG_EVERY) one.unplug();
    }
  }

  /** What the status of each dead device says. */
  get deadStates(): readonly string[] {
    return this.#lines.flatMap(({ devices }) => devices.filter(({ asked }) => asked.unit === DEAD_UNIT).map(({ status }) => status.report().state));
  }

  /** With nothing wrong any more every device but the dead one is open and gives values. */
  async recovers(): Promise<void> {
    for (const { line, devices } of this.#lines) {
      line.faultsInHundred = 0;
      for (const device of devices) device.values = 0;
    }
    const alive = this.#lines.flatMap(({ devices }) => devices.filter(({ asked }) => asked.unit !== DEAD_UNIT));
    await this.until(() => alive.every(({ status, values }) => values > 3 && status.report().state === 'open'), 60_000);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#lines.map(({ done }) => done));
    for (const { line } of this.#lines) line.close();
  }

  #started(path: string, index: number, faultsInHundred: number, addressOf?: (unit: number, place: number) => string): RunningLine {
    const line = new FaultyLine({ random: new SeededRandom(SEED * 1000 + index), timeoutMs: TIMEOUT_MS, units: UNITS, faultsInHundred });
    const plugIn = (): void => {
      symlinkSync(line.path, `${path}.new`);
      renameSync(`${path}.new`, path);
    };
    plugIn();
    const clock = systemClock(() => 'synced');
    const asked: Asked[] = [...UNITS, TEXT_UNIT, DEAD_UNIT].flatMap((unit) =>
      addressOf === undefined ? [{ unit, places: PLACES, address: String(unit) }] : PLACES.map((place) => ({ unit, places: [place], address: addressOf(unit, place) })),
    );
    const devices = asked.map((one) => ({ asked: one, values: 0, status: new DeviceStatus({ device: one.address, clock, changed: () => undefined }) }));
    const members = devices.map((device): BusDevice => {
      const { asked: options, status } = device;
      const counted = (): void => {
        this.exchanges += 1;
        started.exchanges += 1;
      };
      const judged = (problem: string | undefined): void => {
        this.values += 1;
        device.values += 1;
        if (problem !== undefined) this.wrong.push(`line ${index}: ${problem}`);
      };
      return { name: options.address, driver: pollingDriver({ line, counted, judged }), options, status, report: () => Promise.resolve() };
    });
    const started: RunningLine = {
      line,
      devices,
      exchanges: 0,
      unplug: () => {
        line.unplug();
        plugIn();
        started.exchanges = 0;
      },
      done: runBus({ transport: serialTransport({ path, baudRate: 115_200 }), baudRate: 115_200, devices: members, clock, random: () => 0.05, signal: this.#stop.signal }),
    };
    return started;
  }
}

/** Asks for each place and judges what comes by the line's own count, known before and after. */
function pollingDriver({ line, counted, judged }: { line: FaultyLine; counted: () => void; judged: (problem: string | undefined) => void }): PollingDriver {
  return definePollingDriver({
    name: 'test',
    summary: 'test',
  reports: 'meters',
    options: z.strictObject({}),
    schedule: (options) => ({ address: (options as unknown as Asked).address, everyMs: 1, responseTimeoutMs: TIMEOUT_MS, silenceMs: 2, retries: 2, echo: false }),
    meters: () => [],
    poll: async (link, options, emit) => {
      const { unit, places } = options as unknown as Asked;
      const { question, values } = unit === TEXT_UNIT ? TEXT : MODBUS;
      let unanswered: ProtocolError | undefined;
      let answers = 0;
      for (const place of places) {
        const before = line.questions;
        try {
          const found = values(await link.exchange(question(unit, place)));
          answers += 1;
          if (found === undefined) continue; // a refusal
          const [fromUnit, fromPlace, number = 0] = found;
          const fits = fromUnit === unit && fromPlace === place && number > before && number <= line.questions;
          judged(fits ? undefined : `asked ${unit}:${place} after question ${before}, got ${found.join(':')} of ${line.questions}`);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          unanswered = error;
        } finally {
          counted();
        }
      }
      if (answers === 0 && unanswered !== undefined) throw unanswered;
      emit([]);
    },
  });
}

interface Protocol {
  readonly question: (unit: number, place: number) => { readonly request: Uint8Array; readonly reply: Framing };
  readonly values: (frame: Uint8Array) => readonly number[] | undefined;
}

const MODBUS: Protocol = {
  question(address, start) {
    const question = { address, function: 3, start, count: 4 } as const;
    return { request: encodedQuestion(question), reply: framingOfReply(question) };
  },
  values(frame) {
    const reply = decodedReply(frame);
    if (reply.kind === 'refusal') return undefined;
    const words = Buffer.from(reply.bytes);
    return [words.readUInt16BE(0), words.readUInt16BE(2), words.readUInt32BE(4)];
  },
};

const TEXT: Protocol = {
  question: (unit, place) => ({ request: Buffer.from(`?${unit}:${place}\r`), reply: { next: (buffer) => nextText(buffer, `=${unit}:`), bytesMax: 40, overflow: 'byte' } }),
  values: (frame) => Buffer.from(frame).toString().slice(1).split(':').slice(0, 3).map(Number),
};

function nextText(buffer: Uint8Array, start: string): Framed {
  const text = Buffer.from(buffer).toString('latin1');
  if (!text.startsWith(start.slice(0, text.length))) return discard(1, 'not the answer');
  const end = text.indexOf('\r');
  if (end < 0) return INCOMPLETE;
  const crc = Buffer.from(withChecksum([...buffer.subarray(0, end - 4)]).slice(-2)).toString('hex');
  return text.slice(end - 4, end) === crc ? frameOf(buffer, end + 1) : discard(1, 'bad checksum');
}
