import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayProcess } from '../demo/gateway-process.ts';
import { ask, socketPath } from '../src/operations/control-socket.ts';
import { AirProcess, tagAddress } from './air.ts';
import { builtProgram } from './built-program.ts';
import { childOf, figuresOf } from './process-figures.ts';
import { median, percentile } from './statistics.ts';
import { SubscriberProcess } from './subscriber-process.ts';
import type { TagFigure } from './tags-process.ts';

/** How a figure is told: its name, the value in words, the aim and whether it was met. */
type Report = (name: string, value: string, aim?: string, met?: boolean) => void;

/** What is needed beside. */
export interface BleParts {
  readonly runs: number;
  readonly report: Report;
  /** The broker's. */
  readonly url: string;
  /** The PATH that the gateway is started with. */
  readonly path: string;
  readonly folder: string;
}

/**
 * Measures tags: their decoders alone, and a gateway whose real radio process hears an emulated controller: what both
 * processes take of a core, whether their memory stays flat, and how long an advertisement takes to the subscriber.
 */
export async function measureBle(parts: BleParts): Promise<void> {
  measureDecoders(parts.report);
  const air = await AirProcess.start();
  const subscriber = await SubscriberProcess.start(parts.url, 'tailgate/v1/bench/bench/reading/#', '"value":');
  try {
    const gateway = await RadioGateway.start(parts, air);
    try {
      await measureLoad(parts, gateway, { name: 'all of strangers', tagEvery: 0 });
      await measureLoad(parts, gateway, { name: `a tenth of them news of ${TAGS} tags`, tagEvery: 10 });
      await subscriber.take(0);
      await measureLatency(parts, gateway, subscriber, { name: `${LATENCY_PER_SECOND}/s`, crowd: 1 });
      await measureLatency(parts, gateway, subscriber, { name: `${LATENCY_PER_SECOND}/s among ${PER_SECOND}/s of strangers`, crowd: PER_SECOND / LATENCY_PER_SECOND });
    } finally {
      await gateway.end();
    }
    await measureMemory(parts, air);
  } finally {
    subscriber.stop();
    air.stop();
  }
}

function measureDecoders(report: Report): void {
  const program = builtProgram('tags-process');
  try {
    const lines = execFileSync(process.execPath, [program.path], { encoding: 'utf8' }).trim().split('\n');
    for (const line of lines) {
      const { name, is, perSecond } = JSON.parse(line) as TagFigure;
      const value = `${(Math.round(perSecond / 1000) * 1000).toLocaleString('en-GB')} advertisements/s`;
      if (is === 'forged') report(`tags: ${name}`, value); // refused, not decoded
      else report(`tags: ${name}, ${WORDS[is]}`, value, '> 100,000', perSecond > 100_000);
    }
  } finally {
    program.remove();
  }
}

/** What both processes take of a core at an even flood. */
async function measureLoad({ runs, report }: BleParts, gateway: RadioGateway, { name, tagEvery }: { readonly name: string; readonly tagEvery: number }): Promise<void> {
  const shares: Shares[] = [];
  for (let run = 0; run < runs; run += 1) shares.push(await gateway.shares({ count: PER_SECOND * LOAD_SECONDS, perSecond: PER_SECOND, tags: TAGS, tagEvery }));
  const radio = median(shares.map((share) => share.radio));
  const rest = median(shares.map((share) => share.gateway));
  report(`${PER_SECOND}/s, ${name}, CPU of the radio's process`, `${(radio * 100).toFixed(1)} % of a core`, '< 40 %', radio < 0.4);
  report(`${PER_SECOND}/s, ${name}, CPU of the gateway`, `${(rest * 100).toFixed(1)} % of a core, ${Math.max(...shares.map(({ dropped }) => dropped))} packets dropped`);
}

/** From the write to the controller's line to the subscriber, with the commit in between: no more than that is what it takes to be stored. */
async function measureLatency({ runs, report }: BleParts, gateway: RadioGateway, subscriber: SubscriberProcess, { name, crowd }: { readonly name: string; readonly crowd: number }): Promise<void> {
  const latencies: { readonly p50: number; readonly p99: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    await wait(SETTLE_MS);
    await subscriber.take(0);
    const count = LATENCY_PER_SECOND * LATENCY_SECONDS;
    const { sentMs } = await gateway.air.advertise({ count: count * crowd, perSecond: LATENCY_PER_SECOND * crowd, tags: TAGS, tagEvery: crowd });
    await wait(ARRIVED_MS);
    const arrivals = await subscriber.take(0);
    const times = arrivals.map(({ text, atMs }) => atMs - (sentMs.get(Number(text)) ?? Number.NaN));
    // Where the machine stood still two values of a tag fall into one second, of which only the first is published.
    if (arrivals.length < 0.9 * count || sentMs.size !== count || times.some((time) => Number.isNaN(time))) throw new Error(`${sentMs.size} values sent, ${arrivals.length} arrived, ${times.filter(Number.isNaN).length} unknown`);
    latencies.push({ p50: percentile(times, 0.5), p99: percentile(times, 0.99) });
  }
  const p50 = median(latencies.map((latency) => latency.p50));
  const p99 = median(latencies.map((latency) => latency.p99));
  report(`tags: ${name}, controller to subscriber, p50`, `${p50.toFixed(1)} ms`);
  report(`tags: ${name}, controller to subscriber, p99`, `${p99.toFixed(1)} ms`, '< 60 ms', p99 < 60);
}

/** With a tag that is known by its payload every packet goes to the gateway's process too. */
async function measureMemory(parts: BleParts, air: AirProcess): Promise<void> {
  const gateway = await RadioGateway.start(parts, air, ['  beacon: { driver: ibeacon, port: { ble: { id: "00112233-4455-6677-8899-aabbccddeeff/291/17767" } } }']);
  try {
    await gateway.hear({ count: WARM_ADDRESSES, perSecond: MEMORY_PER_SECOND, tags: TAGS, tagEvery: 0 });
    const before = gateway.memory();
    await gateway.hear({ count: ADDRESSES, perSecond: MEMORY_PER_SECOND, tags: TAGS, tagEvery: 0 });
    const after = gateway.memory();
    for (const [process, name] of [['radio', "the radio's process"], ['gateway', 'the gateway']] as const) {
      const grown = after[process] - before[process];
      parts.report(`memory of ${name} after ${WARM_ADDRESSES / 1000},000 and ${(WARM_ADDRESSES + ADDRESSES) / 1000},000 addresses`, `${(before[process] / 1e6).toFixed(0)} and ${(after[process] / 1e6).toFixed(0)} MB RSS`, 'flat, + 20 MB at most', grown < 20e6);
    }
  } finally {
    await gateway.end();
  }
}

/** A gateway that hears tags over an emulated controller. */
class RadioGateway {
  readonly air: AirProcess;
  readonly #process: GatewayProcess;
  readonly #outbox: string;

  private constructor(parts: { readonly air: AirProcess; readonly process: GatewayProcess; readonly outbox: string }) {
    this.air = parts.air;
    this.#process = parts.process;
    this.#outbox = parts.outbox;
  }

  /** Resolves when it hears. */
  static async start({ url, path, folder }: BleParts, air: AirProcess, more: readonly string[] = []): Promise<RadioGateway> {
    const outbox = join(folder, `ble-${more.length}`);
    const configurationFile = join(folder, `ble-${more.length}.yaml`);
    const devices = Array.from({ length: TAGS }, (_, index) => `  tag-${index}: { driver: bthome, port: { ble: { address: "${tagAddress(index)}" } } }`);
    writeFileSync(configurationFile, `gateway: bench\nsite: bench\nmqtt: { url: "${url}", clockWait: 0 s }\noutbox: { directory: ${outbox} }\nlog: { level: warn }\nble: { adapter: { uart: ${air.path} }, silence: 1 h }\ndevices:\n${[...devices, ...more].join('\n')}\n`);
    const process = new GatewayProcess({ configurationFile, logFile: join(folder, 'gateway.log') });
    process.start({ PATH: path });
    const gateway = new RadioGateway({ air, process, outbox });
    await gateway.#until(async () => {
      await air.advertise({ count: 1, perSecond: 1000, tags: TAGS, tagEvery: 0 }); // it is on a moment before it scans
      return (await gateway.#status()).radio.heard > 0 && (await gateway.#status()).broker.connected;
    });
    await wait(TOLD_MS);
    return gateway;
  }

  /** Advertises and resolves when all of it was heard, with how much there was no room for. Throws when it was not heard. */
  async hear(order: Parameters<AirProcess['advertise']>[0]): Promise<number> {
    const before = (await this.#status()).radio;
    await this.air.advertise(order);
    await this.#until(async () => (await this.#status()).radio.heard >= before.heard + order.count);
    const after = (await this.#status()).radio;
    if (after.heard !== before.heard + order.count) throw new Error(`of ${order.count} packets ${after.heard - before.heard} were heard`);
    return after.dropped - before.dropped;
  }

  /** What the processes take of a core while this is advertised: all that they use until it was heard, over the time it was sent in. */
  async shares(order: Parameters<AirProcess['advertise']>[0]): Promise<Shares> {
    const before = this.#cpu();
    const dropped = await this.hear(order);
    const after = this.#cpu();
    const seconds = order.count / order.perSecond;
    return { dropped, gateway: (after.gateway - before.gateway) / seconds, radio: (after.radio - before.radio) / seconds };
  }

  memory(): { readonly gateway: number; readonly radio: number } {
    return { gateway: figuresOf(this.#pid).rssBytes, radio: figuresOf(childOf(this.#pid)).rssBytes };
  }

  async end(): Promise<void> {
    await this.#process.end('SIGTERM');
  }

  #cpu(): { readonly gateway: number; readonly radio: number } {
    return { gateway: figuresOf(this.#pid).cpuSeconds, radio: figuresOf(childOf(this.#pid)).cpuSeconds };
  }

  get #pid(): number {
    return this.#process.pid ?? 0;
  }

  async #status(): Promise<Status> {
    return (await ask(socketPath(this.#outbox), 'status')) as Status;
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + 60_000;
    while (!(await condition().catch(() => false))) {
      if (performance.now() > endMs) throw new Error(`a condition was not met within a minute: ${JSON.stringify(await this.#status().catch(String))}`);
      await wait(50);
    }
  }
}

interface Shares {
  readonly gateway: number;
  readonly radio: number;
  /** Packets of tags that there was no room for. */
  readonly dropped: number;
}

interface Status {
  readonly broker: { readonly connected: boolean };
  readonly radio: { readonly heard: number; readonly dropped: number };
}

const WORDS = { news: 'all news', repeats: 'each 100 times', identity: 'repeats' } as const;
const TAGS = 50;
const PER_SECOND = 5000;
const LOAD_SECONDS = 10;
/** Each tag now and then only: a meter publishes one reading a second at most. */
const LATENCY_PER_SECOND = 40;
const LATENCY_SECONDS = 15;
const SETTLE_MS = 1500;
const ARRIVED_MS = 3000;
/** What nobody asked for is told with the next ping only. */
const TOLD_MS = 6000;
const WARM_ADDRESSES = 20_000;
const ADDRESSES = 100_000;
const MEMORY_PER_SECOND = 10_000;
