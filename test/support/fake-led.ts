import { execFileSync } from 'node:child_process';
import { constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folders.ts';

/** A folder like those in /sys/class/leds. */
export interface FakeLed {
  readonly path: string;
  /** How long it was lit each time, in milliseconds, as far as that is over. */
  readonly flashes: readonly number[];
}

/** Makes an LED for the running test. Its brightness is a pipe, so that no write is missed; `broken` leaves it out. */
export function fakeLed({ broken = false } = {}): FakeLed {
  const path = join(temporaryFolder(), 'ACT');
  const flashes: number[] = [];
  mkdirSync(path);
  writeFileSync(join(path, 'trigger'), '[mmc0] none timer\n');
  writeFileSync(join(path, 'max_brightness'), '1\n');
  if (broken) return { path, flashes };
  const brightness = join(path, 'brightness');
  execFileSync('mkfifo', [brightness]);
  const written = new Socket({ fd: openSync(brightness, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false });
  onTestFinished(() => void written.destroy());
  let litAtMs: number | undefined;
  written.on('data', (chunk: Buffer) => {
    for (const written of chunk.toString('latin1')) {
      if (written === '1') litAtMs ??= performance.now();
      else if (litAtMs !== undefined) {
        flashes.push(performance.now() - litAtMs);
        litAtMs = undefined;
      }
    }
  });
  return { path, flashes };
}
