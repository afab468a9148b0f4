import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { CODE_ID_VENDORS, type CodeIdVendor } from '../core/code-id.ts';
import { ConfigurationError, LinkError, messageOf } from '../core/errors.ts';
import { addModbus } from './add-modbus.ts';
import { EXIT_CONFIGURATION, EXIT_UNAVAILABLE } from './exit-codes.ts';

/** What the command line needs to know of where it is installed. */
export interface Installation {
  readonly version: string;
  /** When it was built, in milliseconds since 1970. */
  readonly builtMs: number;
  /** The compiled outbox worker. */
  readonly workerFile: URL;
  /** The compiled program of the radio. */
  readonly radioFile: URL;
  /** The folder that holds the drivers' own profiles. */
  readonly driversFolder: URL;
}

/** Runs the command line; resolves with the process's exit code. */
export async function runCommandLine(argv: readonly string[], installation: Installation): Promise<number> {
  let exitCode = 0;
  const program = new Command('tailgate')
    .description('Edge gateway for service trucks and plant rooms: scanned means stored, stored means delivered, delivered means counted once.')
    .version(installation.version)
    .showHelpAfterError('(tailgate --help lists the commands)')
    .exitOverride();
  const action =
    <Args extends readonly unknown[]>(run: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> => {
      exitCode = await run(...args);
    };
  program
    .command('run')
    .description('run the gateway until SIGTERM or SIGINT')
    .argument('<file>', 'the configuration file')
    .action(
      action(async (file: string) => {
        const { WorkerThread } = await import('../outbox/worker-thread.ts');
        const worker = new WorkerThread(installation.workerFile); // first, since it comes up on another core meanwhile
        const { runCommand } = await import('./run.ts');
        return runCommand({ file, worker, radioProgram: installation.radioFile, version: installation.version, builtMs: installation.builtMs, ...(await sources(installation)) });
      }),
    );
  program
    .command('devices')
    .description('show the BLE devices in range, the driver that understands each, and a piece of configuration for it')
    .argument('<file>', 'the configuration file, for its adapter')
    .requiredOption('--ble', 'listen to the radio')
    .option('--seconds <number>', 'how long to listen', '15')
    .action(
      action(async (file: string, { seconds }: { readonly seconds: string }) =>
        (await import('./devices.ts')).devicesCommand({ file, radioProgram: installation.radioFile, listenMs: Math.min(Math.max(Number(seconds) || 15, 1), 600) * 1000, write: print, ...(await sources(installation)) }),
      ),
    );
  program
    .command('check')
    .description('check a configuration file, on any machine, without its devices')
    .argument('<file>', 'the configuration file')
    .option('--scan <text>', 'show what its rules make of a code; the separator of GS1 is written <GS>')
    .addOption(new Option('--code-ids <maker>', "the maker whose code id that code begins with, as a scanner's codeIds says").choices(CODE_ID_VENDORS))
    .action(
      action(async (file: string, { scan, codeIds }: { readonly scan?: string; readonly codeIds?: CodeIdVendor }) => (await import('./check.ts')).checkCommand({ file, scan: scan === undefined ? undefined : { text: scan, codeIds, year: await thisYear() }, write: print, ...(await sources(installation)) })),
    );
  addSheet(program, action);
  program
    .command('status')
    .description('ask a running gateway how it is')
    .argument('[file]', 'its configuration file', '/etc/tailgate/gateway.yaml')
    .option('--directory <path>', 'its outbox directory, in place of a configuration file')
    .option('--json', 'print everything as JSON', false)
    .action(
      action(async (file: string, options: { readonly directory?: string; readonly json: boolean }) => {
        const directory = options.directory ?? (await outboxDirectory(file, installation));
        return (await import('./status.ts')).statusCommand({ directory, json: options.json, write: print });
      }),
    );
  addModbus(program, { action, print, outboxDirectory: (file) => outboxDirectory(file, installation) });
  addDecisions(program, installation, action);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return exitCodeOf(error);
  }
  return exitCode;
}

type Act = <Args extends readonly unknown[]>(run: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;

interface RunningOptions {
  readonly file: string;
  readonly directory?: string;
  readonly json: boolean;
}

/** What takes a person's word. */
function addDecisions(program: Command, installation: Installation, action: Act): void {
  addQuarantine(program, installation, action);
  addMeter(program, installation, action);
  addPoll(program, installation, action);
  addTag(program, installation, action);
}

function addQuarantine(program: Command, installation: Installation, action: Act): void {
  const quarantine = program.command('quarantine').description('readings that the other side refused for good: look at them, send them again, give them up');
  withRunningOptions(quarantine.command('list').description('list them, oldest first, with the reasons')).action(
    action(async (options: RunningOptions) => (await import('./quarantine.ts')).listQuarantine(await runningParts(options, installation))),
  );
  const decide = (command: Command, decision: 'retry' | 'drop'): void => {
    withRunningOptions(command)
      .argument('[rows...]', 'rows as the list shows them, such as 1/18340')
      .option('--all', 'all that are listed', false)
      .action(
        action(async (rows: readonly string[], options: RunningOptions & { readonly all: boolean; readonly force?: boolean }) =>
          (await import('./quarantine.ts')).decideQuarantine(decision, rows, { ...(await runningParts(options, installation)), all: options.all, force: options.force ?? false }),
        ),
      );
  };
  decide(quarantine.command('retry').description('send rows once more').option('--force', 'also readings that a later one of the same meter has overtaken', false), 'retry');
  decide(quarantine.command('drop').description('give rows up: they will never be delivered'), 'drop');
}

function addSheet(program: Command, action: Act): void {
  program
    .command('sheet')
    .description('print a page with the barcodes of the command codes: tailgate sheet > sheet.html')
    .option('--title <text>', 'what stands at its top', 'Scanner commands')
    .option('--activities <names>', 'the activities to print, with commas between: install, repair, inspect, respond; all when left out')
    .action(action(async (options: { readonly title: string; readonly activities?: string }) => (await import('./sheet.ts')).sheetCommand({ ...options, write: print })));
}

function addMeter(program: Command, installation: Installation, action: Act): void {
  const meter = program.command('meter').description('tell a running gateway what happened to a meter');
  withRunningOptions(meter.command('replaced'))
    .description('a counter was replaced or set back: begin a new epoch, whose first value is the next one that is read')
    .argument('<meter>', 'the meter, as DEVICE/METER')
    .action(action(async (name: string, options: RunningOptions) => (await import('./meter.ts')).meterReplaced({ ...(await runningParts(options, installation)), meter: name })));
}

function addPoll(program: Command, installation: Installation, action: Act): void {
  withRunningOptions(program.command('poll'))
    .description('have a running gateway read a device, or one meter, now and whatever its reading policy says')
    .argument('<meter>', 'DEVICE or DEVICE/METER')
    .action(action(async (meter: string, options: RunningOptions) => (await import('./poll.ts')).pollDevice({ ...(await runningParts(options, installation)), meter })));
}

function addTag(program: Command, installation: Installation, action: Act): void {
  program
    .command('tag')
    .description('BLE tags')
    .command('reset')
    .description('your word that a tag is the right one although it counts anew: after a change of its battery, or of the tag')
    .argument('<device>', "the device's name in the configuration")
    .option('--file <path>', 'the configuration file of the gateway', '/etc/tailgate/gateway.yaml')
    .option('--directory <path>', 'its outbox directory, in place of a configuration file')
    .action(
      action(async (device: string, { file, directory }: { readonly file: string; readonly directory?: string }) =>
        (await import('./tag.ts')).resetTag({ directory: directory ?? (await outboxDirectory(file, installation)), device, write: print }),
      ),
    );
}

/** What every command takes that asks a running gateway. */
function withRunningOptions(command: Command): Command {
  return command
    .option('--file <path>', 'the configuration file of the gateway', '/etc/tailgate/gateway.yaml')
    .option('--directory <path>', 'its outbox directory, in place of a configuration file')
    .option('--json', 'print as JSON', false);
}

async function runningParts({ file, directory, json }: RunningOptions, installation: Installation): Promise<{ readonly directory: string; readonly json: boolean; readonly write: (text: string) => void }> {
  return { directory: directory ?? (await outboxDirectory(file, installation)), json, write: print };
}

async function sources({ driversFolder }: Installation) {
  const { catalogue } = await import('../../drivers/index.ts');
  return { drivers: catalogue, profileFolder: (driver: string): string => fileURLToPath(new URL(`${driver}/profiles/`, driversFolder)) };
}

async function thisYear(): Promise<number> {
  const { systemClock } = await import('../acquisition/stamp.ts');
  return new Date(systemClock(() => 'unsynced').stamp().wallMs).getUTCFullYear();
}

async function outboxDirectory(file: string, installation: Installation): Promise<string> {
  const { loadConfiguration } = await import('../config/load.ts');
  return (await loadConfiguration({ file, ...(await sources(installation)) })).outbox.directory;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigurationError) {
    process.stderr.write(`${messageOf(error)}\n`);
    return EXIT_CONFIGURATION;
  }
  if (error instanceof LinkError) {
    process.stderr.write(`${messageOf(error)}\n`);
    return EXIT_UNAVAILABLE;
  }
  if (typeof error === 'object' && error !== null && 'exitCode' in error && typeof error.exitCode === 'number') return error.exitCode;
  throw error;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
