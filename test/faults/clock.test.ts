import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { Receiver } from '../../demo/receiver.ts';
import { checkContract, expectContractKept } from '../support/contract.ts';
import { ROOT } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { ModbusSlave } from '../support/modbus-slave.ts';
import { fakePrograms } from '../support/programs.ts';
import { openPty } from '../support/pty.ts';

const FAKETIME = ['x86_64', 'aarch64', 'arm'].map((machine) => `/usr/lib/${machine}-linux-gnu${machine === 'arm' ? 'eabihf' : ''}/faketime/libfaketimeMT.so.1`).find((file) => existsSync(file));

const { built } = JSON.parse(readFileSync(new URL('../../dist/package.json', import.meta.url), 'utf8')) as { built: string };
const MINUTE_MS = 60_000;

interface Event {
  readonly type: string;
  readonly id: string;
  readonly subject: string;
  readonly time: string;
  readonly data: { readonly text?: string; readonly quality?: string; readonly reason?: string; readonly clock: { readonly state: string }; readonly before?: string; readonly state?: string };
}

/** A gateway whose system clock is off by what stands in a file, and is vouched for by what stands in another. */
async function started(offset: string, says = 'no'): Promise<{ scan: (text: string) => Promise<Event>; setClock: (offset: string) => void; vouch: (says: string) => void; events: Event[]; clockState: () => Promise<unknown>; gateway: TestGateway }> {
  const broker = await DemoBroker.start();
  onTestFinished(() => broker.close());
  const receiver = await Receiver.connect(broker.url, { root: ROOT });
  onTestFinished(() => receiver.close());
  expectContractKept();
  const events: Event[] = [];
  const sent = new Map<string, Event>();
  receiver.inspect = (suffix, payload) => {
    checkContract(suffix, payload);
    const event = JSON.parse(payload.toString('utf8')) as Partial<Event>;
    if (event.id !== undefined) sent.set(event.id, event as Event);
  };
  receiver.counted = ({ sequence }) => {
    const event = sent.get(`${sequence}`);
    if (event !== undefined) events.push(event);
  };
  const scanner = openPty();
  onTestFinished(() => scanner.close());
  const { folder, path } = fakePrograms({ timedatectl: 'cat "$(dirname "$0")/says"', chronyc: 'exit 1' });
  const clockFile = join(temporaryFolder(), 'offset');
  const setClock = (text: string): void => writeFileSync(clockFile, `${text}\n`);
  const vouch = (says: string): void => writeFileSync(join(folder, 'says'), says);
  setClock(offset);
  vouch(says);
  const meter = openPty();
  onTestFinished(() => meter.close());
  const slave = new ModbusSlave({ address: 10, send: (bytes) => void meter.write(bytes), register: (address) => ({ 1798: 0x02a6, 1799: 0x2190 })[address] ?? 0 });
  meter.onData((chunk) => slave.feed(chunk));
  const gateway = TestGateway.make({
    mqtt: `url: "${broker.url}"`,
    devices: {
      'cab-scanner': `driver: line-scanner, port: ${scanner.path}, terminator: CR`,
      generator: `driver: modbus, port: ${meter.path}, address: 10, profile: deep-sea-genset, every: 1 s`,
    },
  });
  gateway.start({ LD_PRELOAD: FAKETIME ?? '', FAKETIME_TIMESTAMP_FILE: clockFile, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1', PATH: path });
  await gateway.until(({ devices, broker: { connected } }) => expect([devices[0]?.state, connected]).toEqual(['open', true]));
  const scan = async (text: string): Promise<Event> => {
    await scanner.write(`${text}\r`);
    return vi.waitFor(() => events.find(({ data }) => data.text === text) ?? Promise.reject(new Error(`${text} has not come`)), { timeout: 30_000, interval: 20 });
  };
  const clockState = async (): Promise<unknown> => ((await gateway.status()) as unknown as { clock: unknown }).clock;
  return { scan, setClock, vouch, events, clockState, gateway };
}

const within = { timeout: 15_000, interval: 50 };

function offMs({ time }: Event): number {
  return Math.abs(Date.parse(time) - Date.now());
}

describe.skipIf(FAKETIME === undefined)('a gateway whose clock is wrong (skipped where libfaketime is not installed)', () => {
  it('boots in 1970, is set later, goes eleven years ahead and ten back: every scan comes, once, in order, with a time that can be', { timeout: 120_000 }, async () => {
    const { scan, setClock, vouch, events, clockState, gateway } = await started('-57y');
    const early = await scan('BEFORE THE SYNC');
    expect(Date.parse(early.time)).toBeGreaterThanOrEqual(Date.parse(built));
    expect(offMs(early)).toBeLessThan(Date.now() - Date.parse(built) + MINUTE_MS);

    vouch('yes');
    setClock('+0');
    await vi.waitFor(async () => expect(await clockState()).toBe('synced'), within);
    const right = await scan('AFTER THE SYNC');
    expect(right.data.clock).toEqual({ state: 'synced' });
    expect(offMs(right)).toBeLessThan(MINUTE_MS);

    for (const [offset, text] of [['+11y', 'ELEVEN YEARS AHEAD'], ['-10y', 'TEN YEARS BACK']] as const) {
      setClock(offset); // with the kernel still vouching for it
      await vi.waitFor(async () => expect(await clockState()).toBe('unsynced'), within);
      expect(offMs(await scan(text))).toBeLessThan(MINUTE_MS);
    }
    setClock('+0');
    await vi.waitFor(async () => expect(await clockState()).toBe('synced'), within);
    expect(offMs(await scan('RIGHT AGAIN'))).toBeLessThan(MINUTE_MS);

    expect(await gateway.end('SIGTERM')).toBe(0); // which tells what was folded
    const scans = events.filter(({ type }) => type === 'tailgate.scan.v1');
    expect(scans.map(({ data }) => data.text)).toEqual(['BEFORE THE SYNC', 'AFTER THE SYNC', 'ELEVEN YEARS AHEAD', 'TEN YEARS BACK', 'RIGHT AGAIN']);
    const ids = scans.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(events.filter(({ type }) => type === 'tailgate.clock.v1').map(({ data: { reason, before, state } }) => [reason, before, state])[0]).toEqual(['synchronised', 'unsynced', 'synced']);
  });

  it('is put back five seconds by its daemon: readings until then keep their time and say that it is not after the last', { timeout: 120_000 }, async () => {
    const { setClock, events, clockState, gateway } = await started('+7200', 'yes');
    const hours = (): Event[] => events.filter(({ subject, data }) => subject === 'generator/engine-hours' && data.clock.state === 'synced');
    await vi.waitFor(async () => expect(await clockState()).toBe('synced'), within);
    await vi.waitFor(() => expect(hours().length).toBeGreaterThanOrEqual(2), within);
    setClock('+7195');
    await vi.waitFor(() => expect(hours().some(({ data }) => data.quality === 'uncertain')).toBe(true), within);
    await vi.waitFor(() => expect(hours().at(-1)?.data.quality).toBe('good'), within);
    expect(await gateway.end('SIGTERM')).toBe(0);
    let last = Number.NEGATIVE_INFINITY;
    for (const { time, data } of hours()) {
      const ms = Date.parse(time);
      expect([data.quality, data.reason]).toEqual(ms > last ? ['good', undefined] : ['uncertain', 'time-not-after-last']);
      last = Math.max(last, ms);
    }
  });
});
