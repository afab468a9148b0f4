import { existsSync } from 'node:fs';
import type { AdapterChoice, HearingFilter, Words } from '../messages.ts';
import { AdapterFault } from './adapter-fault.ts';
import { bluezMute, openBluez } from './bluez.ts';
import { type AdapterEars, hearPackets, type Noble, openLibrary, scanPassively } from './library.ts';
import { kernelsAdapters } from './kernels-adapters.ts';
import { ownAdapter } from './own-adapter.ts';
import { patient } from './patience.ts';

/** One adapter that is on, and its scan. */
export class Adapter {
  readonly noble: Noble;
  readonly name: string;
  #scanWanted = false;
  #paused = false;
  #isScanning = false;
  #settling: Promise<void> = Promise.resolve();

  private constructor(noble: Noble, name: string) {
    this.noble = noble;
    this.name = name;
  }

  /** Opens it; rejects with an AdapterFault. Only through BlueZ it tells by itself that it is lost, before it is open too. */
  static async open({ choice, isPassive }: { readonly choice: AdapterChoice; readonly isPassive: boolean }, { heard, lost }: AdapterEars): Promise<Adapter> {
    if (choice.kind === 'uart' && !existsSync(choice.path)) throw new AdapterFault({ what: `${choice.path} does not exist`, remedy: 'Plug the controller in, or correct `ble.adapter`' });
    if (choice.kind === 'bluez' && !existsSync(systemBus())) {
      throw new AdapterFault({ what: 'there is no D-Bus, and so no BlueZ', remedy: 'Install bluez and dbus and start bluetoothd, or in a container pass /var/run/dbus in; or choose another `ble.adapter`' });
    }
    const open = (number?: number): Noble => openLibrary(choice, number);
    const ready = (noble: Noble): Promise<void> => poweredOn(noble, choice);
    const noble = choice.kind === 'hci' ? await ownAdapter(choice.address, kernelsAdapters('/sys/class/bluetooth'), { open, ready }) : open();
    if (choice.kind === 'bluez') openBluez(noble, { heard, lost });
    if (choice.kind !== 'hci') await ready(noble);
    hearPackets(noble, heard);
    if (isPassive) scanPassively(noble);
    return new Adapter(noble, choice.kind === 'uart' ? `${choice.path} ${noble.address}` : noble.address);
  }

  /** Starts or ends the scan. */
  async follow(filter: HearingFilter): Promise<void> {
    this.#scanWanted = filter !== undefined;
    await this.#settle();
  }

  /** Ends the scan and begins it again. */
  async restartScan(): Promise<void> {
    await this.#inTurn(() => this.#stopScan());
    await this.#settle();
  }

  /** Runs the work with no scan beside it. */
  async withoutScan<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#paused = true;
    try {
      await this.#settle();
      return await work();
    } finally {
      this.#paused = false;
      await this.#settle();
    }
  }

  #settle(): Promise<void> {
    return this.#inTurn(async () => {
      const isDue = this.#scanWanted && !this.#paused;
      if (isDue === this.#isScanning) return;
      if (isDue) await this.#startScan();
      else await this.#stopScan();
    });
  }

  /** The library takes the answer to one start or stop for the answer to another. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#settling.then(work);
    this.#settling = done.catch(() => undefined); // its caller is told
    return done;
  }

  async #startScan(): Promise<void> {
    // All packets, repeats too: what is folded here can never be told from silence.
    await patient(this.noble.startScanningAsync([], true), ADAPTER_MS, 'starting the scan');
    this.#isScanning = true;
  }

  async #stopScan(): Promise<void> {
    await patient(this.noble.stopScanningAsync(), ADAPTER_MS, 'ending the scan');
    this.#isScanning = false;
  }
}

/** The adapter says *off* first and *on* when it is, so *off* is believed only after a while. */
function poweredOn(noble: Noble, choice: AdapterChoice): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new AdapterFault(STATE_WORDS.get(noble.state) ?? mute(choice)));
    let timer = setTimeout(fail, POWERED_ON_MS);
    noble.on('stateChange', (state) => {
      if (state === 'poweredOff' && choice.kind === 'bluez') {
        clearTimeout(timer);
        timer = setTimeout(fail, SWITCHED_ON_MS);
      }
      if (state !== 'poweredOn' && state !== 'unsupported' && state !== 'unauthorized') return;
      clearTimeout(timer);
      if (state === 'poweredOn') resolve();
      else fail();
    });
  });
}

/** What an adapter that was open went to, in words. */
export function wentTo(state: string, choice: AdapterChoice): Words {
  const words = choice.kind === 'bluez' ? STATE_WORDS.get(state) : undefined; // of another the library says *off* when it is gone
  return words ?? { what: `the adapter went to "${state}"`, remedy: 'It is opened again when it is back' };
}

function mute(choice: AdapterChoice): Words {
  switch (choice.kind) {
    case 'bluez':
      return bluezMute(`it said nothing for ${POWERED_ON_MS / 1000} s`);
    case 'hci':
      return { what: 'the adapter does not answer', remedy: 'Unplug it and plug it in again' };
    case 'uart':
      return { what: `the controller on ${choice.path} does not answer`, remedy: 'Check the baud rate and that it speaks HCI in H4, and unplug it and plug it in again' };
  }
}

/** Where D-Bus listens, as its own clients look for it. */
function systemBus(): string {
  return /^unix:path=([^,;]+)/.exec(process.env['DBUS_SYSTEM_BUS_ADDRESS'] ?? '')?.[1] ?? '/var/run/dbus/system_bus_socket';
}

const STATE_WORDS: ReadonlyMap<string, Words> = new Map([
  ['poweredOff', { what: 'the adapter is off', remedy: 'Run `bluetoothctl power on`, and `rfkill unblock bluetooth` where that does not help' }],
  ['unsupported', { what: 'no BLE adapter can be used', remedy: 'The kernel or container may have no Bluetooth, the adapter may be older than Bluetooth 4, or a dedicated adapter may be in use: it must be down' }],
  ['unauthorized', { what: 'this user may not use the adapter', remedy: 'A dedicated adapter needs CAP_NET_ADMIN and CAP_NET_RAW; through BlueZ the user needs the D-Bus policy of the group bluetooth' }],
]);

const POWERED_ON_MS = 10_000;
/** What BlueZ says of an adapter is so; only at its own start it switches them on a moment later. */
const SWITCHED_ON_MS = 2000;
const ADAPTER_MS = 3000;
