import type { EventReading, Stamp } from '../core/reading.ts';
import type { EpochBegun } from '../metering/meter-sense.ts';

/** The `meter-replaced` event of an epoch that began (docs/mqtt-contract.md). */
export function epochReading({ device, meter, asset, unit, epoch, cause, last, first }: EpochBegun, stamp: Stamp): EventReading {
  const lastTime = last === undefined || last.at.clock === 'unsynced' ? undefined : new Date(last.at.wallMs).toISOString();
  return { kind: 'meter-replaced', device, stamp, content: { device, meter, asset, unit, epoch, cause, last: last?.value, lastTime, first } };
}
