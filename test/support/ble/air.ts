import { setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { addressTypeOf, EmulatedController, type Ether, SCAN_RESPONSE } from './controller.ts';

/** One advertisement out of nowhere. */
export interface Injected {
  readonly address: string;
  readonly addressType?: 'public' | 'random';
  /** The structures as they go over the air. */
  readonly data: Uint8Array;
  readonly rssi?: number;
  readonly isConnectable?: boolean;
  /** It is the answer to a scan request. */
  readonly isScanResponse?: boolean;
}

interface Connection {
  readonly handle: number;
  readonly central: EmulatedController;
  readonly peripheral: EmulatedController;
}

/** What several emulated controllers share: who advertises is heard by who scans, and links carry bytes. */
export class Air implements Ether {
  /** How long bytes of a link are under way. */
  latencyMs = 0;
  /** Looks at each packet of a link, and loses it when true. Bytes 9 on are the attribute protocol's. */
  loses: (packet: Buffer) => boolean = () => false;
  readonly controllers: EmulatedController[] = [];
  readonly #timers = new Map<EmulatedController, NodeJS.Timeout>();
  readonly #links = new Map<number, Connection>();
  #nextHandle = 0x40;

  /** An air for the running test. */
  static open(): Air {
    const air = new Air();
    onTestFinished(() => air.close());
    return air;
  }

  /** Adds a controller with this address. */
  controller(address: string): EmulatedController {
    const controller = new EmulatedController(address, this);
    this.controllers.push(controller);
    return controller;
  }

  /** How many links there are. */
  get links(): number {
    return this.#links.size;
  }

  /** Everybody who scans hears this once. */
  inject({ address, addressType = addressTypeOf(address), data, rssi = -60, isConnectable = false, isScanResponse = false }: Injected): void {
    const type = isScanResponse ? SCAN_RESPONSE : isConnectable ? CONNECTABLE : NOT_CONNECTABLE;
    for (const controller of this.controllers) controller.report({ type, address, addressType, data, rssi });
  }

  /** Ends every link, as when the devices are carried apart. */
  dropLinks(reason = CONNECTION_TIMEOUT): void {
    for (const { handle, central, peripheral } of this.#links.values()) {
      this.#links.delete(handle);
      central.disconnected(handle, reason);
      peripheral.disconnected(handle, reason);
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) clearInterval(timer);
    for (const controller of this.controllers) controller.close();
  }

  advertisingChanged(controller: EmulatedController): void {
    const timer = this.#timers.get(controller);
    if (controller.advertising !== undefined && timer === undefined) {
      this.#timers.set(controller, setInterval(() => this.#advertise(controller), ADVERTISING_INTERVAL_MS));
    } else if (controller.advertising === undefined) {
      clearInterval(timer);
      this.#timers.delete(controller);
    }
  }

  connectWanted(): void {
    // When the other one advertises next.
  }

  carry(from: EmulatedController, handle: number, packet: Buffer): void {
    const link = this.#links.get(handle);
    if (link === undefined || this.loses(packet)) return;
    const to = from === link.central ? link.peripheral : link.central;
    const arriving = Buffer.from(packet);
    const flags = arriving.readUInt16LE(1);
    // A host sends the first piece with 00 and gets it with 10 (Core 5.4, volume 4, part E, section 5.4.2).
    if ((flags & 0x3000) === 0) arriving.writeUInt16LE(flags | 0x2000, 1);
    if (this.latencyMs === 0) return to.deliver(arriving);
    void setTimeout(this.latencyMs).then(() => this.#links.has(handle) && to.deliver(arriving));
  }

  hungUp(from: EmulatedController, handle: number, reason: number): void {
    const link = this.#links.get(handle);
    if (link === undefined) return;
    this.#links.delete(handle);
    const other = from === link.central ? link.peripheral : link.central;
    from.disconnected(handle, HUNG_UP_HERE);
    other.disconnected(handle, reason);
  }

  resetBy(controller: EmulatedController): void {
    for (const { handle, central, peripheral } of this.#links.values()) {
      if (controller !== central && controller !== peripheral) continue;
      this.#links.delete(handle);
      (controller === central ? peripheral : central).disconnected(handle, CONNECTION_TIMEOUT);
    }
    this.advertisingChanged(controller);
  }

  #advertise(peripheral: EmulatedController): void {
    const { advertising, address } = peripheral;
    if (advertising === undefined || peripheral.isSilent) return;
    const addressType = addressTypeOf(address);
    for (const other of this.controllers) {
      if (other === peripheral || other.isSilent) continue;
      other.report({ type: advertising.isConnectable ? CONNECTABLE : NOT_CONNECTABLE, address, addressType, data: advertising.data, rssi: -60 });
      if (advertising.scanResponse.length > 0) other.report({ type: SCAN_RESPONSE, address, addressType, data: advertising.scanResponse, rssi: -60 });
      if (advertising.isConnectable && other.connecting === address) return this.#connect(other, peripheral);
    }
  }

  #connect(central: EmulatedController, peripheral: EmulatedController): void {
    const handle = this.#nextHandle;
    this.#nextHandle += 1;
    this.#links.set(handle, { handle, central, peripheral });
    peripheral.connected({ handle, role: 'peripheral', peer: central.address });
    central.connected({ handle, role: 'central', peer: peripheral.address });
    this.advertisingChanged(peripheral);
  }
}

const CONNECTABLE = 0;
const NOT_CONNECTABLE = 3;
const ADVERTISING_INTERVAL_MS = 20;
/** Core 5.4, volume 1, part F: the reasons of a disconnect. */
const CONNECTION_TIMEOUT = 0x08;
const HUNG_UP_HERE = 0x16;
