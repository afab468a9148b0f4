import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { fakeLed } from '../support/fake-led.ts';
import { TestGateway } from '../support/gateway.ts';
import { openPty } from '../support/pty.ts';

const within = { timeout: 20_000, interval: 20 };
/** The question of uhf-bb7e, the example of the maker's manual for one tag, and the answer that there is none. */
const QUESTION = Buffer.from('BB00220000227E', 'hex');
const TAG = Buffer.from('BB02220011C9340030751FEB705C5904E3D50D703A76EF7E', 'hex');
const NO_TAG = Buffer.from('BB01FF000115167E', 'hex');
const EPC = '30751FEB705C5904E3D50D70';

/** A UHF module with a tag before it or none; it counts how often it told the tag, and loses as many answers as it is told to. */
function module() {
  const pty = openPty();
  onTestFinished(() => pty.close());
  const field = { path: pty.path, hasTag: false, told: 0, loses: 0 };
  let asked = Buffer.alloc(0);
  pty.onData((chunk) => {
    asked = Buffer.concat([asked, chunk]);
    for (let at = asked.indexOf(QUESTION); at >= 0; at = asked.indexOf(QUESTION)) {
      asked = asked.subarray(at + QUESTION.length);
      if (field.loses > 0) {
        field.loses -= 1;
        continue;
      }
      if (field.hasTag) field.told += 1;
      void pty.write(field.hasTag ? TAG : NO_TAG);
    }
  });
  return field;
}

async function received(broker: DemoBroker) {
  const receiver = await contractReceiver(broker.url, { root: ROOT, options: { clean: false } }); // or the broker forgets it while it is away
  const scans: Record<string, unknown>[] = [];
  receiver.counted = ({ type, data }) => void (type === 'tailgate.scan.v1' && scans.push(data));
  return { receiver, scans };
}

describe('the presence of a radio tag, in a gateway as a process', () => {
  it('is one arrival and one departure however often the tag is read, and the reads between are counted', async () => {
    const broker = await DemoBroker.start();
    onTestFinished(() => broker.close());
    const { scans } = await received(broker);
    const [field, led] = [module(), fakeLed()];
    const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, more: { led: `path: ${led.path}` }, devices: { door: `driver: uhf-bb7e, port: ${field.path}, every: 200 ms, departAfter: 1 s` } });
    gateway.start();
    await gateway.until(({ broker: { connected }, devices, led: shown }) => expect([connected, devices[0]?.state, shown?.state]).toEqual([true, 'open', 'open']));
    field.hasTag = true;
    await gateway.until(({ devices }) => expect(devices[0]?.repeats).toBeGreaterThanOrEqual(12));
    expect(scans).toMatchObject([{ device: 'door', text: EPC, presence: 'arrived', rssi: -55 }]);
    // Shown once as stored and once as delivered, and not at each read.
    await vi.waitFor(() => expect(led.flashes.filter((ms) => ms > 110).map((ms) => ms > 500)).toEqual([true, false, false]), within);
    field.hasTag = false;
    await vi.waitFor(() => expect(scans).toHaveLength(2), within);
    expect(scans[1]).toMatchObject({ text: EPC, presence: 'departed', count: field.told, rssi: -55 });
    const isTimeTold = (await gateway.status()).clock !== 'unsynced';
    expect([typeof scans[1]?.['firstSeen'], typeof scans[1]?.['lastSeen']]).toEqual(isTimeTold ? ['string', 'string'] : ['undefined', 'undefined']);
    const { devices } = await gateway.status();
    expect(devices[0]).toMatchObject({ readings: 2, repeats: field.told - 1 });
    expect(led.flashes.filter((ms) => ms > 500)).toHaveLength(1);
    expect(await gateway.end('SIGTERM')).toBe(0);
  }, 60_000);

  it('is no departure where an answer of the reader is lost, and the tag is read again soon', async () => {
    const broker = await DemoBroker.start();
    onTestFinished(() => broker.close());
    const { scans } = await received(broker);
    const field = module();
    field.hasTag = true;
    const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, devices: { door: `driver: uhf-bb7e, port: ${field.path}` } });
    gateway.start();
    const repeats = async (): Promise<number> => (await gateway.status()).devices[0]?.repeats ?? 0;
    await gateway.until(({ devices }) => expect(devices[0]?.repeats).toBeGreaterThanOrEqual(3));
    field.loses = 1;
    await vi.waitUntil(() => field.loses === 0, within);
    const [before, lostMs] = [await repeats(), performance.now()];
    await vi.waitUntil(async () => (await repeats()) > before, within);
    expect(performance.now() - lostMs).toBeLessThan(5000);
    expect(scans.map(({ presence }) => presence)).toEqual(['arrived']);
    expect(await gateway.end('SIGTERM')).toBe(0);
  }, 60_000);

  it('loses no arrival to kill -9: it goes out after it, and a tag that is still there arrives again and departs once', async () => {
    const broker = await DemoBroker.start();
    onTestFinished(() => broker.close());
    const { receiver, scans } = await received(broker);
    await broker.takeAway();
    const field = module();
    field.hasTag = true;
    const gateway = TestGateway.make({ mqtt: `url: "${broker.url}"`, devices: { door: `driver: uhf-bb7e, port: ${field.path}, every: 200 ms, departAfter: 1 s` } });
    gateway.start();
    await gateway.until(({ devices }) => expect(devices[0]?.repeats).toBeGreaterThanOrEqual(3));
    await gateway.end('SIGKILL');
    gateway.start();
    await gateway.until(({ devices }) => expect(devices[0]?.repeats).toBeGreaterThanOrEqual(3));
    field.hasTag = false;
    await broker.bringBack();
    await vi.waitFor(() => expect(scans.map(({ presence }) => presence)).toEqual(['arrived', 'arrived', 'departed']), within);
    expect(Number(scans[2]?.['count'])).toBeLessThan(field.told);
    expect(receiver.contradictions).toBe(0);
    expect(await gateway.end('SIGTERM')).toBe(0);
  }, 60_000);
});
