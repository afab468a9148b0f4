import { connect } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Receiver } from '../../demo/receiver.ts';
import type { DeliveryParts } from '../../src/delivery/delivery.ts';
import { cloudEvent } from '../../src/delivery/layouts/cloudevents.ts';
import type { Broker } from '../support/brokers/broker.ts';
import { BROKERS } from '../support/brokers/index.ts';
import { checkContract } from '../support/contract.ts';
import { receiverAt, startDelivery } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { meterOf, openOutbox, scanOf } from '../support/open-outbox.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const within = { timeout: 40_000, interval: 10 };
const TEST_WITHIN_MS = 60_000;
/** RabbitMQ starts in 7 s on two idle cores; each kind of broker starts once, and once more where it is killed. */
const START_WITHIN_MS = 120_000;

/** Every character that a name in the configuration may have, in a name as long as it may be. */
const ALL_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `A-${from + index}`);

let gateways = 0;

/** A gateway of its own for a test, since all tests of a kind share one broker. */
function gatewayAt(url: string, name = `truck-${(gateways += 1)}`, site = 'bedford'): Pick<DeliveryParts, 'root' | 'settings'> {
  return { root: `tailgate/v1/${site}/${name}`, settings: () => Promise.resolve({ url, clientId: name, keepaliveSeconds: 30 }) };
}

/**
 * How a gateway's `state` changes, from the retained one on. Not every message: RabbitMQ gives one twice, as itself and as
 * retained, to who subscribes at that moment. And its retained messages reach no wildcard, so the topic is exact.
 */
async function statesAt(url: string, root: string): Promise<string[]> {
  const states: string[] = [];
  const watcher = connect(url, { protocolVersion: 4 });
  onTestFinished(() => void watcher.end(true));
  watcher.on('message', (_, payload) => {
    const { state } = JSON.parse(payload.toString()) as { state: string };
    if (states.at(-1) !== state) states.push(state);
  });
  await new Promise<void>((resolve, reject) => {
    watcher.once('error', reject);
    watcher.once('connect', () => watcher.subscribe(`${root}/state`, { qos: 1 }, (error) => (error === null ? resolve() : reject(error))));
  });
  return states;
}

async function publishAck(url: string, root: string, ack: object): Promise<void> {
  const client = connect(url, { protocolVersion: 4 });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('error', reject);
      client.publish(`${root}/ack`, JSON.stringify(ack), { qos: 1 }, (error) => (error === undefined || error === null ? resolve() : reject(error)));
    });
  } finally {
    client.end(true);
  }
}

/** Resolves when a receiver that connects anew is subscribed again; takes its `inspect` for that. */
async function heardBy(receiver: Receiver, { url, root }: { readonly url: string; readonly root: string }): Promise<void> {
  let heard = false;
  receiver.inspect = (suffix) => (heard ||= suffix === 'ack');
  await vi.waitFor(async () => {
    await publishAck(url, root, { source: 'urn:tailgate:bedford:nobody:00000000', upto: 0 });
    expect(heard).toBe(true);
  }, { ...within, interval: 200 });
}

for (const { name, missing, mqttVersion, prepare } of BROKERS) {
  // Not where one is missing: the README's test command has to pass with Node alone, and the pipeline installs them all.
  const skipped = missing === undefined ? '' : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(`delivery to ${name}${skipped}`, { timeout: TEST_WITHIN_MS }, () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await prepare();
      await broker.start();
    }, START_WITHIN_MS);
    afterAll(() => broker.remove());

    it('delivers what was recorded before and after the connection, each once and in the order of its device or meter', async () => {
      const gateway = gatewayAt(broker.url);
      const { receiver } = await receiverAt(broker.url, gateway);
      const received = new Map<string, string[]>();
      receiver.counted = ({ data }) => {
        const of = String(data['meter'] ?? data['device']);
        received.set(of, [...(received.get(of) ?? []), String(data['text'] ?? data['value'])]);
      };
      const numbers = Array.from({ length: 200 }, (_, index) => String(index));
      const readings = numbers.flatMap((number) => [scanOf(`A-${number}`), meterOf(number), meterOf(number, 'fuel-used')]);
      const outbox = await openOutbox(temporaryFolder());
      await outbox.record(readings.slice(0, readings.length / 2));
      const { delivery } = await startDelivery(broker.url, { ...gateway, outbox });
      await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
      await outbox.record(readings.slice(readings.length / 2));
      await vi.waitFor(() => expect(delivery.report().waiting).toEqual({ scan: 0, meter: 0 }), within);
      await vi.waitFor(() => expect(receiver.total).toBe(readings.length), within);
      expect(Object.fromEntries(received)).toEqual({ 'cab-scanner': texts(200), 'engine-hours': numbers, 'fuel-used': numbers });
      expect(receiver.duplicates).toBe(0);
    });

    it(`comes to MQTT ${mqttVersion} by itself, and says so`, async () => {
      const { delivery } = await startDelivery(broker.url, gatewayAt(broker.url));
      await vi.waitFor(() => expect(delivery.report()).toMatchObject({ connected: true, mqttVersion }), within);
    });

    it('settles by the receiver\'s watermark, not by the broker\'s PUBACK, and without the missing ones', async () => {
      const gateway = gatewayAt(broker.url);
      const { receiver } = await receiverAt(broker.url, gateway);
      const { outbox, delivery } = await startDelivery(broker.url, { ...gateway, acknowledgedBy: 'receiver' });
      const { source } = await outbox.record([scanOf('A'), meterOf('1'), scanOf('B'), meterOf('2')]);
      await vi.waitFor(() => expect(receiver.total).toBe(4), within);
      await vi.waitFor(() => expect(delivery.report()).toMatchObject({ unconfirmed: 4, waiting: { scan: 2, meter: 2 } }), within);
      await publishAck(broker.url, gateway.root, { source, upto: 3, missing: [[2, 2]] });
      await vi.waitFor(() => expect(delivery.report().waiting).toEqual({ scan: 0, meter: 2 }), within);
      await publishAck(broker.url, gateway.root, { source, upto: 4, missing: [] });
      await vi.waitFor(() => expect(delivery.report().waiting).toEqual({ scan: 0, meter: 0 }), within);
    });

    it('is online on a retained state while it runs, and offline once it has stopped', async () => {
      const gateway = gatewayAt(broker.url);
      const { delivery, stop } = await startDelivery(broker.url, gateway);
      await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
      const states = await statesAt(broker.url, gateway.root);
      await vi.waitFor(() => expect(states).toEqual(['online']), within);
      await stop();
      await vi.waitFor(() => expect(states).toEqual(['online', 'offline']), within);
      const later = await statesAt(broker.url, gateway.root);
      await vi.waitFor(() => expect(later).toEqual(['offline']), within);
    });

    it('has the broker say offline when its socket dies, and is online again afterwards', async () => {
      const proxy = await TcpProxy.start(broker.port);
      const gateway = gatewayAt(`mqtt://127.0.0.1:${proxy.port}`);
      await startDelivery(broker.url, gateway);
      const states = await statesAt(broker.url, gateway.root);
      await vi.waitFor(() => expect(states).toEqual(['online']), within);
      proxy.drop();
      await vi.waitFor(() => expect(states).toEqual(['online', 'offline', 'online']), within);
    });

    it('notices a link that is silent without being closed, sends again what was in flight, and is online at last', async () => {
      const proxy = await TcpProxy.start(broker.port);
      const gateway = gatewayAt(`mqtt://127.0.0.1:${proxy.port}`);
      const { receiver, texts: received } = await receiverAt(broker.url, gateway);
      const { outbox, delivery } = await startDelivery(broker.url, { ...gateway, publishDeadlineMs: 1000 });
      await outbox.record(texts(10).map((text) => scanOf(text)));
      await vi.waitFor(() => expect(received).toHaveLength(10), within);
      proxy.silent = true;
      await outbox.record(texts(10, 10).map((text) => scanOf(text)));
      await vi.waitFor(() => expect(delivery.report().connected).toBe(false), within);
      expect(received).toHaveLength(10);
      proxy.silent = false;
      await vi.waitFor(() => expect(received).toEqual(texts(20)), within);
      expect(receiver.contradictions).toBe(0);
      const states = await statesAt(broker.url, gateway.root);
      await vi.waitFor(() => expect(states.at(-1)).toBe('online'), within);
    });

    it('passes topics with the longest names, of every character that a name may have, both ways', async () => {
      const gateway = gatewayAt(broker.url, ALL_CHARACTERS, ALL_CHARACTERS);
      const { receiver } = await receiverAt(broker.url, { ...gateway, acknowledges: true });
      const topics = new Set<string>();
      receiver.inspect = (suffix, payload) => {
        topics.add(suffix);
        checkContract(suffix, payload);
      };
      const { outbox, delivery } = await startDelivery(broker.url, { ...gateway, acknowledgedBy: 'receiver' });
      const [scan, meter] = [scanOf('A'), meterOf('1')];
      await outbox.record([
        { ...scan, device: ALL_CHARACTERS, content: { ...scan.content, device: ALL_CHARACTERS } },
        { ...meter, device: ALL_CHARACTERS, content: { ...meter.content, device: ALL_CHARACTERS } },
      ]);
      await vi.waitFor(() => expect(delivery.report().waiting).toEqual({ scan: 0, meter: 0 }), within);
      await vi.waitFor(() => expect([...topics].toSorted()).toEqual(['ack', `reading/${ALL_CHARACTERS}`, `scan/${ALL_CHARACTERS}`, 'state']), within);
    });

    it('drains a backlog of 5,000 readings in order', async () => {
      const gateway = gatewayAt(broker.url);
      const { receiver, texts: received } = await receiverAt(broker.url, gateway);
      const outbox = await openOutbox(temporaryFolder());
      await outbox.record(texts(5000).map((text) => scanOf(text)));
      const { delivery } = await startDelivery(broker.url, { ...gateway, outbox });
      await vi.waitFor(() => expect(delivery.report().waiting.scan).toBe(0), within);
      await vi.waitFor(() => expect(received).toHaveLength(5000), within);
      expect(received).toEqual(texts(5000));
      expect(receiver.duplicates).toBe(0);
    });

    it('brings every byte of a payload over as the row has it', async () => {
      const control = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).filter((character) => /\p{Cc}/u.test(character));
      const hard = ['"quoted" \'and\' \\escaped\\ </script>', control.join(''), 'x'.repeat(4096), 'Grüße, 日本語, עברית, 👷🏽‍♀️, \u2028\u202E\uFEFF', 'ü'.repeat(4096), '\u{10FFFF}', ''];
      const gateway = gatewayAt(broker.url);
      const { receiver, texts: received } = await receiverAt(broker.url, gateway);
      const payloads: string[] = [];
      receiver.inspect = (suffix, payload) => {
        checkContract(suffix, payload);
        if (suffix.startsWith('scan/')) payloads.push(payload.toString('hex'));
      };
      const outbox = await openOutbox(temporaryFolder());
      const { source } = await outbox.record(hard.map((text) => scanOf(text)));
      const { rows } = await outbox.page({ stream: 1, lane: 'scan', after: 0, rowsMax: hard.length, sealing: 'now' });
      await startDelivery(broker.url, { ...gateway, outbox });
      await vi.waitFor(() => expect(payloads).toHaveLength(hard.length), within);
      expect(payloads).toEqual(rows.map((row) => Buffer.from(cloudEvent(source, row)).toString('hex')));
      expect(received).toEqual(hard);
    });

    // The last one: should the broker not come back, the others would fail with it.
    it('loses nothing and contradicts nothing when the broker is killed in the middle of a drain', async () => {
      const proxy = await TcpProxy.start(broker.port);
      const { root, settings } = gatewayAt(`mqtt://127.0.0.1:${proxy.port}`);
      const { receiver, texts: received } = await receiverAt(broker.url, { root, acknowledges: true });
      const outbox = await openOutbox(temporaryFolder());
      await outbox.record(texts(2000).map((text) => scanOf(text)));
      let mayConnect = Promise.resolve();
      // Only the receiver knows what it has: a broker may lose, with its memory, what it has acknowledged.
      const parts = { acknowledgedBy: 'receiver', overdueMs: 2000, publishDeadlineMs: 5000, random: () => 0, settings: () => mayConnect.then(settings) } as const;
      const { delivery } = await startDelivery(broker.url, { root, ...parts, outbox });
      receiver.inspect = (suffix, payload) => {
        proxy.mute ||= received.length === 300; // a window of them arrives of which the gateway hears nothing
        checkContract(suffix, payload);
      };
      await vi.waitFor(() => expect(received.length).toBeGreaterThan(300), within);
      await vi.waitFor(() => expect(delivery.report().published).toBe(received.length), within);
      const { inFlight } = delivery.report();
      expect(inFlight).toBeGreaterThan(0);
      let letConnect = (): void => undefined;
      mayConnect = new Promise((resolve) => (letConnect = resolve));
      await broker.stop('SIGKILL');
      await vi.waitFor(() => expect(delivery.report().connected).toBe(false), within);
      await outbox.record(texts(100, 2000).map((text) => scanOf(text)));
      proxy.mute = false;
      await broker.start();
      await heardBy(receiver, { url: broker.url, root }); // were the gateway first, what it sends again would reach nobody
      receiver.inspect = checkContract;
      letConnect();
      await vi.waitFor(() => expect(delivery.report()).toMatchObject({ mqttVersion, waiting: { scan: 0 } }), within);
      expect(received.toSorted()).toEqual(texts(2100).toSorted());
      expect(receiver.duplicates).toBeGreaterThanOrEqual(inFlight);
      expect(receiver.contradictions).toBe(0);
    }, START_WITHIN_MS + TEST_WITHIN_MS);
  });
}
