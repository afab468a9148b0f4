import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel counted for a process. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  /** Of its first thread alone, on which everything runs but the outbox and the garbage collector's own threads. */
  readonly mainThreadSeconds: number;
  readonly rssBytes: number;
  /** Bytes that the process handed to the block layer. */
  readonly blockBytes: number;
  /** Bytes that its write calls carried on the outbox's thread: the database and its WAL. */
  readonly outboxBytes: number;
}

/** Reads them from /proc. */
export function figuresOf(pid: number): ProcessFigures {
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    cpuSeconds: cpuSecondsOf(`/proc/${pid}/stat`),
    mainThreadSeconds: cpuSecondsOf(`/proc/${pid}/task/${pid}/stat`),
    rssBytes: Number(rss?.[1] ?? 0) * 1024,
    blockBytes: counter(`/proc/${pid}/io`, 'write_bytes'),
    outboxBytes: outboxThreadBytes(pid),
  };
}

function cpuSecondsOf(file: string): number {
  const stat = readFileSync(file, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The one process that another started. */
export function childOf(pid: number): number {
  const [child, ...more] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number);
  if (child === undefined || more.length > 0) throw new Error(`process ${pid} has ${more.length + (child === undefined ? 0 : 1)} children, not one`);
  return child;
}

/** The outbox's thread is the one that writes the most; the others write to sockets and the log. */
function outboxThreadBytes(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((task) => counter(`/proc/${pid}/task/${task}/io`, 'write_bytes'));
  const busiest = readdirSync(`/proc/${pid}/task`)[threads.indexOf(Math.max(...threads))];
  return busiest === undefined ? 0 : counter(`/proc/${pid}/task/${busiest}/io`, 'wchar');
}

function counter(file: string, name: string): number {
  const match = new RegExp(`^${name}: (\\d+)$`, 'm').exec(readFileSync(file, 'utf8'));
  return Number(match?.[1] ?? 0);
}

/** getconf CLK_TCK on Linux. */
const TICKS_PER_SECOND = 100;
