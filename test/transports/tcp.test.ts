import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LinkError } from '../../src/core/errors.ts';
import { tcpTransport } from '../../src/transports/tcp.ts';

const servers: { readonly server: Server; readonly sockets: Socket[] }[] = [];
afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A device server in raw mode. */
async function deviceServer() {
  const sockets: Socket[] = [];
  let sent = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (sent += chunk.toString('latin1')));
  });
  servers.push({ server, sockets });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, sockets, sent: () => sent, server };
}

async function opened(port: number) {
  let received = '';
  const link = await tcpTransport({ host: '127.0.0.1', port }).open(
    (chunk) => (received += Buffer.from(chunk).toString('latin1')),
    new AbortController().signal,
  );
  return { link, received: () => received };
}

describe('a serial device server over TCP', () => {
  it('carries bytes both ways', async () => {
    const { port, sockets, sent } = await deviceServer();
    const { link, received } = await opened(port);
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    sockets[0]?.write('SCAN\x1d\xff\r', 'latin1');
    await link.write(Buffer.from('\x1b7,', 'latin1'));
    await vi.waitFor(() => expect(received()).toBe('SCAN\x1d\xff\r'));
    await vi.waitFor(() => expect(sent()).toBe('\x1b7,'));
    expect(link.name).toBe(`tcp 127.0.0.1:${port}`);
    await link.close();
    expect(await link.closed).toBeUndefined();
  });

  it('says when the far end closes, and why that can be', async () => {
    const { port, sockets } = await deviceServer();
    const { link } = await opened(port);
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    sockets[0]?.end();
    expect((await link.closed)?.message).toBe(
      `tcp 127.0.0.1:${port}: the device server closed the connection. Check that no other program uses the same port: most device servers serve one at a time`,
    );
    await expect(link.write(Buffer.from('x'))).rejects.toThrow(LinkError);
  });

  it('says when the far end resets', async () => {
    const { port, sockets } = await deviceServer();
    const { link } = await opened(port);
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    sockets[0]?.resetAndDestroy();
    expect((await link.closed)?.what).toBe('the device server reset the connection');
  });

  it('says when nobody listens', async () => {
    const { port, server } = await deviceServer();
    await new Promise((resolve) => server.close(resolve));
    await expect(opened(port)).rejects.toThrow(/refused the connection\. Check the port number/);
  });

  it('says when the name is not known', async () => {
    const opening = tcpTransport({ host: 'no-such-host.invalid', port: 4001 }).open(() => undefined, new AbortController().signal);
    await expect(opening).rejects.toThrow(/tcp no-such-host\.invalid:4001: the host name .*\. Check the host name/);
  });

  it('gives up connecting when it is no longer wanted', async () => {
    const stop = new AbortController();
    const opening = tcpTransport({ host: '192.0.2.1', port: 4001 }).open(() => undefined, stop.signal);
    stop.abort();
    await expect(opening).rejects.toThrow(LinkError);
  });
});
