import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LinkError } from '../../../src/core/errors.ts';
import { openTerminalIo, TERMINAL_IO_PLACES } from '../../../src/transports/ble/terminal-io.ts';
import { FakeGattLink } from '../../support/ble/fake-radio.ts';

const [DATA_RX, DATA_TX, CREDITS_RX, CREDITS_TX] = TERMINAL_IO_PLACES.map(({ characteristic }) => characteristic) as [string, string, string, string];
const STALL_MS = 10_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream over a device that the test is. */
async function opened() {
  const device = new FakeGattLink('ble scanner', TERMINAL_IO_PLACES);
  const received: string[] = [];
  const link = await openTerminalIo(device, (chunk) => received.push(Buffer.from(chunk).toString('latin1')), STALL_MS);
  const sends = (text: string): void => device.notify(DATA_TX, Buffer.from(text, 'latin1'));
  const grants = (credits: number): void => device.notify(CREDITS_TX, Uint8Array.of(credits));
  const packets = (): readonly string[] => device.writtenTo(DATA_RX).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const granted = (): readonly number[] => device.writtenTo(CREDITS_RX).map(([credits = 0]) => credits);
  return { device, link, received, sends, grants, packets, granted };
}

describe('a Terminal I/O stream', () => {
  it('subscribes to credits, then to data, then grants credits', async () => {
    const { device } = await opened();
    expect(device.calls).toEqual([`subscribe ${CREDITS_TX}`, `subscribe ${DATA_TX}`, `write ${CREDITS_RX}`]);
  });

  it('grants more before the device has used up what it was granted, as much as it used', async () => {
    const { sends, granted, received } = await opened();
    expect(granted()).toEqual([32]);
    for (let packet = 0; packet < 15; packet += 1) sends('x');
    await vi.advanceTimersByTimeAsync(0);
    expect(granted()).toEqual([32]);
    sends('x');
    await vi.advanceTimersByTimeAsync(0);
    expect(granted()).toEqual([32, 16]);
    for (let packet = 0; packet < 320; packet += 1) {
      sends('y');
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(granted()).toHaveLength(22);
    expect(received.join('')).toBe('x'.repeat(16) + 'y'.repeat(320));
  });

  it('takes what comes without a credit too, and grants once at a time', async () => {
    const { device, sends, granted, received } = await opened();
    const release = device.holdWrites();
    for (let packet = 0; packet < 100; packet += 1) sends('z');
    await vi.advanceTimersByTimeAsync(0);
    expect(granted()).toEqual([32, 16]);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(granted().slice(0, 3)).toEqual([32, 16, 32]);
    expect(received.join('')).toHaveLength(100);
  });

  it('writes in packets of 20 bytes, each for a credit, and waits when there is none', async () => {
    const { link, grants, packets } = await opened();
    grants(2);
    let isDone = false;
    const writing = link.write(Buffer.from('a'.repeat(20) + 'b'.repeat(20) + 'c'.repeat(5))).then(() => (isDone = true));
    await vi.advanceTimersByTimeAsync(STALL_MS - 1);
    expect(packets()).toEqual(['a'.repeat(20), 'b'.repeat(20)]);
    expect(isDone).toBe(false);
    grants(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone).toBe(false);
    grants(1);
    await writing;
    expect(packets()).toEqual(['a'.repeat(20), 'b'.repeat(20), 'ccccc']);
  });

  it('adds credits to those that are left, and writes one text after the other', async () => {
    const { link, grants, packets } = await opened();
    const first = link.write(Buffer.from('first'));
    const second = link.write(Buffer.from('second'));
    grants(1);
    await first;
    expect(packets()).toEqual(['first']);
    grants(1);
    grants(1);
    await second;
    await link.write(Buffer.from('third'));
    expect(packets()).toEqual(['first', 'second', 'third']);
  });

  it('gives up a device that grants nothing for long', async () => {
    const { device, link } = await opened();
    const refused = link.write(Buffer.from('x')).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(STALL_MS);
    expect(await refused).toMatchObject({ message: 'ble scanner: the device takes nothing: it granted no credit for 10 s. It is connected to anew; if that goes on, switch it off and on' });
    expect(device.isOpen).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects a write that waits for a credit when the device goes, and leaves no timer behind', async () => {
    const { device, link } = await opened();
    const refused = link.write(Buffer.from('x')).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(100);
    const fault = new LinkError({ where: 'ble scanner', what: 'the device disconnected' });
    device.lose(fault);
    expect(await refused).toBe(fault);
    expect(await link.closed).toBe(fault);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes an empty or a long indication for the credits in its first byte', async () => {
    const { device, link, packets } = await opened();
    device.notify(CREDITS_TX, new Uint8Array());
    const writing = link.write(Buffer.from('x'));
    await vi.advanceTimersByTimeAsync(10);
    expect(packets()).toEqual([]);
    device.notify(CREDITS_TX, Uint8Array.of(1, 255, 255));
    await writing;
    expect(packets()).toEqual(['x']);
  });

  it('rejects where the device refuses a subscription', async () => {
    const device = new FakeGattLink('ble scanner', TERMINAL_IO_PLACES);
    device.refuses = `subscribe ${DATA_TX}`;
    await expect(openTerminalIo(device, () => undefined)).rejects.toThrow('ble scanner: refused');
  });
});
