import { createServer, type AddressInfo, type Socket } from 'node:net';
import mqttPacket, { type IConnackPacket, type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import { checkContract, expectContractKept } from './contract.ts';

/** What the stub does in place of a broker's usual answers. */
export interface StubBehaviour {
  /** The answer to CONNECT; undefined closes the socket without a word, null leaves it without an answer. */
  readonly connack?: (packet: IConnectPacket, attempt: number) => Partial<IConnackPacket> | null | undefined;
  /** Called after each CONNACK that accepts. */
  readonly connected?: (attempt: number) => void;
  /** The reason code of a PUBACK; undefined swallows it. */
  readonly puback?: (packet: IPublishPacket, count: number) => number | undefined;
  /** What a SUBSCRIBE to a filter is granted: 1, or a reason code; undefined swallows the SUBACK. */
  readonly suback?: (filter: string) => number | undefined;
}

/** A broker that answers just as a test wants it: for refusals that real brokers cannot be made to give. */
export class StubBroker {
  readonly url: string;
  readonly port: number;
  readonly published: IPublishPacket[] = [];
  /** What was sent with CONNECT, try by try. */
  readonly connectPackets: IConnectPacket[] = [];
  /** What was subscribed to. */
  readonly filters = new Set<string>();
  /** The most QoS 1 messages that were unacknowledged at once. */
  inFlightMost = 0;
  connects = 0;
  readonly #sockets = new Map<Socket, number>();

  private constructor(port: number) {
    this.port = port;
    this.url = `mqtt://127.0.0.1:${port}`;
  }

  /** Starts one for the running test. */
  static async start(behaviour: StubBehaviour): Promise<StubBroker> {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const stub = new StubBroker((server.address() as AddressInfo).port);
    expectContractKept();
    server.on('connection', (socket) => stub.#serve(socket, behaviour));
    onTestFinished(() => {
      for (const socket of stub.#sockets.keys()) socket.destroy();
      server.close();
    });
    return stub;
  }

  /** What was published below the gateway's root on topics that begin so. */
  publishedOn(head: string): readonly IPublishPacket[] {
    return this.published.filter(({ topic }) => topic.split('/').slice(4).join('/').startsWith(head));
  }

  /** Sends a packet to every client. */
  send(packet: Packet): void {
    for (const [socket, protocolVersion] of this.#sockets) socket.write(mqttPacket.generate(packet, { protocolVersion }));
  }

  /** Sends bytes as they are to every client. */
  sendBytes(bytes: Uint8Array): void {
    for (const socket of this.#sockets.keys()) socket.write(bytes);
  }

  /** Publishes to every client. */
  publish(topic: string, content: unknown, retain = false): void {
    this.send({ cmd: 'publish', topic, payload: typeof content === 'string' ? content : JSON.stringify(content), qos: 0, dup: false, retain });
  }

  /** Ends every connection: with a DISCONNECT if there is a reason code, else without a word. */
  disconnect(reasonCode?: number, serverReference?: string): void {
    if (reasonCode !== undefined) this.send({ cmd: 'disconnect', reasonCode, ...(serverReference === undefined ? {} : { properties: { serverReference } }) });
    for (const socket of this.#sockets.keys()) socket.end();
  }

  /** Closes every connection. */
  drop(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #serve(socket: Socket, behaviour: StubBehaviour): void {
    this.#sockets.set(socket, 4);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let version = 4;
    let inFlight = 0;
    const answer = (packet: Packet): void => void socket.write(mqttPacket.generate(packet, { protocolVersion: version }));
    const parser = mqttPacket.parser();
    parser.on('packet', (packet: Packet) => {
      if (packet.cmd === 'connect') {
        version = packet.protocolVersion ?? 4;
        this.#sockets.set(socket, version);
        this.connects += 1;
        this.connectPackets.push(packet);
        const connack = behaviour.connack === undefined ? {} : behaviour.connack(packet, this.connects);
        if (connack === null) return;
        if (connack === undefined) socket.destroy();
        else answer({ cmd: 'connack', sessionPresent: false, ...(version === 5 ? { reasonCode: 0 } : { returnCode: 0 }), ...connack });
        if (connack !== undefined && (connack.reasonCode ?? connack.returnCode ?? 0) === 0) behaviour.connected?.(this.connects);
      } else if (packet.cmd === 'publish') {
        this.published.push(packet);
        const suffix = /^tailgate\/v1\/[^/]+\/[^/]+\/(.+)$/.exec(packet.topic)?.[1];
        if (suffix !== undefined) checkContract(suffix, Buffer.from(packet.payload));
        if (packet.qos === 0) return;
        inFlight += 1;
        this.inFlightMost = Math.max(this.inFlightMost, inFlight);
        setImmediate(() => {
          const reasonCode = behaviour.puback === undefined ? 0 : behaviour.puback(packet, this.published.length);
          if (reasonCode === undefined || packet.messageId === undefined) return;
          inFlight -= 1;
          answer({ cmd: 'puback', messageId: packet.messageId, ...(version === 5 ? { reasonCode } : {}) });
        });
      } else if (packet.cmd === 'subscribe') {
        for (const { topic } of packet.subscriptions) this.filters.add(topic);
        const granted = packet.subscriptions.flatMap(({ topic }) => (behaviour.suback === undefined ? 1 : (behaviour.suback(topic) ?? [])));
        if (granted.length > 0) answer({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
      } else if (packet.cmd === 'pingreq') {
        answer({ cmd: 'pingresp' });
      }
    });
    socket.on('data', (chunk) => parser.parse(chunk));
  }
}
