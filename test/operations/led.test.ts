import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Led, type LedWord } from '../../src/operations/led.ts';
import { kernelLed } from '../../src/operations/led-files.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/folders.ts';
import { SILENT } from '../support/open-outbox.ts';

/** An LED on a fake clock, which keeps how long it was lit and dark, in milliseconds. */
async function lamp({ isDelivered = true, fails = undefined as Error | undefined } = {}) {
  const clock = new FakeClock();
  const flashes: number[] = [];
  const state = { isDelivered, fails, stuck: false, takes: 0, lit: false, sinceMs: 0, writes: 0, changes: 0 };
  const led = new Led({
    path: '/sys/class/leds/ACT',
    clock,
    log: SILENT,
    isDelivered: () => state.isDelivered,
    changed: () => (state.changes += 1),
    lamp: {
      take: () => {
        state.takes += 1;
        return state.fails === undefined ? Promise.resolve() : Promise.reject(state.fails);
      },
      async set(isLit) {
        state.writes += 1;
        if (state.stuck) await new Promise(() => undefined);
        if (state.fails !== undefined) throw state.fails;
        if (state.lit && !isLit) flashes.push(clock.monotonicMs() - state.sinceMs);
        state.lit = isLit;
        state.sinceMs = clock.monotonicMs();
      },
    },
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const running = led.run(stop.signal);
  await clock.advance(0);
  return { led, clock, flashes, state, stop: () => stop.abort(), running };
}

const STORED = [800];
const DELIVERED = [150, 150];
const QUESTIONED = [800, 150, 150, 150];
const REFUSED = Array.from({ length: 16 }, () => 50);

describe("the box's own LED", () => {
  it.each<[LedWord, readonly number[]]>([['stored', STORED], ['questioned', QUESTIONED], ['refused', REFUSED]])('shows %s with a pattern of its own, then is dark', async (word, expected) => {
    const { led, clock, flashes, state } = await lamp({ isDelivered: false });
    led.show(word);
    await clock.advance(1990);
    expect(flashes.slice(0, expected.length)).toEqual(expected);
    expect(state.lit).toBe(false);
  });

  it('shows that everything is delivered once, and only after something was stored', async () => {
    const { led, clock, flashes } = await lamp();
    await clock.advance(10_000);
    expect(flashes).toEqual([]);
    led.show('stored');
    await clock.advance(30_000);
    expect(flashes).toEqual([...STORED, ...DELIVERED]);
  });

  it('blinks shortly every two seconds while something waits to be delivered', async () => {
    const { led, clock, flashes, state } = await lamp({ isDelivered: false });
    led.show('stored');
    await clock.advance(12_000);
    expect(flashes[0]).toBe(800);
    expect(flashes.slice(1).every((ms) => ms === 50)).toBe(true);
    expect(flashes.slice(1).length).toBeGreaterThanOrEqual(4);
    expect(flashes.slice(1).length).toBeLessThanOrEqual(6);
    state.isDelivered = true;
    await clock.advance(2000);
    expect(flashes.slice(-2)).toEqual(DELIVERED);
  });

  it('shows what is refused at once, in the midst of another word', async () => {
    const { led, clock, flashes } = await lamp();
    led.show('stored');
    await clock.advance(100);
    led.show('refused');
    await clock.advance(300);
    led.show('stored');
    await clock.advance(4000);
    expect(flashes).toEqual([150, ...REFUSED.slice(1), ...STORED, ...DELIVERED]);
  });

  it('keeps of any number of words one that is shown and the worst of the others, and holds nothing up', async () => {
    const { led, clock, flashes, state } = await lamp();
    for (let round = 0; round < 100_000; round += 1) led.show(round === 500 ? 'questioned' : 'stored');
    expect(clock.timers).toBeLessThan(4);
    await clock.advance(20_000);
    expect(flashes).toEqual([...STORED, ...QUESTIONED, ...DELIVERED]);
    expect(state.writes).toBeLessThan(20);
  });

  it('that takes no write has one under way, is told as failing, and is left alone at the end', async () => {
    const { led, clock, state, stop, running } = await lamp();
    Object.assign(state, { stuck: true, writes: 0 });
    for (let round = 0; round < 20; round += 1) {
      led.show('stored');
      await clock.advance(500);
    }
    expect(led.report()).toEqual({ path: '/sys/class/leds/ACT', state: 'failing', why: 'it has taken nothing for 2 s' });
    expect(state.writes).toBe(1);
    stop();
    await running;
  });

  it('that is not there is told with what to do, and tried again', async () => {
    const { led, clock, state, flashes } = await lamp({ fails: Object.assign(new Error('no'), { code: 'EACCES' }) });
    expect(led.report()).toMatchObject({ state: 'failing', why: '/sys/class/leds/ACT may not be written (EACCES). Install systemd/tailgate.service.d/led.conf, as docs/scanning.md says' });
    led.show('stored');
    await clock.advance(25_000);
    expect(state).toMatchObject({ takes: 3, changes: 1 });
    state.fails = undefined;
    await clock.advance(10_000);
    expect(led.report()).toMatchObject({ state: 'open', why: undefined });
    led.show('stored');
    await clock.advance(900);
    expect(flashes.slice(-1)).toEqual(STORED);
    state.fails = Object.assign(new Error('no'), { code: 'ENODEV' });
    led.show('stored');
    await clock.advance(1000);
    expect(led.report()).toMatchObject({ state: 'failing', why: 'no' });
  });

  it('is dark at the end', async () => {
    const { led, clock, state, stop, running } = await lamp();
    led.show('stored');
    await clock.advance(100);
    expect(state.lit).toBe(true);
    stop();
    await running;
    expect(state.lit).toBe(false);
  });
});

describe('an LED of the kernel', () => {
  function folder(files: Readonly<Record<string, string>>): string {
    const path = join(temporaryFolder(), 'ACT');
    mkdirSync(path);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    return path;
  }

  it('is taken from its trigger and lit as brightly as it can be', async () => {
    const path = folder({ trigger: '[mmc0] none timer\n', max_brightness: '31\n', brightness: '0\n' });
    const led = kernelLed(path);
    await led.take();
    expect(readFileSync(join(path, 'trigger'), 'utf8')).toBe('none');
    await led.set(true);
    expect(readFileSync(join(path, 'brightness'), 'utf8')).toBe('31');
    await led.set(false);
    expect(readFileSync(join(path, 'brightness'), 'utf8')).toBe('0');
  });

  it('needs no triggers, and makes no file where there is none', async () => {
    const path = folder({ max_brightness: '1\n' });
    const led = kernelLed(path);
    await led.take();
    await expect(led.set(true)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(join(path, 'brightness'))).toBe(false);
    await expect(kernelLed(join(path, 'other')).take()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  // Not as root, for whom no file is closed; the words for it are tested above with a lamp that refuses.
  it.skipIf(process.getuid?.() === 0)('that may not be written is an error (not as root, who may everything)', async () => {
    const path = folder({ max_brightness: '1\n', trigger: 'none\n' });
    chmodSync(join(path, 'trigger'), 0o444);
    await expect(kernelLed(path).take()).rejects.toMatchObject({ code: 'EACCES' });
  });
});
