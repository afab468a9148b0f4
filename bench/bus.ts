import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { builtProgram } from './built-program.ts';
import { EXCHANGE_MS, POINTS, SLAVES } from './bus-line.ts';
import { median } from './statistics.ts';

/** How a figure is told: its name, the value in words, the aim and whether it was met. */
type Report = (name: string, value: string, aim?: string, met?: boolean) => void;

/**
 * Polls many slaves on one line as fast as it goes, and tells how much of the line's own limit that is and what it takes of
 * a core. The slaves and the line are one process, the gateway's acquisition another.
 */
export async function measureBus(runs: number, report: Report): Promise<void> {
  const results: BusResult[] = [];
  for (let run = 0; run < runs; run += 1) results.push(await oneRun());
  const rate = median(results.map(({ exchangesPerSecond }) => exchangesPerSecond));
  const ratio = (rate * EXCHANGE_MS) / 1000;
  const cpu = median(results.map((result) => result.cpu));
  const silenceMs = Math.min(...results.map((result) => result.shortestSilenceMs));
  const line = `${SLAVES} slaves × ${POINTS} points at 115200 baud`;
  report(line, `${rate.toFixed(1)} exchanges/s, ${Math.round(rate * POINTS)} values/s, ${ratio.toFixed(3)} of the line's limit (${(1000 / EXCHANGE_MS).toFixed(1)} exchanges/s)`, '≥ 0.90', ratio >= 0.9);
  report(`${line}, CPU of acquisition`, `${(cpu * 100).toFixed(1)} % of a core`, '< 15 %', cpu < 0.15);
  report(`${line}, shortest silence before a question`, `${silenceMs.toFixed(2)} ms`, '≥ 1.75 ms', silenceMs >= 1.75);
}

interface BusResult {
  readonly exchangesPerSecond: number;
  readonly cpu: number;
  readonly wrong: number;
  /** The fewest answers that any slave got in. */
  readonly least: number;
  readonly faults: number;
  readonly shortestSilenceMs: number;
}

async function oneRun(): Promise<BusResult> {
  const line = script('paced-line-process.ts');
  const silences: number[] = [];
  const lines = createInterface({ input: line.stdout ?? process.stdin });
  const [path] = (await once(lines, 'line')) as [string];
  lines.on('line', (text) => void silences.push((JSON.parse(text) as { shortestSilenceMs: number }).shortestSilenceMs));
  const program = builtProgram('bus-process');
  const gateway = started([program.path], path, '10');
  try {
    const [text] = (await once(createInterface({ input: gateway.stdout ?? process.stdin }), 'line')) as [string];
    const result = JSON.parse(text) as Omit<BusResult, 'shortestSilenceMs'>;
    if (result.wrong > 0 || result.least < 1) throw new Error(`the bus read wrong values or left slaves out: ${text}`);
    console.log(text);
    return { ...result, shortestSilenceMs: Math.min(...silences) };
  } finally {
    line.kill('SIGKILL');
    if (gateway.exitCode === null) await once(gateway, 'exit');
    program.remove();
  }
}

function script(name: string): ChildProcess {
  return started(['--import', 'tsx', fileOf(name)]);
}

function started(program: readonly string[], ...parameters: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...program, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
