import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LinkError, messageOf } from '../../src/core/errors.ts';
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

  it('keeps no connection that came about when it was no longer wanted', async () => {
    const { port, sockets, sent } = await deviceServer();
    const stop = new AbortController();
    const opening = tcpTransport({ host: '127.0.0.1', port }).open(() => undefined, stop.signal);
    stop.abort();
    await expect(opening).rejects.toThrow('is no longer wanted');
    const { link } = await opened(port); // taken after the first, if that came at all
    await link.write(Buffer.from('x'));
    await vi.waitFor(() => expect(sent()).toBe('x'));
    await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(1));
    await link.close();
  });

  it('gives up connecting after ten seconds', async () => {
    const { port } = await deviceServer();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const opening = tcpTransport({ host: '127.0.0.1', port }).open(() => undefined, new AbortController().signal);
    const failure = opening.then(() => undefined, messageOf);
    vi.advanceTimersByTime(10_000); // before the event loop hears of the connection
    expect(await failure).toMatch(/did not open within 10 s\. Check the network cable/);
  });

  it('gives the link up when what it sends is not taken for ten seconds', async () => {
    const { port, sockets } = await deviceServer();
    const { link } = await opened(port);
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    sockets[0]?.pause();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const failure = link.write(Buffer.alloc(50_000_000)).then(() => undefined, messageOf);
    let open = true;
    void link.closed.then(() => (open = false));
    await new Promise((resolve) => void setImmediate(resolve));
    vi.advanceTimersByTime(9999);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(open).toBe(true);
    vi.advanceTimersByTime(1);
    expect(await failure).toContain('50000000 bytes could not be sent in time');
    expect((await link.closed)?.what).toContain('could not be sent in time');
  });

  it('lets the kernel look after a silent link every ten seconds', async () => {
    const { port, sockets } = await deviceServer();
    const { link } = await opened(port);
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    const [timer, expires] = timerOf(sockets[0]?.remotePort ?? 0, port);
    expect(timer).toBe(KEEPALIVE_TIMER);
    expect(expires).toBeGreaterThan(500);
    expect(expires).toBeLessThanOrEqual(1000);
    await link.close();
  });
});

/** The kernel's running timer of a connection, and in how many hundredths of a second it expires (proc_net_tcp.txt). */
function timerOf(localPort: number, remotePort: number): [kind: string | undefined, expires: number] {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/));
  const found = lines.find(([, local, remote]) => local?.endsWith(hex(localPort)) && remote?.endsWith(hex(remotePort)));
  const [kind, expires] = found?.[5]?.split(':') ?? [];
  return [kind, Number.parseInt(expires ?? '', 16)];
}

const KEEPALIVE_TIMER = '02';
