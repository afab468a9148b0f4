import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP proxy that does to a connection what mobile networks do. */
export class TcpProxy {
  readonly port: number;
  /** Where new connections go; it can be changed. */
  target: number;
  /** Milliseconds that every chunk takes, either way. */
  delayMs = 0;
  /** Bytes a second that pass, each way; no limit when undefined. */
  bytesPerSecond: number | undefined;
  /**
   * Cuts the connection with a reset in the middle of the next chunk from the target, after so many of its bytes; then
   * it is undefined again.
   */
  resetAfterBytes: number | undefined;
  #silent = false;
  #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.target = target;
  }

  /** Starts one to a port of this machine, for the running test. */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const proxy = new TcpProxy(server, target);
    server.on('connection', (near) => proxy.#serve(near));
    onTestFinished(() => {
      for (const socket of proxy.#sockets) socket.destroy();
      proxy.#server.close();
    });
    return proxy;
  }

  /** Where it listens. */
  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** While silent it takes bytes from both sides and passes none on; connections that were silenced stay so. */
  set silent(silent: boolean) {
    this.#silent = silent;
  }

  /** Closes every connection, as a network does that goes away and comes back. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The same with a reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #serve(near: Socket): void {
    const far = createConnection({ port: this.target, host: '127.0.0.1' });
    this.#join(near, far, 'up');
    this.#join(far, near, 'down');
  }

  #join(from: Socket, to: Socket, way: 'up' | 'down'): void {
    this.#sockets.add(from);
    let lost = false;
    let passed = Promise.resolve();
    from.on('data', (chunk) => {
      lost ||= this.#silent;
      if (lost) return;
      if (way === 'down' && this.resetAfterBytes !== undefined) {
        lost = true;
        to.write(chunk.subarray(0, this.resetAfterBytes), () => to.resetAndDestroy());
        this.resetAfterBytes = undefined;
        return;
      }
      const { delayMs, bytesPerSecond } = this;
      if (bytesPerSecond !== undefined) {
        from.pause();
        passed = passed.then(() => trickle(chunk, to, bytesPerSecond)).then(() => void from.resume());
      } else if (delayMs > 0) {
        void wait(delayMs).then(() => to.destroyed || to.write(chunk));
      } else {
        to.write(chunk);
      }
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

async function trickle(chunk: Buffer, to: Socket, bytesPerSecond: number): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 20));
  for (let at = 0; at < chunk.length && !to.destroyed; at += step) {
    to.write(chunk.subarray(at, at + step));
    await wait(50);
  }
}

/** Here time itself is what is made: the network's slowness. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
