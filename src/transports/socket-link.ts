import type { Socket } from 'node:net';
import { LinkError } from '../core/errors.ts';
import type { Link } from '../driver-kit/link.ts';

/** What a link over one of Node's sockets is made of; a terminal's stream is such a socket too. */
export interface SocketParts {
  /** The transport's name, for errors. */
  readonly where: string;
  /** Where the link really leads. */
  readonly name: string;
  readonly socket: Socket;
  readonly receive: (chunk: Uint8Array) => void;
  /** How long a write may take. */
  readonly writeDeadlineMs: (bytes: number) => number;
  /** How long so many bytes take to leave after the kernel has taken them; 0 where nobody can tell. */
  readonly wireMs: (bytes: number) => number;
  /** Releases what the socket does not own; called once. */
  readonly release: () => Promise<void>;
  /** What the far end's silence, goodbye or an error of the socket means. */
  readonly lost: (error: Error | undefined) => LinkError;
}

/**
 * One open link over a socket. It is open until the first of: `close()`, an error, the far end's end, a write that took
 * too long; what comes later is ignored. A write never starts before the one before it is done.
 */
export class SocketLink implements Link {
  readonly name: string;
  readonly closed: Promise<LinkError | undefined>;
  readonly #parts: SocketParts;
  #settle: (fault: LinkError | undefined) => void = () => undefined;
  #gone: { readonly fault: LinkError | undefined; readonly released: Promise<void> } | undefined;
  #writing: Promise<void> = Promise.resolve();
  #abandonWrite: (() => void) | undefined;

  constructor(parts: SocketParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    parts.socket.on('data', parts.receive);
    parts.socket.on('error', (error) => this.lose(parts.lost(error)));
    parts.socket.on('close', () => this.lose(parts.lost(undefined))); // follows the far end's end and every error
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#writing.then(() => this.#writeNow(bytes));
    this.#writing = written.catch(() => undefined); // its caller is told; the next write finds the link gone
    return written;
  }

  async close(): Promise<void> {
    this.lose(undefined);
    await this.#gone?.released;
  }

  /** Gives the link up because of a fault; only the first call counts. */
  lose(fault: LinkError | undefined): void {
    if (this.#gone !== undefined) return;
    this.#parts.socket.destroy();
    this.#gone = { fault, released: this.#parts.release() };
    this.#settle(fault);
    this.#abandonWrite?.();
  }

  #writeNow(bytes: Uint8Array): Promise<void> {
    const { socket, where, wireMs, writeDeadlineMs, lost } = this.#parts;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => this.lose(stuck(where, bytes.length)), writeDeadlineMs(bytes.length));
      let onWire: NodeJS.Timeout | undefined;
      const settle = (error?: LinkError): void => {
        clearTimeout(deadline);
        clearTimeout(onWire);
        this.#abandonWrite = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#abandonWrite = () => settle(this.#gone?.fault ?? closedHere(where));
      if (this.#gone !== undefined) {
        this.#abandonWrite();
        return;
      }
      socket.write(bytes, (failed) => {
        if (failed) this.lose(lost(failed));
        else if (this.#gone === undefined) onWire = after(wireMs(bytes.length), settle);
      });
    });
  }
}

/** Node's timers drop the fraction of a millisecond, which would be too early. */
function after(ms: number, action: () => void): NodeJS.Timeout | undefined {
  if (ms > 0) return setTimeout(action, Math.ceil(ms));
  action();
  return undefined;
}

function stuck(where: string, bytes: number): LinkError {
  return new LinkError({
    where,
    what: `${bytes} bytes could not be sent in time`,
    remedy: 'Check the cable, and that flow control is off on the device',
  });
}

function closedHere(where: string): LinkError {
  return new LinkError({ where, what: 'the link is closed' });
}
