import { describe, expect, it, vi } from 'vitest';
import { MOSQUITTO, Mosquitto } from '../support/brokers/mosquitto.ts';
import { receiverAt, ROOT, startDelivery } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { meterOf, openOutbox, scanOf, SILENT } from '../support/open-outbox.ts';
import { StubBroker } from '../support/stub-broker.ts';

const within = { timeout: 15_000, interval: 10 };

const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `A-${from + index}`);

// Not where mosquitto is missing: the README's test command has to pass with Node alone, and the pipeline installs it.
describe.skipIf(MOSQUITTO === undefined)('delivery to mosquitto alone, beside brokers.test.ts (needs mosquitto)', () => {
  it('keeps rows that the receiver has not acknowledged, and sends them again with the same bytes after a restart', async () => {
    const broker = await Mosquitto.start();
    const directory = temporaryFolder();
    const deaf = await receiverAt(broker.url);
    const first = await startDelivery(broker.url, { directory, acknowledgedBy: 'receiver' });
    await first.outbox.record(texts(20).map((text) => scanOf(text)));
    await vi.waitFor(() => expect(deaf.texts).toHaveLength(20), within);
    expect(first.delivery.report().waiting.scan).toBe(20);
    await first.stop();
    const second = await startDelivery(broker.url, { directory, acknowledgedBy: 'receiver' });
    await vi.waitFor(() => expect(deaf.receiver.duplicates).toBe(20), within);
    expect(deaf.receiver.contradictions).toBe(0);
    const { receiver } = await receiverAt(broker.url, { acknowledges: true });
    await second.outbox.record(texts(5, 20).map((text) => scanOf(text)));
    await vi.waitFor(() => expect(receiver.total).toBe(5), within);
    await vi.waitFor(() => expect(second.delivery.report().waiting.scan).toBe(20), within);
  });

  it('says which password is wrong and goes on trying', async () => {
    const broker = await Mosquitto.start(['allow_anonymous false']);
    const { delivery } = await startDelivery(broker.url, {
      settings: async () => Promise.resolve({ url: broker.url, clientId: 'truck-17', username: 'truck-17', password: 'wrong', keepaliveSeconds: 30 }),
    });
    await vi.waitFor(() => expect(delivery.report().why).toContain('it refused the connection: not authorised. Check mqtt.username'), within);
  });
});

describe('delivery to a broker that misbehaves', () => {
  it('sends scans before a backlog of meter readings', async () => {
    const outbox = await openOutbox(temporaryFolder());
    await outbox.record(Array.from({ length: 50 }, (_, index) => meterOf(String(index))));
    await outbox.record([scanOf('A')]);
    const stub = await StubBroker.start({ connack: () => ({ properties: { receiveMaximum: 2 } }) });
    const { delivery } = await startDelivery(stub.url, { outbox });
    await vi.waitFor(() => expect(delivery.report().settled).toBe(51), within);
    const order = stub.published.map(({ topic }) => topic).filter((topic) => !topic.endsWith('/state'));
    expect(order.findIndex((topic) => topic.includes('/scan/'))).toBeLessThan(5);
  });

  it('delivers what a gateway stored under its old name, under that name', async () => {
    const directory = temporaryFolder();
    const before = await openOutbox(directory, { gateway: 'truck-16', newStreamId: '00000016' });
    await before.record([scanOf('A')]);
    await before.close();
    const stub = await StubBroker.start({});
    const { outbox, delivery } = await startDelivery(stub.url, { directory });
    await outbox.record([scanOf('B')]);
    await vi.waitFor(() => expect(delivery.report().settled).toBe(2), within);
    const sources = stub.published.filter(({ topic }) => topic.includes('/scan/')).map(({ payload }) => (JSON.parse(payload.toString()) as { source: string }).source);
    expect(sources).toEqual(['urn:tailgate:bedford:truck-16:00000016', 'urn:tailgate:bedford:truck-17:3f9c1e7a']);
  });

  it('keeps no more in flight than the broker\'s receive maximum', async () => {
    const stub = await StubBroker.start({ connack: () => ({ properties: { receiveMaximum: 3 } }) });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record(texts(50).map((text) => scanOf(text)));
    await vi.waitFor(() => expect(delivery.report().settled).toBe(50), within);
    expect(stub.inFlightMost).toBeLessThanOrEqual(3);
  });

  it('quarantines what is larger than the broker takes, without sending it, and goes on', async () => {
    const stub = await StubBroker.start({ connack: () => ({ properties: { maximumPacketSize: 1024 } }) });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record([scanOf('A'), scanOf('B'.repeat(2000)), scanOf('C')]);
    await vi.waitFor(() => expect(delivery.report()).toMatchObject({ settled: 3, quarantined: 1 }), within);
    expect(stub.published.every(({ payload }) => payload.length < 1024)).toBe(true);
  });

  it('cuts a state that is larger than the broker takes, and delivers all the same', async () => {
    const stub = await StubBroker.start({ connack: () => ({ properties: { maximumPacketSize: 1500 } }) });
    const devices = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`device-${index}`, { state: 'failing', why: 'x'.repeat(100) }]));
    const { outbox, delivery } = await startDelivery(stub.url, { facts: () => ({ version: '0.0.0', configuration: 'abcdef', clock: 'synced', devices, alarms: [] }) });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().settled).toBe(1), within);
    const states = stub.published.filter(({ topic }) => topic.endsWith('/state'));
    expect(states.every(({ payload }) => payload.length < 1500)).toBe(true);
    expect(states[0]?.payload.toString()).toContain('left out, see tailgate status');
  });

  it('halves its window at back-pressure and widens it again afterwards', async () => {
    let refusals = 1;
    const stub = await StubBroker.start({ puback: ({ topic }) => (topic.includes('/scan/') && refusals-- > 0 ? 0x97 : 0) });
    const { outbox, delivery } = await startDelivery(stub.url, { window: 8 });
    await outbox.record(texts(20).map((text) => scanOf(text)));
    await vi.waitFor(() => expect(delivery.report().settled).toBe(20), within);
    stub.inFlightMost = 0;
    await outbox.record(texts(200).map((text) => scanOf(text)));
    await vi.waitFor(() => expect(delivery.report().settled).toBe(220), within);
    expect(stub.inFlightMost).toBeGreaterThanOrEqual(6);
  });

  it('survives a certificate that is half written, and says which keys to look at', async () => {
    const { delivery } = await startDelivery('mqtts://127.0.0.1:1', {
      settings: () => Promise.resolve({ url: 'mqtts://127.0.0.1:1', clientId: 'truck-17', keepaliveSeconds: 30, certificate: '-----BEGIN CERT', key: 'what' }),
    });
    await vi.waitFor(() => expect(delivery.report().why).toContain('Check mqtt.caFile, mqtt.certificateFile and mqtt.keyFile'), within);
  });

  it('quarantines one message that the broker refuses for good and delivers the rest', async () => {
    const stub = await StubBroker.start({ puback: ({ payload }) => (payload.includes('"A-1"') ? 0x99 : 0) });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record(texts(3).map((text) => scanOf(text)));
    await vi.waitFor(() => expect(delivery.report()).toMatchObject({ settled: 3, quarantined: 1 }), within);
  });

  it('tries again what was refused for now, with the same bytes', async () => {
    let refusals = 2;
    const stub = await StubBroker.start({ puback: ({ topic }) => (topic.includes('/scan/') && refusals-- > 0 ? 0x97 : 0) });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().settled).toBe(1), within);
    const scans = stub.published.filter(({ topic }) => topic.includes('/scan/')).map(({ payload }) => payload.toString());
    expect(scans.length).toBeGreaterThan(1);
    expect(new Set(scans).size).toBe(1);
  });

  it('keeps a reading that nobody has subscribed to, and says so', async () => {
    const stub = await StubBroker.start({ puback: () => 0x10 });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().held).toContain('nobody has subscribed'), within);
    expect(delivery.report().waiting.scan).toBe(1);
  });

  it('takes "nobody has subscribed" as delivered where the configuration says so', async () => {
    const stub = await StubBroker.start({ puback: () => 0x10 });
    const { outbox, delivery } = await startDelivery(stub.url, { noSubscribers: 'accept' });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().waiting.scan).toBe(0), within);
  });

  it.each([
    ['answers reason code 0x84', () => ({ reasonCode: 0x84 })],
    ['closes twice without a word', () => undefined],
  ])('falls back to MQTT 3.1.1 when the broker %s', async (_, refuse) => {
    const stub = await StubBroker.start({ connack: ({ protocolVersion }) => (protocolVersion === 5 ? refuse() : {}) });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report()).toMatchObject({ settled: 1, mqttVersion: '3.1.1' }), within);
  });

  it('does not fall back because a broker that has spoken MQTT 5 closes without a word while it restarts', async () => {
    const stub = await StubBroker.start({ connack: (_, attempt) => (attempt > 1 && attempt < 5 ? undefined : {}) });
    const { outbox, delivery } = await startDelivery(stub.url, { random: () => 0 });
    await vi.waitFor(() => expect(delivery.report().mqttVersion).toBe('5'), within);
    stub.drop();
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report()).toMatchObject({ settled: 1, mqttVersion: '5' }), within);
    expect(stub.connects).toBe(5);
  });

  it('does not stay with MQTT 3.1.1, which knows no refusals, because a broker that speaks MQTT 5 was away at the start', async () => {
    const stub = await StubBroker.start({ connack: (_, attempt) => (attempt < 5 ? undefined : {}) });
    const said: string[] = [];
    const { outbox, delivery } = await startDelivery(stub.url, { random: () => 0, log: { ...SILENT, info: (message) => said.push(message) } });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report()).toMatchObject({ settled: 1, mqttVersion: '5' }), within);
    expect(stub.connectPackets.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 5, 4, 5, 5]);
    expect(said).toEqual(['the broker closes without a word, which may mean that it knows no MQTT 5; trying 3.1.1', 'broker connected']);
  });

  it('stays with MQTT 3.1.1 when a broker that closes without a word at MQTT 5 refuses for now in 3.1.1', async () => {
    const stub = await StubBroker.start({ connack: ({ protocolVersion }, attempt) => (protocolVersion === 5 ? undefined : attempt < 4 ? { returnCode: 3 } : {}) });
    const { delivery } = await startDelivery(stub.url, { random: () => 0 });
    await vi.waitFor(() => expect(delivery.report().mqttVersion).toBe('3.1.1'), within);
    expect(stub.connects).toBe(4);
  });

  it('does not fall back when the version is pinned', async () => {
    const stub = await StubBroker.start({ connack: ({ protocolVersion }) => (protocolVersion === 5 ? { reasonCode: 0x84 } : {}) });
    const { delivery } = await startDelivery(stub.url, { version: '5' });
    await vi.waitFor(() => expect(delivery.report().why).toContain('unsupported protocol version. Set mqtt.version'), within);
    expect(delivery.report().connected).toBe(false);
  });

  it.each([
    ['no JSON', 'what'],
    ['a foreign source', JSON.stringify({ source: 'urn:tailgate:bedford:truck-17:00000000', upto: 100 })],
    ['a negative upto', JSON.stringify({ source: 'urn:tailgate:bedford:truck-17:3f9c1e7a', upto: -1 })],
    ['a bad range', JSON.stringify({ source: 'urn:tailgate:bedford:truck-17:3f9c1e7a', upto: 100, missing: [[5]] })],
    ['a huge payload', JSON.stringify({ source: 'x'.repeat(300_000), upto: 100 })],
  ])('is not moved by an ack with %s', async (_, payload) => {
    const stub = await StubBroker.start({});
    const { outbox, delivery } = await startDelivery(stub.url, { acknowledgedBy: 'receiver' });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().unconfirmed).toBe(1), within);
    stub.send({ cmd: 'publish', topic: `${ROOT}/ack`, payload, qos: 0, dup: false, retain: false });
    stub.send({ cmd: 'publish', topic: `${ROOT}/ack`, payload: JSON.stringify({ source: 'urn:tailgate:bedford:truck-17:3f9c1e7a', upto: 0 }), qos: 0, dup: false, retain: false });
    await outbox.record([scanOf('B')]);
    await vi.waitFor(() => expect(delivery.report().unconfirmed).toBe(2), within);
    expect(delivery.report().waiting.scan).toBe(2);
  });

  it('sends again what the receiver has not acknowledged for a long time', async () => {
    const stub = await StubBroker.start({});
    const { outbox } = await startDelivery(stub.url, { acknowledgedBy: 'receiver', overdueMs: 500 });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(stub.published.filter(({ topic }) => topic.includes('/scan/')).length).toBeGreaterThan(1), within);
  });
});
