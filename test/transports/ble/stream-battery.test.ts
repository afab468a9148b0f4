import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BATTERY, StreamBattery } from '../../../src/transports/ble/stream-battery.ts';
import { FakeGattLink } from '../../support/ble/fake-radio.ts';

const HOUR_MS = 3_600_000;

function scanner(level: number | undefined): FakeGattLink {
  const link = new FakeGattLink('ble scanner', level === undefined ? [] : [BATTERY]);
  if (level !== undefined) link.values.set(BATTERY.characteristic, Uint8Array.of(level));
  return link;
}

describe('the battery of a device that carries bytes', () => {
  it('is told at once and each hour until the device is gone, and leaves no timer behind', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const levels: number[] = [];
    const link = scanner(80);
    const watching = new StreamBattery((level) => levels.push(level)).watch(link);
    await vi.advanceTimersByTimeAsync(HOUR_MS - 1);
    expect(levels).toEqual([80]);
    link.values.set(BATTERY.characteristic, Uint8Array.of(79));
    await vi.advanceTimersByTimeAsync(1);
    expect(levels).toEqual([80, 79]);
    await link.close();
    await watching;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is asked for where there is one only, and more than 100 % is no level', async () => {
    const levels: number[] = [];
    const battery = new StreamBattery((level) => levels.push(level));
    const [none, odd] = [scanner(undefined), scanner(101)];
    await battery.watch(none);
    expect(none.calls).toEqual([]);
    const watching = battery.watch(odd);
    await vi.waitUntil(() => odd.calls.length === 1);
    await odd.close();
    await watching;
    expect(levels).toEqual([]);
  });

  it('is asked for three times and no more where the device refuses, since each time costs the connection', async () => {
    const battery = new StreamBattery(() => undefined);
    const links = Array.from({ length: 5 }, () => scanner(80));
    for (const link of links) {
      link.refuses = `read ${BATTERY.characteristic}`;
      await battery.watch(link);
    }
    expect(links.map(({ isOpen }) => isOpen)).toEqual([false, false, false, true, true]);
  });

  it('may be refused in order, which costs nothing', async () => {
    const link = scanner(80);
    link.declines = `read ${BATTERY.characteristic}`;
    await new StreamBattery(() => undefined).watch(link);
    expect(link.isOpen).toBe(true);
  });
});
