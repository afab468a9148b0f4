import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ask, socketPath } from '../src/operations/control-socket.ts';
import { ModbusSlave } from '../test/support/modbus-slave.ts';
import { openPty } from '../test/support/pty.ts';
import { DemoBroker } from './broker.ts';
import { GatewayProcess } from './gateway-process.ts';
import { drawUp } from './ledger.ts';
import { Receiver } from './receiver.ts';
import { DemoScanner } from './scanner.ts';
import { Screen } from './screen.ts';

/**
 * `npm run demo`: a scan and a meter reading travel from real serial ports through SQLite to a broker and a receiver,
 * while the broker goes away and the gateway is killed. Exits with 0 only when the ledger adds up.
 */
const ROOT = 'tailgate/v1/bedford/truck-17';
const folder = mkdtempSync(join(tmpdir(), 'tailgate-demo-'));
const outbox = join(folder, 'outbox');
const screen = new Screen();
const broker = await DemoBroker.start();
const scannerPort = openPty();
const meterPort = openPty();
const configurationFile = join(folder, 'gateway.yaml');
writeFileSync(configurationFile, configuration());
const gateway = new GatewayProcess({ configurationFile, logFile: join(folder, 'gateway.log') });

const scanner = new DemoScanner(scannerPort);
const startedMs = performance.now();
const slave = new ModbusSlave({ address: 10, send: (bytes) => void meterPort.write(bytes), register: runTime });
meterPort.onData((chunk) => slave.feed(chunk));

const receiver = await Receiver.connect(broker.url, { root: ROOT, options: { clientId: 'work-management', clean: false } });
const countedTexts: string[] = [];
let countedMeterReadings = 0;
receiver.counted = ({ type, data }) => {
  if (type === 'tailgate.scan.v1') countedTexts.push(String(data['text']));
  if (type === 'tailgate.reading.v1') countedMeterReadings += 1;
};

const heard = new Set<string>();
let scanned = 0;
let brokerAway = false;
const done = new AbortController();
let seen: { stored: number; waiting: number; holds: string | undefined; connected: boolean } | undefined;

process.once('SIGINT', () => void finish(130));

screen.line('Tailgate: scanned means stored, stored means delivered, delivered means counted once.');
screen.say('A technician with a cordless scanner, a generator with a Modbus controller, both on pseudo-terminals;');
screen.say('the gateway as a process of its own; a broker; and a receiver that counts each reading once and says so.');

const watching = setInterval(() => void look(), 200);
gateway.start();
const technician = scanOn();

screen.headline('All is well: every beep means that the scan is on disk');
await wait(5000);

screen.headline('The broker is taken away; the technician goes on scanning and notices nothing');
brokerAway = true;
await broker.takeAway();
await wait(6000);
screen.say(`${seen?.waiting ?? 0} readings wait in SQLite${seen?.holds === undefined ? '' : `; there is room for ${seen.holds}`}`);

screen.headline('The broker is back: the backlog drains, oldest first');
await broker.bringBack();
brokerAway = false;
await until(() => seen?.connected === true && seen.waiting < 20, 20_000);
await wait(1000);

screen.headline('The gateway is killed with SIGKILL in the middle of a scan');
await gateway.end('SIGKILL');
seen = undefined;
await wait(2500);
screen.say('the scanner beeps its error tone: not stored, so the technician scans again until it is');
gateway.start();
await until(() => seen?.connected === true, 20_000);
await wait(3000);

screen.headline('The technician is done; the gateway stops in order');
done.abort();
await technician;
slave.fault = { silent: true }; // or it would be read once more between the last look and the end
await wait(1200);
await until(() => seen !== undefined && seen.waiting === 0, 30_000);
await gateway.end('SIGTERM');
await finish();

async function scanOn(): Promise<void> {
  await until(() => seen !== undefined, 20_000);
  for (let asset = 1; !done.signal.aborted; asset += 1) {
    const code = `PUMP-${String(asset).padStart(5, '0')}`;
    scanned += 1;
    while ((await scanner.scan(code)) !== 'stored') await wait(300);
    heard.add(code);
    await wait(60 + Math.random() * 80);
  }
}

async function look(): Promise<void> {
  const status = (await ask(socketPath(outbox), 'status').catch(() => undefined)) as
    | { broker: { connected: boolean }; outbox: { waiting: { scan: number; meter: number }; leftMs?: number; holds?: string } }
    | undefined;
  if (status === undefined) {
    seen = undefined;
  } else {
    const { waiting, holds } = status.outbox;
    seen = { stored: heard.size, waiting: waiting.scan + waiting.meter, holds: holds?.replace(' at the present rate', ''), connected: status.broker.connected };
  }
  screen.figures({
    scanned,
    stored: heard.size,
    counted: countedTexts.length,
    waiting: seen?.waiting ?? 0,
    holds: seen?.holds,
    broker: seen?.connected === true ? 'connected' : brokerAway ? 'away' : 'unknown',
    gateway: gateway.pid === undefined ? 'killed' : 'running',
  });
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > endMs) {
      screen.verdict(false, `something took longer than ${withinMs / 1000} s; the gateway's log is ${join(folder, 'gateway.log')}`);
      await finish(1);
    }
    await wait(20);
  }
}

async function finish(code?: number): Promise<never> {
  clearInterval(watching);
  screen.end();
  await gateway.end('SIGKILL');
  let exitCode = code;
  if (exitCode === undefined) {
    const ledger = drawUp(outbox, {
      heard,
      countedTexts,
      counted: receiver.total,
      countedMeterReadings,
      duplicates: receiver.duplicates,
      contradictions: receiver.contradictions,
    });
    screen.headline('The ledger: three books that know nothing of each other');
    screen.say(`scanned             ${ledger.scanned} codes, each with a beep${ledger.unheard > 0 ? `, and ${ledger.unheard} whose beep the kill swallowed` : ''}`);
    screen.say(`stored              ${ledger.stored} readings in SQLite, ${countedMeterReadings} of them the generator's`);
    screen.say(`delivered           ${ledger.delivered} acknowledged by the receiver`);
    screen.say(`counted once        ${ledger.countedOnce}`);
    screen.say(`lost                ${ledger.lost}`);
    screen.say(`duplicates dropped  ${ledger.duplicatesDropped}`);
    screen.verdict(ledger.addsUp, ledger.addsUp ? 'the ledger adds up' : `the ledger does not add up; everything is kept in ${folder}`);
    exitCode = ledger.addsUp ? 0 : 1;
  }
  await receiver.close();
  await broker.close();
  scannerPort.close();
  meterPort.close();
  if (exitCode === 0) rmSync(folder, { recursive: true, force: true });
  process.exit(exitCode);
}

/** DSE GenComm page 7: run time in seconds at 1798, starts at 1808; the generator has run 12,345 hours and runs on. */
function runTime(register: number): number {
  const seconds = 44_442_000 + Math.floor((performance.now() - startedMs) / 1000) * 360;
  if (register === 1798) return Math.floor(seconds / 65_536);
  if (register === 1799) return seconds % 65_536;
  return register === 1809 ? 731 : 0;
}

function configuration(): string {
  return `gateway: truck-17
site: bedford
mqtt:
  clockWait: 0 s                      # a demo does not wait for a clock that nobody sets
  url: ${broker.url}
  acknowledgedBy: receiver
  receiverOverdue: 5 s
outbox:
  directory: ${outbox}
  sizeMax: 256 MiB
devices:
  cab-scanner:
    driver: line-scanner
    port: ${scannerPort.path}
    terminator: CR
    feedback: honeywell-host-ack
  generator:
    driver: modbus
    port: ${meterPort.path}
    address: 10
    profile: deep-sea-genset
    every: 1 s
`;
}
