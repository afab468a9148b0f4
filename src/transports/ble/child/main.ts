import type { Call, CallResult, FromRadio, ToRadio, Words } from '../messages.ts';
import { AdapterFault } from './adapter-fault.ts';
import { Adapter, wentTo } from './adapter.ts';
import { withoutBus } from './bluez.ts';
import { Connections } from './connections.ts';
import { Hearing } from './hearing.ts';
import { spokenEnd, spokenFault, spokenRefusal } from './library-faults.ts';
import { OutOfPatience } from './patience.ts';
import { Refused } from './refusals.ts';

/*
 * The radio's process: the library's faults end it, never the gateway. It decides nothing: it says what happened, and
 * after what it cannot mend it ends, to be started again.
 */

const addresses = new Set<string>();
const hearing = new Hearing((message, sent) => send(message, sent));
let adapter: Adapter | undefined;
let connections: Connections | undefined;
let filter: Parameters<Adapter['follow']>[0];

process.on('message', (message: ToRadio) => void obey(message).catch(giveUp));
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', giveUp);
process.on('unhandledRejection', giveUp);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // its parent ends it

async function obey(message: ToRadio): Promise<void> {
  switch (message.kind) {
    case 'start':
      filter = message.filter;
      return start(message);
    case 'filter':
      filter = message.filter;
      hearing.filter = filter;
      return adapter?.follow(filter);
    case 'ping':
      return send({ kind: 'pong', id: message.id, heard: hearing.takeHeard(), addresses: addresses.size, rssBytes: process.memoryUsage.rss() });
    case 'call':
      return answer(message);
  }
}

async function start({ adapter: choice, isPassive }: Extract<ToRadio, { readonly kind: 'start' }>): Promise<void> {
  const opened = await Adapter.open({ choice, isPassive }, {
    heard(report) {
      // Only BlueZ's binding keeps what it saw; the count tells when that is too much.
      if (choice.kind === 'bluez') addresses.add(report.address);
      hearing.take(report);
    },
    lost: (words) => giveUp(new AdapterFault(words)),
  });
  adapter = opened;
  connections = new Connections({
    noble: opened.noble,
    withoutScan: (work) => opened.withoutScan(work),
    notified: (address, { service, characteristic }, bytes) => send({ kind: 'notified', address, service, characteristic, bytes }),
    disconnected: (address, reason) => send({ kind: 'disconnected', address, ...spokenEnd(reason) }),
  });
  opened.noble.on('stateChange', (state) => {
    if (state !== 'poweredOn') giveUp(new AdapterFault(wentTo(state, choice)));
  });
  hearing.filter = filter;
  await opened.follow(filter);
  send({ kind: 'on', adapter: opened.name });
}

async function answer({ id, call, deadlineMs }: Extract<ToRadio, { readonly kind: 'call' }>): Promise<void> {
  try {
    send({ kind: 'answer', id, result: await result(call, deadlineMs) });
  } catch (error) {
    send({ kind: 'refusal', id, isSettled: error instanceof Refused && error.isSettled, ...wordsOfCall(error) });
    if (error instanceof OutOfPatience && UNMENDABLE.test(error.message)) giveUp(error);
  }
}

function wordsOfCall(error: unknown): Words {
  if (error instanceof Refused) return spokenRefusal(error.code);
  if (error instanceof OutOfPatience) return { what: error.message, remedy: 'Check that the device is on, in range, and connected to nothing else' };
  return spokenFault(error instanceof Error ? error.message : String(error));
}

async function result(call: Call, deadlineMs: number): Promise<CallResult> {
  if (adapter === undefined || connections === undefined) throw new Error('the adapter is not open yet');
  switch (call.name) {
    case 'connect':
      return connections.connect(call.address, call.addressType, call.places, deadlineMs);
    case 'read':
      return connections.read(call.address, call, deadlineMs);
    case 'write':
      return connections.write(call.address, call, call.bytes, deadlineMs);
    case 'subscribe':
      return connections.subscribe(call.address, call, deadlineMs);
    case 'disconnect':
      return connections.disconnect(call.address);
    case 'restart-scan':
      await adapter.restartScan();
      return {};
    case 'reset-adapter':
      adapter.noble.reset();
      return {};
  }
}

/** Says why and ends. */
function giveUp(error: unknown): void {
  send({ kind: 'failing', ...wordsOf(error) }, () => process.exit(1));
  setTimeout(() => process.exit(1), GIVE_UP_MS);
}

function wordsOf(error: unknown): Words {
  if (error instanceof AdapterFault) return error.words;
  const message = error instanceof Error ? error.message : String(error);
  if (/dbus-next/.test(message)) return { what: 'the package dbus-next is missing, which BlueZ is reached through', remedy: 'Install it beside Tailgate (`npm install dbus-next@0.10`)' };
  if (/system_bus_socket|D-?Bus/i.test(message)) return withoutBus(message);
  return { what: `the radio failed (${message})`, remedy: 'It is started again; if that goes on, unplug the adapter and plug it in again' };
}

function send(message: FromRadio, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else process.exit(0);
}

/** What hangs although the adapter alone had to answer. */
const UNMENDABLE = /^(?:disconnecting|giving up|starting|ending)/;
const GIVE_UP_MS = 1000;
