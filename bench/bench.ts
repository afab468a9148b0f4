import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayProcess } from '../demo/gateway-process.ts';
import { Mosquitto } from '../test/support/brokers/mosquitto.ts';
import { openPty, type Pty } from '../test/support/pty.ts';
import { measureBle } from './ble.ts';
import { measureBus } from './bus.ts';
import { measureFlash } from './flash.ts';
import { mqttFloor, serialFloor, sqliteFloor } from './floors.ts';
import { everything, measureDecoding } from './identification.ts';
import { monotonicMs } from './monotonic.ts';
import { figuresOf } from './process-figures.ts';
import { median, percentile } from './statistics.ts';
import { type Arrival, SubscriberProcess } from './subscriber-process.ts';

/**
 * `npm run bench`: what the gateway does with line scanners on pseudo-terminals and a real mosquitto, beside what its
 * libraries do alone in the same run. `--runs N` repeats the throughput figures and takes the median; `--only NAME`
 * runs one part.
 */
const PORTS = 8;
const RUNS = numberAfter('--runs') ?? 3;
const ONLY = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const folder = mkdtempSync(join(tmpdir(), 'tailgate-bench-'));
const broker = await Mosquitto.prepare(['allow_anonymous true', 'max_inflight_messages 0']);
/** As on a gateway in the field: a reading of an unset clock would cost a second write, which is not what is measured here. */
const clockIsSet = withPrograms({ timedatectl: 'echo yes', chronyc: 'exit 1' });
const ptys = Array.from({ length: PORTS }, () => openPty());
const rows: [name: string, value: string, aim: string, met: string][] = [];
let configurations = 0;
/** Bytes that the gateway sent to its scanners. */
let answers = 0;

for (const pty of ptys) pty.onData((chunk) => (answers += chunk.length));
await broker.start();
const subscriber = await SubscriberProcess.start(broker.url, 'tailgate/v1/bench/bench/scan/#');
try {
  await main();
} finally {
  subscriber.stop();
  await broker.remove();
  for (const pty of ptys) pty.close();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, outbox in ${tmpdir()}, ${RUNS} runs for medians\n`);
  const floors = wanted('floors') || wanted('sustained') || wanted('drain') ? await measureFloors() : undefined;
  if (wanted('sustained') && floors !== undefined) await measureSustained(floors.mqtt);
  if (wanted('drain') && floors !== undefined) await measureDrain(floors.mqtt);
  if (wanted('slow')) await measurePaced(10, 300, { p50: 4, p99: 12 });
  if (wanted('fast')) await measurePaced(1000, 15_000, { p50: 20, p99: 45 });
  if (wanted('start')) await measureStart();
  if (wanted('flash')) await measureFlash(folder, report);
  if (wanted('bus')) await measureBus(RUNS, report);
  if (wanted('identification')) {
    measureDecoding(RUNS, report);
    await measureEverything(1000, 1000);
    await measureEverything(PORTS * 1000, 4000);
    await measureEverything(Infinity, 2500);
  }
  if (wanted('ble')) await measureBle({ runs: RUNS, report, url: broker.url, path: clockIsSet, folder });
  console.log('\n| figure | measured | aim | |\n|---|---|---|---|');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

/** A PATH in which these programs stand first. */
function withPrograms(scripts: Readonly<Record<string, string>>): string {
  for (const [name, script] of Object.entries(scripts)) writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}:${process.env['PATH'] ?? ''}`;
}

async function measureFloors(): Promise<{ mqtt: number }> {
  for (const rowsPerCommit of [1, 20, 100]) {
    const rate = sqliteFloor(folder, rowsPerCommit, rowsPerCommit === 1 ? 1000 : 300);
    report(`floor: better-sqlite3, FULL, ${rowsPerCommit} rows a commit`, `${Math.round(rate)} rows/s`);
  }
  report('floor: serialport read, one port', `${Math.round(await serialFloor(20_000))} lines/s`);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run += 1) rates.push(await mqttFloor({ url: broker.url, topic: 'tailgate/v1/bench/bench/scan/scanner-1', window: 50, messages: 20_000, subscriber }));
  const mqtt = median(rates);
  report('floor: mqtt.js, QoS 1, window 50', `${Math.round(mqtt)} messages/s`);
  return { mqtt };
}

async function measureSustained(floor: number): Promise<void> {
  const count = 40_000;
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const gateway = await startGateway(broker.url);
    const startMs = monotonicMs();
    await Promise.all(ptys.map((pty, index) => feed(pty, index, count / PORTS)));
    const arrivals = await subscriber.take(count);
    expectEachOnce(arrivals, count);
    rates.push(count / (((arrivals.at(-1)?.atMs ?? 0) - startMs) / 1000));
    await gateway.end('SIGTERM');
  }
  const rate = median(rates);
  report(`sustained, ${PORTS} ports, pty to subscriber`, `${Math.round(rate)} readings/s, ${(rate / floor).toFixed(2)} of the MQTT floor`, '≥ 0.5', rate / floor >= 0.5);
}

/** The plain line and everything that can be set, in turns: what it costs that scans have a role, a context and an answer. */
async function measureEverything(perSecond: number, codes: number): Promise<void> {
  const ways: Record<Way, Passage[]> = { 'plain lines': [], 'all but answers': [], 'everything on': [] };
  for (let run = 0; run < RUNS; run += 1) for (const [way, passages] of Object.entries(ways)) passages.push(await passage(way as Way, codes, perSecond));
  const of = (way: Way, key: keyof Passage): number => median(ways[way].map((one) => one[key]));
  for (const way of Object.keys(ways) as Way[]) {
    const [share, cost] = [of(way, 'rate') / of('plain lines', 'rate'), of(way, 'mainMs') / of('plain lines', 'mainMs')];
    const words = `${Math.round(of(way, 'rate'))} readings/s, ${of(way, 'mainMs').toFixed(3)} ms of the main thread and ${of(way, 'cpuMs').toFixed(3)} ms of CPU each`;
    const name = `${PORTS} ports, ${perSecond === Infinity ? 'as fast as it goes' : `${perSecond}/s`}, ${way}`;
    if (way === 'plain lines') report(name, words);
    else report(name, `${words}; ${share.toFixed(2)} of the plain throughput, ${cost.toFixed(2)} of its main thread`, '≥ 0.85 of plain', share >= 0.85);
  }
}

type Way = 'plain lines' | 'all but answers' | 'everything on';

/** What came of lines on all ports. */
interface Passage {
  readonly rate: number;
  /** CPU time for a reading: of the gateway's main thread, and of all its threads. */
  readonly mainMs: number;
  readonly cpuMs: number;
}

async function passage(way: Way, codes: number, perSecond: number): Promise<Passage> {
  const count = PORTS * codes;
  const isPlain = way === 'plain lines';
  const [context, lines] = isPlain ? [[], ptys.map((_, port) => linesOf(port, codes))] : [everything.context, ptys.map((_, port) => everything.lines(port, codes))];
  const answered = async (of: readonly string[]): Promise<void> => waitFor(async () => way !== 'everything on' || answers === of.join('\r').split('\r').length);
  const gateway = await startGateway(broker.url, undefined, isPlain ? undefined : { scans: everything.configuration(folder, PORTS, codes), device: way === 'everything on' ? `${everything.device}, ${everything.feedback}` : everything.device });
  for (const pty of ptys) await pty.write(context.map((line) => `${line}\r`).join(''));
  await subscriber.take(PORTS * context.length);
  await answered(ptys.flatMap(() => context));
  answers = 0;
  const before = figuresOf(gateway.pid ?? 0);
  const startMs = monotonicMs();
  await Promise.all(ptys.map((pty, port) => written(pty, lines[port] ?? [], perSecond / PORTS)));
  const arrivals = await subscriber.take(count);
  await answered(lines.flat());
  const after = figuresOf(gateway.pid ?? 0);
  expectEachOnce(arrivals, count);
  answers = 0;
  await gateway.end('SIGTERM');
  return {
    rate: count / (((arrivals.at(-1)?.atMs ?? 0) - startMs) / 1000),
    mainMs: ((after.mainThreadSeconds - before.mainThreadSeconds) * 1000) / count,
    cpuMs: ((after.cpuSeconds - before.cpuSeconds) * 1000) / count,
  };
}

async function measureDrain(floor: number): Promise<void> {
  const count = 20_000;
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const outbox = join(folder, `drain-${run}`);
    const offline = await startGateway('mqtt://127.0.0.1:1', outbox);
    await Promise.all(ptys.map((pty, index) => feed(pty, index, count / PORTS)));
    await waitFor(async () => (await statusOf(outbox)).outbox.waiting.scan === count);
    await offline.end('SIGTERM');
    const gateway = await startGateway(broker.url, outbox);
    const arrivals = await subscriber.take(count);
    expectEachOnce(arrivals, count);
    expectOrdered(arrivals);
    rates.push((count - 1) / (((arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0)) / 1000));
    await gateway.end('SIGTERM');
  }
  const rate = median(rates);
  report('drain of a backlog of 20,000, in order', `${Math.round(rate)} readings/s, ${(rate / floor).toFixed(2)} of the MQTT floor`, '≥ 0.7', rate / floor >= 0.7);
}

async function measurePaced(perSecond: number, count: number, aims: { p50: number; p99: number }): Promise<void> {
  const gateway = await startGateway(broker.url);
  await feed(ptys[0] as Pty, 0, 20, 'W');
  await subscriber.take(20);
  const before = figuresOf(gateway.pid ?? 0);
  const sentMs = await pace(perSecond, count);
  const arrivals = await subscriber.take(count);
  const after = figuresOf(gateway.pid ?? 0);
  expectEachOnce(arrivals, count);
  await gateway.end('SIGTERM');
  const latencies = arrivals.map(({ text, atMs }) => atMs - (sentMs.get(text) ?? Number.NaN));
  const p50 = percentile(latencies, 0.5);
  const p99 = percentile(latencies, 0.99);
  report(`${perSecond}/s, pty to subscriber, p50`, `${p50.toFixed(1)} ms`, `< ${aims.p50} ms`, p50 < aims.p50);
  report(`${perSecond}/s, pty to subscriber, p99`, `${p99.toFixed(1)} ms`, `< ${aims.p99} ms`, p99 < aims.p99);
  const written = (after.outboxBytes - before.outboxBytes) / count / 1000;
  const blocks = (after.blockBytes - before.blockBytes) / count / 1000;
  const fast = perSecond >= 1000;
  report(`${perSecond}/s, written by SQLite a reading`, `${written.toFixed(2)} KB (${blocks.toFixed(2)} KB in whole blocks)`, fast ? '≤ 1.2 KB' : '', fast ? written <= 1.2 : undefined);
  const cpu = ((after.cpuSeconds - before.cpuSeconds) / count) * 10_000;
  report(`${perSecond}/s, CPU for 10,000 readings`, `${cpu.toFixed(2)} s`, fast ? '≤ 3 s' : '', fast ? cpu <= 3 : undefined);
}

async function measureStart(): Promise<void> {
  const times: number[] = [];
  let rss = 0;
  for (let run = 0; run < Math.max(RUNS, 5); run += 1) {
    const outbox = join(folder, `start-${run}`);
    const gateway = gatewayOn(broker.url, outbox);
    const startMs = monotonicMs();
    gateway.start({ PATH: clockIsSet });
    let sent = 0;
    const stop = new AbortController();
    const sending = (async () => {
      while (!stop.signal.aborted) {
        await (ptys[0] as Pty).write(`S${run}-${sent++}\r`);
        await wait(5);
      }
    })();
    const [first] = await subscriber.take(1);
    stop.abort();
    await sending;
    times.push((first?.atMs ?? Number.NaN) - startMs);
    await wait(3000);
    rss = figuresOf(gateway.pid ?? 0).rssBytes;
    await gateway.end('SIGTERM');
    await wait(200);
    await subscriber.take(0);
  }
  const spawn = median(times);
  report('spawn to first delivered reading', `${Math.round(spawn)} ms`, '< 400 ms', spawn < 400);
  report(`idle memory, ${PORTS} ports open`, `${(rss / 1e6).toFixed(1)} MB RSS`, '< 85 MB', rss < 85e6);
}

/** Writes lines to one port as fast as the gateway reads them. */
async function feed(pty: Pty, port: number, count: number, prefix = 'L'): Promise<void> {
  await written(pty, linesOf(port, count, prefix));
}

function linesOf(port: number, count: number, prefix = 'L'): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${port}-${String(index).padStart(7, '0')}`);
}

/** Twenty lines at a time, or at an even rate. */
async function written(pty: Pty, lines: readonly string[], perSecond = Infinity): Promise<void> {
  const startMs = monotonicMs();
  for (let sent = 0; sent < lines.length; ) {
    const due = perSecond === Infinity ? sent + 20 : Math.floor(((monotonicMs() - startMs) / 1000) * perSecond) + 1;
    const next = lines.slice(sent, due);
    await pty.write(next.map((line) => `${line}\r`).join(''));
    sent += next.length;
    if (perSecond !== Infinity) await wait(1);
  }
}

/** Sends lines at an even rate over all ports and tells when each was sent. */
async function pace(perSecond: number, count: number): Promise<ReadonlyMap<string, number>> {
  const sentMs = new Map<string, number>();
  const startMs = monotonicMs();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.floor(((monotonicMs() - startMs) / 1000) * perSecond) + 1);
    for (; sent < due; sent += 1) {
      const text = `P${sent % PORTS}-${String(sent).padStart(7, '0')}`;
      sentMs.set(text, monotonicMs());
      await (ptys[sent % PORTS] as Pty).write(`${text}\r`);
    }
    await wait(1);
  }
  return sentMs;
}

/** What the configuration says beside the plain line. */
interface Extras {
  readonly scans: string;
  readonly device: string;
}

function gatewayOn(url: string, outbox: string, extras?: Extras): GatewayProcess {
  configurations += 1;
  const configurationFile = join(folder, `gateway-${configurations}.yaml`);
  const devices = ptys.map(({ path }, index) => `  scanner-${index}: { driver: line-scanner, port: ${path}, terminator: CR${extras === undefined ? '' : `, ${extras.device}`} }`);
  writeFileSync(configurationFile, `gateway: bench\nsite: bench\nmqtt: { url: "${url}", clockWait: 0 s }\noutbox: { directory: ${outbox} }\nlog: { level: warn }\n${extras?.scans ?? ''}devices:\n${devices.join('\n')}\n`);
  return new GatewayProcess({ configurationFile, logFile: join(folder, 'gateway.log') });
}

async function startGateway(url: string, outbox = join(folder, `outbox-${configurations}`), extras?: Extras): Promise<GatewayProcess> {
  const gateway = gatewayOn(url, outbox, extras);
  gateway.start({ PATH: clockIsSet });
  await waitFor(async () => {
    const { devices, broker: link } = await statusOf(outbox);
    return devices.every(({ state }) => state === 'open') && (link.connected || url.endsWith(':1'));
  });
  return gateway;
}

interface Status {
  readonly broker: { readonly connected: boolean };
  readonly outbox: { readonly waiting: { readonly scan: number } };
  readonly devices: readonly { readonly state: string }[];
}

async function statusOf(outbox: string): Promise<Status> {
  const { ask, socketPath } = await import('../src/operations/control-socket.ts');
  return (await ask(socketPath(outbox), 'status')) as Status;
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > endMs) throw new Error('a condition was not met within a minute');
    await wait(20);
  }
}

function expectEachOnce(arrivals: readonly Arrival[], count: number): void {
  const texts = new Set(arrivals.map(({ text }) => text));
  if (texts.size !== count || arrivals.length !== count) throw new Error(`${count} sent, ${arrivals.length} arrived, ${texts.size} different`);
}

function expectOrdered(arrivals: readonly Arrival[]): void {
  const last = new Map<string, string>();
  for (const { text } of arrivals) {
    const port = text.slice(0, text.indexOf('-'));
    if ((last.get(port) ?? '') >= text) throw new Error(`${text} arrived after ${last.get(port) ?? ''}`);
    last.set(port, text);
  }
}

function report(name: string, value: string, aim = '', met?: boolean): void {
  rows.push([name, value, aim, met === undefined ? '' : met ? 'met' : 'MISSED']);
  console.log(`${name}: ${value}${aim === '' ? '' : `  (aim ${aim}: ${met === true ? 'met' : 'missed'})`}`);
}

function wanted(part: string): boolean {
  return ONLY === undefined || ONLY === part;
}

function numberAfter(flag: string): number | undefined {
  const index = process.argv.indexOf(flag);
  return index < 0 ? undefined : Number(process.argv[index + 1]);
}
