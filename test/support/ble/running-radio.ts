import { fileURLToPath, pathToFileURL } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../src/acquisition/stamp.ts';
import type { Advertisement } from '../../../src/driver-kit/advertisement.ts';
import type { RadioState, Whom } from '../../../src/driver-kit/radio.ts';
import { AdapterRadio, type AdapterRadioParts } from '../../../src/transports/ble/adapter-radio.ts';
import type { EmulatedController } from './controller.ts';

const PROGRAM = pathToFileURL(fileURLToPath(new URL('../../../dist/ble-radio.js', import.meta.url)));
export const TAG = 'C0:DE:C0:DE:00:77';
export const within = { timeout: 15_000, interval: 10 };
/** A flags structure, and BTHome's packet 42 with count 123,456. */
export const COUNT = Buffer.from('0201060B16D2FC40002A3E40E20100', 'hex');

/** A running radio, and what it heard. */
export interface Heard {
  readonly radio: AdapterRadio;
  readonly heard: Advertisement[];
  readonly states: RadioState[];
  /** How many bytes were left out of each. */
  readonly cutShort: number[];
}

/** A running radio for the running test, that hears a tag unless told otherwise. */
export function startRadio(controller: Pick<EmulatedController, 'path'>, { whom = [{ kind: 'address', address: TAG }], ...more }: Partial<AdapterRadioParts> & { readonly whom?: readonly Whom[] } = {}): Heard {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const radio = new AdapterRadio({
    adapter: { kind: 'uart', path: controller.path, baudRate: 1_000_000 },
    program: PROGRAM,
    silenceMs: 60_000,
    connectionsMax: 3,
    clock: systemClock(() => 'synced'),
    random: () => 0,
    log,
    ...more,
  });
  const heard: Advertisement[] = [];
  const states: RadioState[] = [];
  const cutShort: number[] = [];
  radio.listen({
    whom,
    heard(advertisement, cutShortBytes) {
      heard.push(advertisement);
      cutShort.push(cutShortBytes);
    },
    stateChanged: (state) => states.push(state),
  });
  const stop = new AbortController();
  const run = radio.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await run;
  });
  return { radio, heard, states, cutShort };
}

/** Until it hears: an adapter is powered a moment before it scans, and what is advertised meanwhile is heard by nobody. */
export async function untilHearing({ radio }: Heard, controller: Pick<EmulatedController, 'isScanning'>): Promise<void> {
  await vi.waitUntil(() => radio.state.kind === 'on' && controller.isScanning, within);
}
