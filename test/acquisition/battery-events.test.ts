import { describe, expect, it } from 'vitest';
import { BatteryEvents } from '../../src/acquisition/battery-events.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { encodeJson } from '../../src/core/json.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { EventReading } from '../../src/core/reading.ts';

const STAMP = { wallMs: 1, monotonicMs: 1, bootId: 'boot', clock: 'synced' } as const;
const at = (level: number): readonly Observation[] => [{ kind: 'meter', meter: 'battery', quantity: 'battery-level', meterKind: 'gauge', value: Decimal.of(level), raw: '' }];

function told(heard: readonly { readonly device?: string; readonly level?: number; readonly batteryLow?: boolean }[]): readonly string[] {
  const events: EventReading[] = [];
  const battery = new BatteryEvents({ clock: { stamp: () => STAMP }, record: (event) => void events.push(event) });
  for (const { device = 'tag', level, batteryLow } of heard) battery.heard({ device, observations: level === undefined ? [] : at(level), batteryLow });
  return events.map(({ kind, device, content }) => `${kind} ${device ?? ''} ${encodeJson(content['level'] ?? null)}`);
}

describe('a low battery', () => {
  it('is told once at 15 %, however it sways about the limit', () => {
    expect(told([{ level: 16 }, { level: 15 }, { level: 14 }, { level: 16 }, { level: 15 }])).toEqual(['battery-low tag 15']);
  });

  it('is told again after a change of battery', () => {
    expect(told([{ level: 15 }, { level: 100 }, { level: 10 }])).toEqual(['battery-low tag 15', 'battery-low tag 10']);
  });

  it('is what the device says, whatever its level', () => {
    expect(told([{ level: 90, batteryLow: true }, { level: 10, batteryLow: false }])).toEqual(['battery-low tag 90']);
    expect(told([{ batteryLow: true }, { batteryLow: true }, { batteryLow: false }, { batteryLow: true }])).toEqual(['battery-low tag null', 'battery-low tag null']);
  });

  it('is told of each device, and not of one that says nothing', () => {
    expect(told([{ device: 'a', level: 5 }, { device: 'b', level: 5 }, { device: 'c' }])).toEqual(['battery-low a 5', 'battery-low b 5']);
  });
});
