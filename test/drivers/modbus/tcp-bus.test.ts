import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { modbus } from '../../../drivers/modbus/driver.ts';
import { runBus } from '../../../src/acquisition/bus.ts';
import { DeviceStatus } from '../../../src/acquisition/device-status.ts';
import { systemClock } from '../../../src/acquisition/stamp.ts';
import { observationLine } from '../../../src/acquisition/transcript-observation.ts';
import { tcpTransport } from '../../../src/transports/tcp.ts';
import { profileOf } from '../../support/modbus-profile.ts';

const within = { timeout: 15_000, interval: 10 };

/** A question as a Modbus TCP server got it. */
interface Asked {
  readonly number: number;
  readonly start: number;
  readonly count: number;
}

/** Each register holds its own address; `answer` may delay or refuse. */
async function serve(answer: (asked: Asked, send: (pdu: readonly number[]) => void) => void, connected: () => void = () => undefined): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    connected();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      const question = { number: chunk.readUInt16BE(0), start: chunk.readUInt16BE(8), count: chunk.readUInt16BE(10) };
      asked.push(question);
      answer(question, (pdu) => void socket.write(Buffer.from([question.number >> 8, question.number & 0xff, 0, 0, 0, pdu.length + 1, chunk[6] ?? 0, ...pdu])));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, asked };
}

function values({ start, count }: Asked): readonly number[] {
  return [3, 2 * count, ...Array.from({ length: count }, (_, at) => [(start + at) >> 8, (start + at) & 0xff]).flat()];
}

/** Polls the meters, each named after its register, until the test ends. */
function poll(port: number, meters: readonly number[]): string[] {
  const found: string[] = [];
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const content = profileOf(Object.fromEntries(meters.map((at) => [`m${at}`, { address: at }])));
  const clock = systemClock(() => 'unsynced');
  const device = {
    name: 'meter',
    driver: modbus,
    options: { ...modbus.options.parse({ address: 1, protocol: 'tcp', profile: 'p', every: '1 s', responseTimeout: '100 ms', retries: 0 }), profile: content },
    status: new DeviceStatus({ device: 'meter', clock, changed: () => undefined }),
    report: (observations: Parameters<typeof observationLine>[0][]) => {
      found.push(...observations.map(observationLine));
      return Promise.resolve();
    },
  };
  void runBus({ transport: tcpTransport({ host: '127.0.0.1', port }), devices: [{ ...device, report: (observations) => device.report([...observations]) }], clock, random: Math.random, signal: end.signal });
  return found;
}

/** A value in a line, and whether it is that of another meter. */
function wrong(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => {
    const [, meter, value] = /"meter":"m(\d+)".*"value":(\d+)/.exec(line) ?? [];
    return value !== undefined && value !== meter;
  });
}

describe('Modbus TCP on a bus', () => {
  test('a late answer is told by its number: it is nobody\'s value, and nothing has to be waited for', async () => {
    const server = await serve((asked, send) => {
      if (asked.start === 10) setTimeout(() => send(values(asked)), 150);
      else send(values(asked));
    });
    const found = poll(server.port, [10, 20, 30]);
    await vi.waitFor(() => expect(found.filter((line) => line.includes('"m30"') && line.includes('"value":30'))).toHaveLength(3), within);
    expect(wrong(found)).toEqual([]);
    expect(found.filter((line) => line.includes('"m10"')).every((line) => line.includes('no answer'))).toBe(true);
    expect(new Set(server.asked.map(({ number }) => number)).size).toBe(server.asked.length);
  });

  test('what is refused is remembered from poll to poll', async () => {
    const server = await serve((asked, send) => (asked.start <= 12 && asked.start + asked.count > 12 ? send([0x83, 2]) : send(values(asked))));
    const found = poll(server.port, [10, 11, 12, 13, 14, 15]);
    await vi.waitFor(() => expect(found.filter((line) => line.includes('"m15"'))).toHaveLength(3), within);
    const spans = server.asked.map(({ start, count }) => `${start}+${count}`);
    expect(spans.slice(0, 5)).toEqual(['10+6', '10+3', '10+2', '12+1', '13+3']);
    expect(spans.slice(5, 8)).toEqual(['10+2', '12+1', '13+3']);
    expect(wrong(found)).toEqual([]);
  });
});

test('a connection that has died without a word is made anew', { timeout: 30_000 }, async () => {
  let mute = false;
  let connections = 0;
  const server = await serve((asked, send) => {
    if (!mute) send(values(asked));
  }, () => {
    connections += 1;
    mute = false;
  });
  const found = poll(server.port, [7]);
  await vi.waitFor(() => expect(found.length).toBeGreaterThan(1), within);
  mute = true;
  const before = found.length;
  await vi.waitFor(() => expect(found.length).toBeGreaterThan(before + 1), { ...within, timeout: 25_000 });
  expect(connections).toBe(2);
});
