import { createServer, type AddressInfo, type Socket } from 'node:net';
import mqttPacket, { type IConnackPacket, type IConnectPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { onTestFinished } from 'vitest';
import { checkContract, expectContractKept } from './contract.ts';

/** What the stub does in place of a broker's usual answers. */
export interface StubBehaviour {
  /** The answer to CONNECT; undefined closes the socket without a word, null leaves it without an answer. */
  readonly connack?: (packet: IConnectPacket, attempt: number) => Partial<IConnackPacket> | null | undefined;
  /** The reason code of a PUBACK; undefined swallows it. */
  readonly puback?: (packet: IPublishPacket, count: number) => number | undefined;
}

/** A broker that answers just as a test wants it: for refusals that real brokers cannot be made to give. */
export class StubBroker {
  readonly url: string;
  readonly published: IPublishPacket[] = [];
  /** The most QoS 1 messages that were unacknowledged at once. */
  inFlightMost = 0;
  connects = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
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
      for (const socket of stub.#sockets) socket.destroy();
      server.close();
    });
    return stub;
  }

  /** Sends a packet to every client. */
  send(packet: Packet, protocolVersion = 5): void {
    for (const socket of this.#sockets) socket.write(mqttPacket.generate(packet, { protocolVersion }));
  }

  #serve(socket: Socket, behaviour: StubBehaviour): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let version = 4;
    let inFlight = 0;
    const answer = (packet: Packet): void => void socket.write(mqttPacket.generate(packet, { protocolVersion: version }));
    const parser = mqttPacket.parser();
    parser.on('packet', (packet: Packet) => {
      if (packet.cmd === 'connect') {
        version = packet.protocolVersion ?? 4;
        this.connects += 1;
        const connack = behaviour.connack === undefined ? {} : behaviour.connack(packet, this.connects);
        if (connack === null) return;
        if (connack === undefined) socket.destroy();
        else answer({ cmd: 'connack', sessionPresent: false, ...(version === 5 ? { reasonCode: 0 } : { returnCode: 0 }), ...connack });
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
        answer({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 1) });
      } else if (packet.cmd === 'pingreq') {
        answer({ cmd: 'pingresp' });
      }
    });
    socket.on('data', (chunk) => parser.parse(chunk));
  }
}
