import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP proxy that can fall silent without closing anything, as a dead mobile link does. */
export class TcpProxy {
  readonly port: number;
  #silent = false;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.port = port;
  }

  /** Starts one to a port of this machine, for the running test. */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const proxy = new TcpProxy((server.address() as AddressInfo).port);
    server.on('connection', (near) => {
      const far = createConnection({ port: target, host: '127.0.0.1' });
      proxy.#join(near, far);
      proxy.#join(far, near);
    });
    onTestFinished(() => {
      for (const socket of proxy.#sockets) socket.destroy();
      server.close();
    });
    return proxy;
  }

  /** While silent it takes bytes from both sides and passes none on; connections that were silenced stay so. */
  set silent(silent: boolean) {
    this.#silent = silent;
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    let lost = false;
    from.on('data', (chunk) => {
      lost ||= this.#silent;
      if (!lost) to.write(chunk);
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
