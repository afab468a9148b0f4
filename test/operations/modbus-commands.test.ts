import { describe, expect, test } from 'vitest';
import { exchangeOf } from '../../drivers/modbus/exchange.ts';
import { BusDesk } from '../../src/acquisition/bus-desk.ts';
import { modbusCommands } from '../../src/operations/modbus-commands.ts';

/** Commands on a bus that nobody may really ask. */
function commands(): { ask: (request: object) => Promise<unknown>; asked: string[] } {
  const asked: string[] = [];
  const desk = new BusDesk();
  desk.ask = ({ request }) => {
    asked.push(Buffer.from(request).toString('hex'));
    return Promise.resolve({ frame: Uint8Array.of(1, 3, 2, 0x12, 0x34, 0, 0), stamp: { wallMs: 0, monotonicMs: 0, bootId: '', clock: 'unsynced' } });
  };
  const all = modbusCommands({ deskAt: (port) => (port === 'here' ? desk : undefined), exchangeOf });
  return { ask: async (request) => all['modbus-ask']?.(request as Record<string, unknown>), asked };
}

const RIGHT = { port: 'here', protocol: 'rtu', responseTimeoutMs: 200, address: 1, function: 3, start: 0, count: 1 };

describe('a question through the control socket', () => {
  test('is put to the bus and answered with the bytes of its values', async () => {
    const { ask, asked } = commands();
    expect(await ask(RIGHT)).toEqual({ kind: 'values', hex: '1234' });
    expect(asked).toEqual(['010300000001840a']);
  });

  test.each([
    ...Array.from({ length: 256 }, (_, code) => code).filter((code) => code < 1 || code > 4).map((code) => ({ function: code })),
    { function: '3' },
    { function: 3.5 },
    { count: 0 },
    { count: 126 },
    { function: 1, count: 2001 },
    { start: 65_536 },
    { start: -1 },
    { address: 256 },
    { address: '1' },
    { responseTimeoutMs: 60_000 },
    { protocol: 'ascii' },
    { port: 'elsewhere' },
    { port: 7 },
  ])('with %j is not: nothing is sent', async (wrong) => {
    const { ask, asked } = commands();
    expect(await ask({ ...RIGHT, ...wrong })).toMatchObject({ kind: 'failed' });
    expect(asked).toEqual([]);
  });
});
