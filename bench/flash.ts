import { join } from 'node:path';
import { bytesOf, rowOf } from '../src/outbox/row.ts';
import { meterOf, openOutbox, scanOf } from '../test/support/open-outbox.ts';
import { figuresOf } from './process-figures.ts';

/** What is written to the block layer for each byte that is to be kept, by how many readings share a commit. */
export async function measureFlash(folder: string, report: (name: string, value: string) => void): Promise<void> {
  for (const rows of [1, 10, 30]) {
    const scans = await written(join(folder, `flash-scans-${rows}`), rows, false);
    const meters = await written(join(folder, `flash-meters-${rows}`), rows, true);
    report(`flash, ${rows} ${rows === 1 ? 'reading' : 'readings'} a commit`, `${spoken(scans)}; meters with a note ${spoken(meters)}`);
  }
}

interface Written {
  readonly kibPerReading: number;
  /** Bytes written for each byte of the rows. */
  readonly amplification: number;
}

async function written(directory: string, rowsPerCommit: number, areMeters: boolean): Promise<Written> {
  const outbox = await openOutbox(directory, { commitsPerSecond: 1000 });
  const before = figuresOf(process.pid).blockBytes;
  let content = 0;
  for (let row = 0; row < ROWS; row += rowsPerCommit) {
    const readings = Array.from({ length: rowsPerCommit }, (_, index) => (areMeters ? meterOf(String(row + index), `hours-${index}`) : scanOf(`PUMP-${String(row + index).padStart(6, '0')}`)));
    for (const reading of readings) content += bytesOf(rowOf(reading));
    await outbox.record(readings, areMeters ? Object.fromEntries(readings.map((_, index) => [`meter/generator/hours-${index}`, NOTE])) : {});
  }
  const bytes = figuresOf(process.pid).blockBytes - before;
  await outbox.close();
  return { kibPerReading: bytes / ROWS / 1024, amplification: bytes / content };
}

function spoken({ kibPerReading, amplification }: Written): string {
  return `${kibPerReading.toFixed(2)} KiB each, ${amplification.toFixed(0)} times their bytes`;
}

/** Enough for several checkpoints at any size of commit, each of which writes pages a second time. */
const ROWS = 6000;
/** About as long as what is kept of a counter between its readings. */
const NOTE = 'x'.repeat(180);
