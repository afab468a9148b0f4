import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Question, ReadFunction } from '../../drivers/modbus/codec.ts';
import { parseDuration } from '../core/amount.ts';
import type { LineSettings, ModbusLine } from './modbus-line.ts';

type Act = <Args extends readonly unknown[]>(run: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;

/** What the commands are added with. */
export interface AddModbusParts {
  readonly action: Act;
  readonly print: (line: string) => void;
  /** The outbox directory that a configuration file names. */
  readonly outboxDirectory: (file: string) => Promise<string>;
}

/** Adds `tailgate modbus scan`, `read` and `decode`. */
export function addModbus(program: Command, { action, print, outboxDirectory }: AddModbusParts): void {
  const modbus = program
    .command('modbus')
    .description('set a Modbus meter up: find it, read its registers, see what they may mean. Reads only (functions 1 to 4): it never writes to a device.');
  const withLine = async <Result>(port: string, options: LineOptions, use: (line: ModbusLine) => Promise<Result>): Promise<Result> => {
    const { openModbusLine } = await import('./modbus-line.ts');
    const line = await openModbusLine(await settingsOf(port, options, outboxDirectory));
    try {
      return await use(line);
    } finally {
      await line.close();
    }
  };
  onLine(modbus.command('scan').description('find the devices on a port: asks each address for one register, and writes nothing'), '200 ms')
    .option('--from <address>', 'the first address', whole(0, 255), 1)
    .option('--to <address>', 'the last address', whole(0, 255), 247)
    .option('--start <register>', 'which register to ask for, counted from 0', whole(0, 0xffff), 0)
    .option('--within <duration>', 'when to stop at the latest', duration, 600_000)
    .action(
      action(async (port: string, options: LineOptions & { readonly from: number; readonly to: number; readonly start: number; readonly within: number }) => {
        const { scanModbus } = await import('./modbus.ts');
        const { from: first, to: last, function: code, start, timeout: responseTimeoutMs, within: withinMs } = options;
        const progress = (text: string): void => void process.stderr.write(`${text}\n`);
        return withLine(port, options, (line) => scanModbus({ first, last, function: code, start, responseTimeoutMs, withinMs, nowMs: () => performance.now(), progress }, { line, write: print }));
      }),
    );
  withQuestion(onLine(modbus.command('read').description('read registers, or bits with --function 1 or 2, and write nothing'), '1 s'), 1000).action(
    action(async (port: string, options: LineOptions & Wish) => {
      const { readModbus } = await import('./modbus.ts');
      return withLine(port, options, (line) => readModbus(questionOf(options), { line, write: print }));
    }),
  );
  withQuestion(onLine(modbus.command('decode').description('read some registers and show every way to read them side by side, and write nothing'), '1 s', true), 16)
    .option('--hex <bytes>', 'no port: these bytes, as they came over the wire')
    .action(
      action(async (port: string | undefined, options: LineOptions & Partial<Wish> & { readonly hex?: string }) => {
        const { decodeModbus, decodings } = await import('./modbus.ts');
        if (options.hex !== undefined) {
          for (const line of decodings(wholeRegisters(options.hex), options.start ?? 0)) print(line);
          return 0;
        }
        const { address, start } = options;
        if (port === undefined || address === undefined || start === undefined) {
          print('write the port, --address and --start, or --hex with the bytes of some registers');
          return 1;
        }
        const question = questionOf({ ...options, address, start, count: options.count ?? 2 });
        return withLine(port, options, (line) => decodeModbus(question, { line, write: print }));
      }),
    );
}

interface LineOptions {
  readonly protocol: 'rtu' | 'tcp';
  readonly function: ReadFunction;
  readonly timeout: number;
  readonly echo: boolean;
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly dataBits: 7 | 8;
  readonly stopBits: 1 | 2;
  readonly file?: string;
  readonly directory?: string;
}

interface Wish {
  readonly address: number;
  readonly start: number;
  readonly count: number;
  readonly function: ReadFunction;
}

function onLine(command: Command, timeout: string, portOptional = false): Command {
  return command
    .argument(portOptional ? '[port]' : '<port>', 'such as /dev/ttyUSB0 or tcp://10.0.0.5:502')
    .option('--protocol <rtu|tcp>', 'tcp for devices that speak Modbus TCP', oneOf('rtu', 'tcp'), 'rtu')
    .option('--function <1..4>', '1 coils, 2 discrete inputs, 3 holding registers, 4 input registers; there are no others', whole(1, 4), 3)
    .option('--timeout <duration>', 'how long to wait for an answer', shortDuration, parseDuration(timeout))
    .option('--echo', 'the adapter gives back every byte that is sent', false)
    .option('--baud-rate <number>', 'of the port, unless a gateway holds it', whole(50, 4_000_000), 19_200)
    .option('--parity <none|even|odd>', 'likewise', oneOf('none', 'even', 'odd'), 'none')
    .option('--data-bits <7|8>', 'likewise', whole(7, 8), 8)
    .option('--stop-bits <1|2>', 'likewise', whole(1, 2), 1)
    .option('--file <path>', `the configuration file of a gateway that may hold the port (default: ${DEFAULT_FILE}, where there is one)`)
    .option('--directory <path>', 'its outbox directory, in place of a configuration file');
}

function withQuestion(command: Command, countMax: number): Command {
  return command
    .option('--address <number>', 'the device', whole(0, 255))
    .option('--start <register>', 'the first register as it goes over the wire, counted from 0: 1798 or 0x0706; of 40001 it is 0', whole(0, 0xffff))
    .option('--count <number>', 'how many', whole(1, countMax));
}

async function settingsOf(port: string, options: LineOptions, outboxDirectory: AddModbusParts['outboxDirectory']): Promise<LineSettings> {
  const { portSchema } = await import('../config/port.ts');
  const place = portSchema.safeParse(port);
  if (!place.success) throw new InvalidArgumentError(place.error.issues[0]?.message ?? 'no port');
  const { protocol, timeout: responseTimeoutMs, echo, baudRate, parity, dataBits, stopBits } = options;
  const file = options.file ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const directory = options.directory ?? (file === undefined ? undefined : await outboxDirectory(file));
  return { port: place.data, line: { baudRate, parity, dataBits, stopBits }, protocol, responseTimeoutMs, echo, directory };
}

/** What commander leaves undefined when it is not given has to be given. */
function questionOf({ address, start, count, function: code }: Partial<Wish> & { readonly function: ReadFunction }): Question {
  if (address === undefined || start === undefined) throw new InvalidArgumentError('--address and --start are needed');
  return { address, start, count: Math.min(count ?? 10, 0x10000 - start), function: code };
}

function wholeRegisters(hex: string): Uint8Array {
  const digits = hex.replaceAll(/[\s:]/g, '');
  if (!/^(?:[0-9A-Fa-f]{4}){1,16}$/.test(digits)) throw new InvalidArgumentError('--hex takes one to sixteen registers of four hexadecimal digits');
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^(?:0x[0-9A-Fa-f]{1,8}|\d{1,9})$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`A whole number from ${least} to ${most}, please.`);
    return value;
  };
}

function oneOf(...words: readonly string[]): (text: string) => string {
  return (text) => {
    if (!words.includes(text)) throw new InvalidArgumentError(`One of ${words.join(', ')}, please.`);
    return text;
  };
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('A duration with its unit, please, such as "200 ms".');
  return ms;
}

function shortDuration(text: string): number {
  const ms = duration(text);
  if (ms < 10 || ms > TIMEOUT_MAX_MS) throw new InvalidArgumentError('From 10 ms to 2 s, please.');
  return ms;
}

const DEFAULT_FILE = '/etc/tailgate/gateway.yaml';
/** What the gateway takes as well. */
const TIMEOUT_MAX_MS = 2000;
