import { constants, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../core/errors.ts';

/** Something that can be lit. */
export interface Lamp {
  /** Takes it from whatever drives it by itself. Rejects with the system's error. */
  take(): Promise<void>;
  /** Lights or darkens it. Rejects with the system's error. */
  set(isLit: boolean): Promise<void>;
}

/**
 * An LED of the kernel's LED class, by its folder (Linux, Documentation/leds/leds-class.rst and
 * Documentation/ABI/testing/sysfs-class-led): `trigger` says what drives it, `brightness` goes from 0 to `max_brightness`.
 */
export function kernelLed(folder: string): Lamp {
  let brightest = '1';
  return {
    async take() {
      brightest = brightnessOf(await readFile(join(folder, 'max_brightness'), 'utf8'));
      await write(join(folder, 'trigger'), 'none').catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error; // a kernel without triggers
      });
    },
    set: (isLit) => write(join(folder, 'brightness'), isLit ? brightest : '0'),
  };
}

/** Why an LED cannot be driven, and what to do, in words. */
export function spokenLedFault(folder: string, error: unknown): string {
  const code = codeOf(error) ?? '';
  if (code === 'ENOENT') return `${folder} does not exist. \`ls /sys/class/leds\` shows the LEDs that there are`;
  if (NOT_ALLOWED.includes(code)) return `${folder} may not be written (${code}). Install systemd/tailgate.service.d/led.conf, as docs/scanning.md says`;
  return messageOf(error);
}

/** Never makes a file where there is no LED, and never waits for one that nobody reads. */
async function write(file: string, text: string): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_TRUNC | constants.O_NONBLOCK);
  try {
    await handle.write(text);
  } finally {
    await handle.close();
  }
}

function brightnessOf(text: string): string {
  const brightness = Number(text.trim());
  return Number.isSafeInteger(brightness) && brightness > 0 ? String(brightness) : '1';
}

const NOT_ALLOWED: readonly string[] = ['EACCES', 'EPERM', 'EROFS'];
