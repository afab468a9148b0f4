import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { codeOf, ConfigurationError, LinkError, messageOf } from '../core/errors.ts';
import { encodeJson, type Json, type JsonObject } from '../core/json.ts';

/** What a running gateway can be asked, by name; each gets the rest of the request and answers with JSON. */
export type Commands = Readonly<Record<string, (request: Readonly<Record<string, unknown>>) => Json | Promise<Json>>>;

/** The socket of the gateway whose outbox lies in the directory. */
export function socketPath(directory: string): string {
  return join(directory, 'tailgate.sock');
}

/**
 * Answers commands on a unix socket that only the gateway's own user can open: one JSON text a line, `{"command":"..."}`,
 * answered by one line. Resolves when it listens; rejects with a ConfigurationError when the path cannot be used.
 */
export async function serveCommands(path: string, commands: Commands): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    throw new ConfigurationError({ where: path, what: `a socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes`, remedy: 'Choose a shorter outbox.directory' });
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= CLIENTS_MAX) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    answer(socket, commands);
  });
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Asks a running gateway, with what the command needs to know; rejects with a LinkError that says what to do when none answers. */
export function ask(path: string, command: string, request: JsonObject = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let reply = '';
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)));
    socket.on('connect', () => socket.write(`${encodeJson({ ...request, command })}\n`));
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => (reply += text));
    socket.on('end', () => {
      try {
        resolve(JSON.parse(reply));
      } catch {
        reject(new LinkError({ where: path, what: 'the gateway closed the connection without an answer', remedy: 'See its log: journalctl -u tailgate' }));
      }
    });
    socket.on('error', (error) => reject(askFault(path, error)));
  });
}

function askFault(path: string, error: Error): LinkError {
  const code = codeOf(error);
  const what = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED' ? 'no gateway runs with this outbox' : messageOf(error);
  const remedy = code === 'EACCES' ? 'Run this as the user that runs the gateway, or as root' : 'Start it with: tailgate run FILE, or: systemctl start tailgate';
  return new LinkError({ where: path, what, remedy, cause: error });
}

function answer(socket: Socket, commands: Commands): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy()); // a client that went away has nothing more to be told
  socket.on('data', (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0 && text.length <= REQUEST_CHARACTERS_MAX) return;
    socket.removeAllListeners('data');
    reply(text.slice(0, end), commands).then(
      (answered) => socket.end(`${encodeJson(answered)}\n`),
      (error: unknown) => socket.end(`${encodeJson({ error: messageOf(error) })}\n`), // told to the person who asked
    );
  });
}

async function reply(line: string, commands: Commands): Promise<Json> {
  const request = requestIn(line);
  const name = typeof request?.['command'] === 'string' ? request['command'] : '';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (request === undefined || command === undefined) return { error: `unknown command; there are: ${Object.keys(commands).join(', ')}` };
  return command(request);
}

function requestIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const request: unknown = JSON.parse(line);
    return typeof request === 'object' && request !== null && !Array.isArray(request) ? (request as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // answered as an unknown command
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown): void => reject(new ConfigurationError({ where: path, what: messageOf(error), remedy: 'Check outbox.directory and its owner', cause: error }));
    server.once('error', refuse);
    try {
      rmSync(path, { force: true }); // what an earlier process left
    } catch (error) {
      refuse(error);
    }
    server.listen(path, resolve);
  });
}

/** The kernel's sun_path with its final NUL (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107;
const CLIENTS_MAX = 16;
const REQUEST_CHARACTERS_MAX = 64 * 1024;
const ANSWER_WITHIN_MS = 5000;
