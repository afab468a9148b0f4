import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { InboundBound } from '../../src/delivery/inbound-bound.ts';
import { ServerAddress, ServerMoved } from '../../src/delivery/server-reference.ts';
import { assertContract } from '../support/contract.ts';
import { ROOT, startDelivery } from '../support/delivery.ts';
import { fastClock } from '../support/fast-clock.ts';
import { KeptLog } from '../support/kept-log.ts';
import { meterOf, scanOf } from '../support/open-outbox.ts';
import { StubBroker } from '../support/stub-broker.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const within = { timeout: 15_000, interval: 10 };

describe('a connection', () => {
  it('leaves a last will: the retained state, offline', async () => {
    const stub = await StubBroker.start({});
    await startDelivery(stub.url);
    await vi.waitFor(() => expect(stub.connectPackets).toHaveLength(1), within);
    const { will } = stub.connectPackets[0] ?? {};
    expect(will).toMatchObject({ topic: `${ROOT}/state`, qos: 1, retain: true });
    assertContract('state', Buffer.from(will?.payload ?? ''));
    expect(JSON.parse(String(will?.payload))).toMatchObject({ state: 'offline' });
  });

  it('listens to acknowledgements and commands', async () => {
    const stub = await StubBroker.start({});
    await startDelivery(stub.url);
    await vi.waitFor(() => expect([...stub.filters]).toEqual([`${ROOT}/ack`, `${ROOT}/cmd/+`]), within);
  });

  it('says so when the broker does not let it listen', async () => {
    const stub = await StubBroker.start({ suback: (filter) => (filter.endsWith('ack') ? 0x87 : 1) });
    const { delivery } = await startDelivery(stub.url);
    await vi.waitFor(() => expect(delivery.report().alarms.join()).toContain(`cannot listen to ${ROOT}/ack`), within);
    expect(delivery.report().alarms).toHaveLength(1);
  });

  it('is given up without a SUBACK after 30 seconds, since nothing the receiver says would be heard', async () => {
    let swallows = true;
    const stub = await StubBroker.start({ suback: (filter) => (filter.endsWith('ack') && swallows ? undefined : 1) });
    const { delivery } = await startDelivery(stub.url, { clock: fastClock(100) });
    await vi.waitFor(() => expect(delivery.report().why).toContain('no SUBACK within 30 s'), within);
    swallows = false;
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    const { connects } = stub;
    await wait(600);
    expect([stub.connects, delivery.report().alarms]).toEqual([connects, []]);
  });

  it('keeps one message in flight, state included, when the broker takes no more', async () => {
    const stub = await StubBroker.start({ connack: () => ({ properties: { receiveMaximum: 1 } }) });
    const { outbox, delivery } = await startDelivery(stub.url);
    for (let count = 0; count < 20; count += 1) {
      await outbox.record([scanOf(`A-${count}`), meterOf(String(count))]);
      delivery.stateChanged();
    }
    await vi.waitFor(() => expect(delivery.report().settled).toBe(40), within);
    await vi.waitFor(() => expect(stub.publishedOn('state').length).toBeGreaterThan(1), within);
    expect(stub.inFlightMost).toBe(1);
    expect(stub.connects).toBe(1);
  });

  it('is not taken from a broker that takes 256 bytes at most: no reading is put aside for what its setting mends', async () => {
    let limit = 256;
    const stub = await StubBroker.start({ connack: () => ({ properties: { maximumPacketSize: limit } }) });
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().alarms.join()).toContain('at most 256 bytes a packet'), within);
    expect(delivery.report()).toMatchObject({ quarantined: 0, waiting: { scan: 1 } });
    expect(stub.published).toEqual([]);
    limit = 1024;
    await vi.waitFor(() => expect(delivery.report()).toMatchObject({ settled: 1, quarantined: 0 }), within);
  });

  it('is made anew when a PUBACK stays away, and the message goes again with the same bytes', async () => {
    let swallow = true;
    const stub = await StubBroker.start({ puback: ({ topic }) => (swallow && topic.includes('/scan/') ? undefined : 0) });
    const { outbox, delivery } = await startDelivery(stub.url, { publishDeadlineMs: 1000 });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(stub.connects).toBe(2), within);
    swallow = false;
    await vi.waitFor(() => expect(delivery.report().settled).toBe(1), within);
    expect(new Set(stub.publishedOn('scan').map(({ payload }) => payload.toString())).size).toBe(1);
  });

  it('is made anew when the PUBACK of the state stays away, which would hold up every reading of a broker that takes one at a time', async () => {
    const stub = await StubBroker.start({
      connack: () => ({ properties: { receiveMaximum: 1 } }),
      puback: ({ topic }) => (topic.endsWith('/state') && stub.connects === 1 ? undefined : 0),
    });
    const { outbox, delivery } = await startDelivery(stub.url, { publishDeadlineMs: 500 });
    await vi.waitFor(() => expect(stub.publishedOn('state')).toHaveLength(1), within);
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().settled).toBe(1), within);
    expect(stub.connects).toBe(2);
  });

  it('is given up without a CONNACK after 30 seconds, and tried again with one socket at a time', async () => {
    const stub = await StubBroker.start({ connack: (_, attempt) => (attempt < 3 ? null : {}) });
    const { delivery } = await startDelivery(stub.url, { clock: fastClock(100) });
    await vi.waitFor(() => expect(delivery.report().why).toContain('no CONNACK within 30 s'), within);
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    expect(stub.connects).toBe(3);
  });

  it.each([
    ['MQTT 5', 0x85, 'Check mqtt.clientId'],
    ['MQTT 5', 0x86, 'Check mqtt.username'],
    ['MQTT 5', 0x87, 'Check mqtt.username'],
    ['MQTT 5', 0x88, 'server unavailable'],
    ['MQTT 5', 0x89, 'server busy'],
    ['MQTT 5', 0x8a, 'ask who runs it'],
    ['MQTT 5', 0x97, 'quota exceeded'],
    ['MQTT 5', 0x9c, 'It names no other'],
    ['MQTT 5', 0x9f, 'connection rate exceeded'],
    ['3.1.1', 2, 'Check mqtt.clientId'],
    ['3.1.1', 3, 'server unavailable'],
    ['3.1.1', 4, 'Check mqtt.username'],
    ['3.1.1', 5, 'Check mqtt.username'],
  ])('that is refused (%s, code %i) is an alarm that says "%s", and is tried again', async (version, code, words) => {
    const refusal = version === '3.1.1' ? { returnCode: code } : { reasonCode: code };
    const stub = await StubBroker.start({ connack: (_, attempt) => (attempt < 3 ? refusal : {}) });
    const { delivery } = await startDelivery(stub.url, { clock: fastClock(200), version: version === '3.1.1' ? '3.1.1' : '5' });
    await vi.waitFor(() => expect(delivery.report().alarms.join()).toContain(words), { timeout: 15_000, interval: 1 });
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    expect(delivery.report().alarms).toEqual([]);
  });

  it.each(['5', '3.1.1'] as const)('ends when a packet begins that is larger than anybody may send (%s)', async (version) => {
    const log = new KeptLog();
    const stub = await StubBroker.start({});
    const { delivery } = await startDelivery(stub.url, { version, log });
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    stub.sendBytes(Uint8Array.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1])); // a PUBLISH of 256 MB
    await vi.waitFor(() => expect(log.with('no broker')[0]?.fields['why']).toContain('it sent a packet of more than'), within);
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
  });
});

describe('a session that another client takes over', () => {
  it('is said by the broker (0x8E): an alarm with the client id, and minutes until the next try', async () => {
    const log = new KeptLog();
    const stub = await StubBroker.start({});
    const { delivery } = await startDelivery(stub.url, { log });
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    stub.disconnect(0x8e);
    await vi.waitFor(() => expect(delivery.report().alarms.join()).toContain('client id truck-17'), within);
    expect(log.with('take the connection over')[0]?.fields['retry']).toMatch(/^(?:9\d|1[01]\d) s$|^[2-4] min$|^5 min$/);
    expect(stub.connects).toBe(1);
  });

  it('is guessed when three connections in a row end within seconds without a reason, and not after two', async () => {
    const log = new KeptLog();
    const stub: StubBroker = await StubBroker.start({ connected: () => void setTimeout(() => stub.disconnect(), 5) });
    const { delivery } = await startDelivery(stub.url, { clock: fastClock(20), log, random: () => 0.1 });
    await vi.waitFor(() => expect(stub.connects).toBe(2), within);
    expect(delivery.report().alarms.join()).not.toContain('client id');
    await vi.waitFor(() => expect(delivery.report().alarms.join()).toContain('client id truck-17'), within);
    expect(stub.connects).toBe(3);
    expect(log.with('take the connection over')).toHaveLength(1);
  });

  it('is not guessed when it is the network that resets', async () => {
    const stub = await StubBroker.start({ connected: () => void setTimeout(() => proxy.reset(), 20) });
    const proxy = await TcpProxy.start(stub.port);
    const { delivery } = await startDelivery(proxy.url, { clock: fastClock(20), random: () => 0.1 });
    await vi.waitFor(() => expect(stub.connects).toBe(6), within);
    expect(delivery.report().alarms.join()).not.toContain('client id');
  });

  it('is not guessed when connections last, or when the gateway ends them itself', async () => {
    const stub: StubBroker = await StubBroker.start({ connected: () => void setTimeout(() => stub.disconnect(), 400) });
    const { delivery } = await startDelivery(stub.url, { clock: fastClock(20), random: () => 0.1 });
    await vi.waitFor(() => expect(stub.connects).toBe(5), within);
    expect(delivery.report().alarms.join()).not.toContain('client id');
  });
});

describe('a broker that names another one', () => {
  it.each([0x9c, 0x9d])('in its CONNACK (%i) is left for that one, and come back to when that one is gone', async (reasonCode) => {
    const second = await StubBroker.start({});
    const proxy = await TcpProxy.start(second.port);
    let refer = true;
    const first = await StubBroker.start({ connack: () => (refer ? { reasonCode, properties: { serverReference: `127.0.0.1:${proxy.port} elsewhere:1883` } } : {}) });
    const { outbox, delivery } = await startDelivery(first.url, { clock: fastClock(20) });
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(delivery.report().settled).toBe(1), within);
    expect(first.published).toEqual([]);
    refer = false;
    proxy.target = 1; // nobody listens there
    proxy.drop();
    await outbox.record([scanOf('B')]);
    await vi.waitFor(() => expect(first.publishedOn('scan')).toHaveLength(1), within);
  });

  it('in a DISCONNECT is left as well', async () => {
    const second = await StubBroker.start({});
    const first = await StubBroker.start({});
    const { outbox, delivery } = await startDelivery(first.url, { clock: fastClock(20) });
    await vi.waitFor(() => expect(delivery.report().connected).toBe(true), within);
    first.disconnect(0x9d, `127.0.0.1:${second.port}`);
    await outbox.record([scanOf('A')]);
    await vi.waitFor(() => expect(second.publishedOn('scan')).toHaveLength(1), within);
  });

  it('and so on in a circle is followed three times, and then waited for', async () => {
    const connack = (stub: () => StubBroker) => () => ({ reasonCode: 0x9c, properties: { serverReference: `127.0.0.1:${stub().port}` } });
    const log = new KeptLog();
    const second: StubBroker = await StubBroker.start({ connack: connack(() => first) });
    const first: StubBroker = await StubBroker.start({ connack: connack(() => second) });
    await startDelivery(first.url, { clock: fastClock(20), log, random: () => 0.5 });
    await vi.waitFor(() => expect(first.connects + second.connects).toBe(4), within);
    const retries = (): readonly unknown[] => log.lines.filter(({ message }) => message.includes('no broker')).map(({ fields }) => fields['retry']);
    await vi.waitFor(() => expect(retries().at(-1)).toBe('60 s'), within);
  });

  it.each([
    ['other.example.com', 'mqtts://broker.example.com', 'mqtts://other.example.com'],
    ['other.example.com:8884', 'mqtts://broker.example.com:8883', 'mqtts://other.example.com:8884'],
    ['[2001:db8::1]:1883', 'mqtt://broker', 'mqtt://[2001:db8::1]:1883'],
    ['mqtts://other.example.com', 'mqtts://broker', 'mqtts://other.example.com'],
    ['mqtt://other.example.com', 'mqtts://broker', undefined],
    ['ws://other.example.com', 'mqtt://broker', undefined],
    ['user:password@other', 'mqtt://broker', undefined],
    ['other/path', 'mqtt://broker', undefined],
    ['other:0', 'mqtt://broker', undefined],
    ['other:70000', 'mqtt://broker', undefined],
    ['-x', 'mqtt://broker', undefined],
    ['', 'mqtt://broker', undefined],
    ['x'.repeat(300), 'mqtt://broker', undefined],
    ['other\u0000', 'mqtt://broker', undefined],
  ])('as %j, from %s, leads to %s', (reference, configured, expected) => {
    const address = new ServerAddress();
    const followed = address.moved(new ServerMoved({ where: '', what: '', fault: 'transient', reference }), configured);
    expect([followed, address.of(configured)]).toEqual([expected !== undefined, expected ?? configured]);
  });
});

describe('the bound on what a broker sends', () => {
  it('finds every packet\'s length at any chunk size', () => {
    const packet = (length: number): number[] => {
      const digits: number[] = [];
      for (let rest = length; ; rest = Math.floor(rest / 128)) {
        digits.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
        if (rest < 128) break;
      }
      return [0x30, ...digits, ...Array.from({ length }, (_, index) => (index * 7) % 256)];
    };
    const fine = Uint8Array.from([0, 2, 127, 128, 129, 5000, 16_384, 0, 20_000].flatMap(packet));
    const tooLong = Uint8Array.from(packet(20_001).slice(0, 4));
    for (const size of [1, 2, 3, 7, 100, 4096, fine.length]) {
      const bound = new InboundBound(20_000);
      for (let at = 0; at < fine.length; at += size) expect(bound.allows(fine.subarray(at, at + size))).toBe(true);
      expect([...tooLong].every((byte) => bound.allows(Uint8Array.of(byte)))).toBe(false);
    }
    expect(new InboundBound(2 ** 40).allows(Uint8Array.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]))).toBe(false);
  });
});

describe('commands over MQTT', () => {
  it('are heard, run and answered; rows go again with the same bytes', async () => {
    const stub = await StubBroker.start({});
    const { outbox, delivery } = await startDelivery(stub.url);
    await outbox.record([scanOf('A'), scanOf('B'), scanOf('C')]);
    await vi.waitFor(() => expect(delivery.report().settled).toBe(3), within);
    await vi.waitFor(() => expect(stub.filters.size).toBe(2), within);
    const command = { transaction: 't1', source: outbox.source, from: 2, to: 3, expires: new Date(Date.now() + 60_000).toISOString() };
    assertContract('cmd/replay', Buffer.from(JSON.stringify(command)));
    stub.publish(`${ROOT}/cmd/replay`, command);
    stub.publish(`${ROOT}/cmd/replay`, command);
    stub.publish(`${ROOT}/cmd/nothing`, command);
    stub.publish(`${ROOT}/cmd/replay`, { ...command, transaction: 't2' }, true);
    const replies = (): readonly unknown[] => stub.publishedOn('reply/').map(({ topic, payload }) => [topic.slice(ROOT.length + 1), JSON.parse(payload.toString())]);
    await vi.waitFor(() => expect(replies()).toContainEqual(['reply/replay', { transaction: 't1', accepted: true, done: true, count: 2, refused: 0, kept: [1, 3] }]), within);
    expect(replies()).toContainEqual(['reply/nothing', { transaction: 't1', accepted: false, error: { code: 'unknown_command', message: 'there is no such command' } }]);
    expect(replies()).toContainEqual(['reply/replay', { transaction: 't2', accepted: false, error: { code: 'retained', message: 'a command must not be retained' } }]);
    const ids = stub.publishedOn('scan').map(({ payload }) => (JSON.parse(payload.toString()) as { id: string }).id);
    expect(ids).toEqual(['1', '2', '3', '2', '3']);
  });
});
