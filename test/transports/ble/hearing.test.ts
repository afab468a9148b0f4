import { expect, it, onTestFinished, vi } from 'vitest';
import { Hearing } from '../../../src/transports/ble/child/hearing.ts';
import type { FromRadio } from '../../../src/transports/ble/messages.ts';

const TAG = 'C0:DE:C0:DE:00:77';
/** Four batches of 256 under way, and one that waits. */
const ROOM = 5 * 256;

it('a gateway that takes nothing has what there is no room for counted, and all that there was room for afterwards', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const sent: Extract<FromRadio, { kind: 'heard' }>[] = [];
  const taken: (() => void)[] = [];
  const hearing = new Hearing((message, done) => {
    if (message.kind === 'heard') sent.push(message);
    taken.push(done);
  });
  hearing.filter = { addresses: [TAG], irks: [] };
  for (let packet = 0; packet < ROOM + 100; packet += 1) hearing.take({ address: TAG, addressType: 'random', connectable: false, rssi: -60, bytes: Uint8Array.of(packet & 0xff, packet >> 8) });
  await vi.advanceTimersByTimeAsync(1000);
  expect(sent).toHaveLength(4);
  while (taken.length > 0) {
    taken.shift()?.();
    await vi.advanceTimersByTimeAsync(1000);
  }
  const numbers = sent.flatMap(({ reports }) => reports.map(({ bytes }) => (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0)));
  expect(numbers).toEqual(Array.from({ length: ROOM }, (_, number) => number));
  expect(sent.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(100);
  expect(sent.reduce((sum, { heard }) => sum + heard, 0)).toBe(ROOM + 100);
});
