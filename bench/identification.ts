import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { DecodingFigure } from './decoding-process.ts';
import { median } from './statistics.ts';

/** How a figure is told: its name, the value in words, the aim and whether it was met. */
type Report = (name: string, value: string, aim?: string, met?: boolean) => void;

/** Tells how many scans a second one core can interpret, of each kind. */
export function measureDecoding(runs: number, report: Report): void {
  const program = built('decoding-process.ts');
  try {
    const all = Array.from({ length: runs }, () => figuresOf(program));
    for (const [index, { name }] of (all[0] ?? []).entries()) {
      const rate = median(all.map((figures) => figures[index]?.perSecond ?? Number.NaN));
      const aim = AIMS.find(([kind]) => name.startsWith(kind))?.[1];
      report(`interpreted: ${name}`, `${Math.round(rate)} scans/s of a core`, aim === undefined ? '' : `≥ ${aim}`, aim === undefined ? undefined : rate >= aim);
    }
  } finally {
    rmSync(program, { force: true });
  }
}

/** A plant's scanners with all that can be set: AIM identifiers, rules, a list of assets, repeats, context and feedback. */
export const everything = {
  /** Writes the list of assets and gives the lines of the configuration. */
  configuration(folder: string, ports: number, codes: number): string {
    const assets = Array.from({ length: ports * codes }, (_, index) => assetOf(Math.floor(index / codes), index % codes));
    writeFileSync(join(folder, 'assets.csv'), `code,role\n${assets.map((asset) => `${asset},asset`).join('\n')}\n`);
    return `scans: { contextTimeout: 10 h, rules: [{ role: badge, pattern: "B-[0-9]{4}" }, { role: work-order, prefix: WO- }, { role: part, ai: "21" }, { role: asset, prefix: PUMP-, list: assets.csv }] }\n`;
  },
  device: 'aim: always, repeatWindow: 300 ms, contextGroup: crew',
  /** Codes that come faster than any person's are answered later than a scanner would wait. */
  feedback: 'feedback: zebra-ack-nak, answerWithin: 60 s',
  /** What is scanned first on each port, so that all that follows has a context. */
  context: [']C0B-1138', ']C0WO-204711', ']C0TG!REPAIR'],
  /** Codes of their own, of which every fourth is GS1's and every 500th a new work order; one in ten is read twice at once. */
  lines(port: number, count: number): readonly string[] {
    return Array.from({ length: count }, (_, index) => (index % 10 === 9 ? `${lineOf(port, index)}\r${lineOf(port, index)}` : lineOf(port, index)));
  },
};

function lineOf(port: number, index: number): string {
  if (index % 500 === 499) return `]C0WO-${port}-${number(index)}`;
  return index % 4 === 3 ? `]C1010952012345678821L${port}-${number(index)}` : `]C0${assetOf(port, index)}`;
}

function assetOf(port: number, index: number): string {
  return `PUMP-${port}-${number(index)}`;
}

function number(index: number): string {
  return String(index).padStart(7, '0');
}

function figuresOf(program: string): readonly DecodingFigure[] {
  const lines = execFileSync(process.execPath, [program], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as DecodingFigure);
}

/** As the gateway is: in one file, without what the development runner adds to each function. */
function built(name: string): string {
  const file = fileOf(`../dist/bench-${process.pid}.mjs`);
  mkdirSync(fileOf('../dist'), { recursive: true });
  buildSync({ entryPoints: [fileOf(name)], outfile: file, bundle: true, platform: 'node', target: 'node20.19', format: 'esm', packages: 'external', logLevel: 'warning' });
  return file;
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Of the kinds whose name begins so. */
const AIMS: readonly (readonly [kind: string, perSecond: number])[] = [
  ['plain', 200_000],
  ['GS1', 60_000],
  ['EPC', 150_000],
];
