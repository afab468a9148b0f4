import { connect, type Socket } from 'node:net';
import { codeOf, LinkError, messageOf } from '../core/errors.ts';
import type { Link, Transport } from '../driver-kit/link.ts';
import { within } from './deadline.ts';
import { SocketLink } from './socket-link.ts';

/** A serial device server in raw mode, such as a Moxa NPort's TCP server mode or ser2net. */
export interface TcpOptions {
  readonly host: string;
  readonly port: number;
}

/** Opens links over plain TCP. It knows no telnet and no RFC 2217: the device server's own settings fix the baud rate. */
export function tcpTransport({ host, port }: TcpOptions): Transport {
  const name = `tcp ${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    name,
    endsUnnoticed: true,
    async open(receive, signal) {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
      await connected(socket, name, signal);
      return linkOver(socket, name, receive);
    },
  };
}

async function connected(socket: Socket, where: string, signal: AbortSignal): Promise<void> {
  const connecting = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  try {
    await within(connecting, {
      deadlineMs: CONNECT_DEADLINE_MS,
      signal,
      fault: (what) => new LinkError({ where, what, remedy: remedyOf('ETIMEDOUT') }),
      late: () => undefined,
    });
  } catch (error) {
    socket.destroy();
    throw error instanceof LinkError ? error : lost(where, error);
  }
}

function linkOver(socket: Socket, where: string, receive: (chunk: Uint8Array) => void): Link {
  return new SocketLink({
    where,
    name: where,
    socket,
    receive,
    writeDeadlineMs: () => WRITE_DEADLINE_MS,
    wireMs: () => 0, // TCP does not say when the far end sent it on
    release: async () => undefined,
    lost: (error) => lost(where, error),
  });
}

function lost(where: string, error: unknown): LinkError {
  const code = codeOf(error);
  const what = error === undefined ? 'the device server closed the connection' : (WORDS.get(code ?? '') ?? messageOf(error));
  return new LinkError({ where, what, remedy: remedyOf(code), cause: error });
}

function remedyOf(code: string | undefined): string {
  if (code === undefined) return 'Check that no other program uses the same port: most device servers serve one at a time';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'Check the host name under `port`, or write the IP address';
  if (code === 'ECONNREFUSED') return 'Check the port number, and that the device server is in raw TCP server mode';
  return 'Check the network cable, the address under `port` and the device server\'s power';
}

const WORDS = new Map([
  ['ECONNREFUSED', 'the device server refused the connection'],
  ['ECONNRESET', 'the device server reset the connection'],
  ['EHOSTUNREACH', 'there is no way to this address'],
  ['ENETUNREACH', 'there is no way to this network'],
  ['ENOTFOUND', 'the host name is not known'],
  ['EAI_AGAIN', 'the host name could not be looked up'],
  ['EPIPE', 'the device server closed the connection'],
  ['ETIMEDOUT', 'the device server does not answer'],
]);

const CONNECT_DEADLINE_MS = 10_000;
const WRITE_DEADLINE_MS = 10_000;
/** Idle time before the first probe; the kernel then probes every second and gives up after ten. */
const KEEPALIVE_MS = 10_000;
