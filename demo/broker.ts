import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

/** A broker inside this process (aedes, MQTT 3.1.1) that can be taken away and brought back on the same port. */
export class DemoBroker {
  readonly #aedes: Aedes;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(aedes: Aedes) {
    this.#aedes = aedes;
  }

  /** Starts one on a free port. */
  static async start(): Promise<DemoBroker> {
    const broker = new DemoBroker(await Aedes.createBroker());
    await broker.bringBack();
    return broker;
  }

  /** Where it listens. */
  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /** Closes every connection and refuses new ones. */
  async takeAway(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : void server.close(() => resolve())));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Listens again. */
  async bringBack(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#aedes.handle(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve) => void server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.takeAway();
    await new Promise<void>((resolve) =>  this.#aedes.close(resolve));
  }
}
