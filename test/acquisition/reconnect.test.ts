import { describe, expect, it } from 'vitest';
import { keepOpen } from '../../src/acquisition/reconnect.ts';
import { LinkError } from '../../src/core/errors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeTransport } from '../support/fake-transport.ts';

function keep(transport: ReturnType<typeof fakeTransport>, random = () => 1) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const retries: number[] = [];
  const visits: string[][] = [];
  const running = keepOpen({
    transport,
    clock,
    random,
    signal: stop.signal,
    failed: (_, retryMs) => retries.push(retryMs),
    visit() {
      const chunks: string[] = [];
      visits.push(chunks);
      return {
        receive: (chunk) => chunks.push(Buffer.from(chunk).toString()),
        use: (_, gone) => new Promise((resolve) => gone.addEventListener('abort', () => resolve())),
      };
    },
  });
  return { clock, stop, retries, visits, running };
}

describe('keeping a link open', () => {
  it('waits longer after each failure, at random up to a bound that stops at ten seconds', async () => {
    const transport = fakeTransport();
    transport.refuse = true;
    const { clock, retries, stop, running } = keep(transport);
    await clock.advance(60_000);
    expect(retries.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    stop.abort();
    await running;
  });

  it('starts with short waits again after a link that lasted', async () => {
    const transport = fakeTransport();
    transport.refuse = true;
    const { clock, retries, stop, running } = keep(transport);
    await clock.advance(5000);
    transport.refuse = false;
    await clock.advance(30_000);
    transport.links.at(-1)?.lose(new LinkError({ where: 'fake', what: 'hung up' }));
    await clock.advance(0);
    expect(retries.at(-1)).toBe(500);
    stop.abort();
    await running;
  });

  it('gives every link a visit of its own', async () => {
    const transport = fakeTransport();
    const { clock, visits, stop, running } = keep(transport);
    await clock.advance(0);
    transport.links[0]?.receive('before');
    transport.links[0]?.lose(new LinkError({ where: 'fake', what: 'hung up' }));
    await clock.advance(1000);
    transport.links[1]?.receive('after');
    expect(visits).toEqual([['before'], ['after']]);
    stop.abort();
    await running;
  });

  it('closes the link when it is told to stop', async () => {
    const transport = fakeTransport();
    const { clock, stop, running } = keep(transport);
    await clock.advance(0);
    stop.abort();
    await running;
    expect(transport.links.map(({ open }) => open)).toEqual([false]);
    expect(clock.timers).toBe(0);
  });

  it('closes a link that its visit finds broken before it opens another, and tells what the visit found', async () => {
    const transport = fakeTransport();
    const clock = new FakeClock();
    const stop = new AbortController();
    const told: string[] = [];
    const running = keepOpen({
      transport,
      clock,
      random: () => 1,
      signal: stop.signal,
      failed: ({ what }) => told.push(what),
      visit: () => ({
        receive: () => undefined,
        use: () => Promise.reject(new LinkError({ where: 'fake', what: 'a write hung' })),
      }),
    });
    await clock.advance(0);
    expect(transport.links.map(({ open }) => open)).toEqual([false]);
    expect(told).toEqual(['a write hung']);
    await clock.advance(500);
    expect(transport.links.map(({ open }) => open)).toEqual([false, false]);
    stop.abort();
    await running;
  });

  it('lets a bug out', async () => {
    const broken = { name: 'broken', open: () => Promise.reject(new TypeError('a bug')) };
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const running = keepOpen({ transport: broken, clock, random: () => 1, signal, failed: () => undefined, visit: () => ({ receive: () => undefined, use: async () => undefined }) });
    await expect(running).rejects.toThrow('a bug');
  });
});
