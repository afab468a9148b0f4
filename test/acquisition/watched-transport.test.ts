import { describe, expect, it } from 'vitest';
import { watchedTransport } from '../../src/acquisition/watched-transport.ts';
import { Deadlines } from '../../src/core/deadlines.ts';
import type { Link } from '../../src/driver-kit/link.ts';
import { FakeClock } from '../support/fake-clock.ts';

const NEVER = new Promise<never>(() => undefined);
const SIGNAL = new AbortController().signal;

function started(link: Partial<Link> | Promise<never>): { clock: FakeClock; deadlines: Deadlines; open: () => Promise<Link> } {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const whole = { name: '/dev/ttyUSB0', write: () => Promise.resolve(), close: () => Promise.resolve(), closed: NEVER };
  const transport = watchedTransport({ name: 'serial cab', open: () => (link instanceof Promise ? link : Promise.resolve({ ...whole, ...link })) }, deadlines);
  return { clock, deadlines, open: () => transport.open(() => undefined, SIGNAL) };
}

describe('a watched transport', () => {
  it('is one whose links can die unnoticed where the transport itself is', () => {
    for (const endsUnnoticed of [true, undefined]) {
      expect(watchedTransport({ name: 'tcp moxa:1', endsUnnoticed, open: () => NEVER }, new Deadlines(new FakeClock())).endsUnnoticed).toBe(endsUnnoticed);
    }
  });

  it('is never overdue while links are open, however long, and idle', async () => {
    const { clock, deadlines, open } = started({});
    const link = await open();
    await link.write(new Uint8Array(1));
    await clock.advance(86_400_000);
    await link.close();
    await clock.advance(86_400_000);
    expect(deadlines.overdue()).toBeUndefined();
  });

  it.each<[string, Partial<Link> | Promise<never>, (open: () => Promise<Link>) => Promise<unknown>, number]>([
    ['opening', NEVER, (open) => open(), 60_000],
    ['writing', { write: () => NEVER }, async (open) => (await open()).write(new Uint8Array(1)), 90_000],
    ['closing', { close: () => NEVER }, async (open) => (await open()).close(), 30_000],
  ])('is overdue when %s takes three times as long as it may, and not before', async (what, link, use, afterMs) => {
    const { clock, deadlines, open } = started(link);
    void use(open);
    await clock.advance(0);
    await clock.advance(afterMs);
    expect(deadlines.overdue()).toBeUndefined();
    await clock.advance(1);
    expect(deadlines.overdue()).toBe(`serial cab: ${what} has taken ${afterMs / 1000} s, and should within ${afterMs / 3000} s`);
  });

  it('is overdue no longer when it fails after all, and hands the fault on', async () => {
    let fail = (): void => undefined;
    const { clock, deadlines, open } = started(new Promise<never>((_resolve, reject) => (fail = () => reject(new Error('gone')))));
    const opening = open();
    await clock.advance(61_000);
    expect(deadlines.overdue()).toBeDefined();
    fail();
    await expect(opening).rejects.toThrow('gone');
    expect(deadlines.overdue()).toBeUndefined();
  });
});
