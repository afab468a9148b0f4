import type { ScanObservation } from '../src/core/observation.ts';
import { type Pattern, readPattern } from '../src/core/pattern.ts';
import type { ScanRule } from '../src/core/scan-rule.ts';
import { understoodScan } from '../src/identification/understood-scan.ts';
import { paddedBytes, sevenBits } from '../test/support/epc-encoder.ts';

/**
 * Run as a process of its own by `bench/identification.ts`: what scans mean, from their bytes to the content that is stored, as
 * often as one core can say it. Prints one figure of `DecodingFigure` a line. Each code differs from the one before.
 */
const [count = '200000'] = process.argv.slice(2);

/** What was interpreted, and how often a second in CPU time of this process. */
export interface DecodingFigure {
  readonly name: string;
  readonly perSecond: number;
}

const BATCH = 1000;

const RULES: readonly ScanRule[] = [
  { role: 'badge', prefix: 'B-' },
  { role: 'work-order', pattern: patternOf('WO-[0-9]{6}') },
  { role: 'location', ai: '414' },
  { role: 'asset', ai: '8004' },
  { role: 'asset', prefix: 'PUMP-', list: { name: 'assets.csv', codes: new Map(Array.from({ length: 20_000 }, (_, index) => [`PUMP-${number(index)}`, undefined])) } },
];

/** A prefix of 7 digits, an item of 6: what stands on a tag before its serial, header, filter and partition first. */
const SGTIN_198_HEAD = BigInt('0x3674257BF6B7A659').toString(2).padStart(64, '0').slice(0, 58);

const KINDS: readonly { readonly name: string; readonly rules?: readonly ScanRule[]; readonly scan: (index: number) => Omit<ScanObservation, 'kind'> }[] = [
  { name: 'plain', scan: (index) => ({ bytes: bytesOf(`PUMP-${number(index)}`) }) },
  { name: 'plain, with rules and a list of 20,000', rules: RULES, scan: (index) => ({ aim: ']C0', bytes: bytesOf(`PUMP-${number(index % 20_000)}`) }) },
  { name: 'GS1, article, expiry, lot and serial', scan: (index) => ({ aim: ']C1', bytes: bytesOf(`01095201234567881727123110LOT${index % 10}\x1d21${number(index)}`) }) },
  { name: 'GS1, asset', scan: (index) => ({ aim: ']C1', bytes: bytesOf(`80040614141${number(index)}`) }) },
  { name: 'GS1 Digital Link', scan: (index) => ({ aim: ']Q1', bytes: bytesOf(`https://id.example.com/01/09520123456788/21/${number(index)}?17=271231`) }) },
  { name: 'EPC, SGTIN-96', scan: (index) => tagOf(Buffer.from(`3074257BF7194E40${index.toString(16).padStart(8, '0')}`, 'hex')) },
  { name: 'EPC, GIAI-96', scan: (index) => tagOf(Buffer.from(`3474257BF4000000${index.toString(16).padStart(8, '0')}`, 'hex')) },
  { name: 'EPC, SGTIN-198', scan: (index) => tagOf(paddedBytes(SGTIN_198_HEAD + sevenBits(`32a/${number(index)}`, 140))) },
];

for (const kind of KINDS) console.log(JSON.stringify(figure(kind, Number(count))));

/** In batches, so that what waits to be understood does not fill the memory that is measured. */
function figure({ name, rules = [], scan }: (typeof KINDS)[number], total: number): DecodingFigure {
  let [understood, microseconds] = [0, 0];
  for (let from = 0; from < total; from += BATCH) {
    const scans = Array.from({ length: BATCH }, (_, index): ScanObservation => ({ kind: 'scan', ...scan(from + index) }));
    const before = process.cpuUsage(); // of this process alone: others may want the core too
    for (const one of scans) {
      const { content } = understoodScan(one, { device: 'scanner-1', rules });
      if (content.identity !== undefined && content.valid !== false) understood += 1;
    }
    const { user, system } = process.cpuUsage(before);
    microseconds += user + system;
  }
  if (understood !== total) throw new Error(`${name}: ${understood} of ${total} were understood`);
  return { name, perSecond: total / (microseconds / 1e6) };
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function tagOf(epc: Uint8Array): Pick<ScanObservation, 'bytes' | 'binary' | 'tag'> {
  return { bytes: new Uint8Array(epc), binary: true, tag: { pc: (epc.length >> 1) << 11, rssi: -55, antenna: 1 } };
}

function number(index: number): string {
  return String(index).padStart(7, '0');
}

function patternOf(source: string): Pattern {
  const pattern = readPattern(source);
  if ('what' in pattern) throw new Error(pattern.what);
  return pattern;
}
