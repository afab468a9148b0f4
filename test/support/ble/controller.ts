import { openPty, type Pty } from '../pty.ts';
import { H4Reader, type H4Packet } from './h4-reader.ts';

/** What happens on the air, as one controller sees it; `Air` is the other side. */
export interface Ether {
  /** A controller began to advertise, or changed or ended it. */
  advertisingChanged(controller: EmulatedController): void;
  /** A controller wants to connect to an address. */
  connectWanted(controller: EmulatedController, peer: string): void;
  /** Bytes of a logical link, which the other end gets. */
  carry(from: EmulatedController, handle: number, packet: Buffer): void;
  /** One end hung up. */
  hungUp(from: EmulatedController, handle: number, reason: number): void;
  /** A controller lost all its links and forgot everything. */
  resetBy(controller: EmulatedController): void;
}

/** What a controller is told to advertise by its host. */
export interface Advertising {
  readonly data: Buffer;
  readonly scanResponse: Buffer;
  readonly isConnectable: boolean;
}

/**
 * An LE controller on a pseudo-terminal, speaking H4 (Bluetooth Core 5.4, volume 4, parts A and E): only the commands
 * that noble and bleno use. `path` is the port that the host opens.
 */
export class EmulatedController {
  readonly address: string;
  readonly path: string;
  /** Takes no command and says nothing, as a firmware that hangs. */
  isSilent = false;
  isScanning = false;
  /** Whether the host asked for scan responses when it last set how to scan. */
  isScanActive: boolean | undefined;
  advertising: Advertising | undefined;
  /** The opcodes that the host sent, in order. */
  readonly commands: number[] = [];
  readonly #pty: Pty;
  readonly #ether: Ether;
  readonly #reader = new H4Reader();
  #data = Buffer.alloc(0);
  #scanResponse = Buffer.alloc(0);
  #advertisingType = 0;
  #connecting: string | undefined;

  constructor(address: string, ether: Ether) {
    this.address = address;
    this.#ether = ether;
    this.#pty = openPty();
    this.path = this.#pty.path;
    this.#pty.onData((chunk) => {
      for (const packet of this.#reader.push(chunk)) this.#heard(packet);
    });
  }

  /** The address that it is connecting to. */
  get connecting(): string | undefined {
    return this.#connecting;
  }

  close(): void {
    this.#pty.close();
  }

  /** Starts anew by itself, as after a fault of its firmware: it tells a hardware error and has forgotten all. */
  crash(): void {
    this.#forget();
    this.event(0x10, Buffer.of(0x42));
  }

  /** Tells the host of one advertisement. */
  report({ type, address, addressType, data, rssi }: { readonly type: number; readonly address: string; readonly addressType: 'public' | 'random'; readonly data: Uint8Array; readonly rssi: number }): void {
    if (!this.isScanning || (type === SCAN_RESPONSE && this.isScanActive !== true)) return;
    this.event(0x3e, Buffer.concat([Buffer.of(0x02, 1, type, addressType === 'random' ? 1 : 0), reversed(address), Buffer.of(data.length), data, Buffer.of(rssi & 0xff)]));
  }

  /** Tells the host that it has a link. */
  connected({ handle, role, peer }: { readonly handle: number; readonly role: 'central' | 'peripheral'; readonly peer: string }): void {
    if (role === 'central') this.#connecting = undefined;
    else this.advertising = undefined;
    const parameters = Buffer.alloc(19);
    parameters.writeUInt8(0x01, 0);
    parameters.writeUInt16LE(handle, 2);
    parameters.writeUInt8(role === 'central' ? 0 : 1, 4);
    parameters.writeUInt8(addressTypeOf(peer) === 'random' ? 1 : 0, 5);
    reversed(peer).copy(parameters, 6);
    parameters.writeUInt16LE(24, 12); // 30 ms
    parameters.writeUInt16LE(72, 16); // 720 ms
    this.event(0x3e, parameters);
  }

  /** Tells the host that a link is gone. */
  disconnected(handle: number, reason: number): void {
    const parameters = Buffer.alloc(4);
    parameters.writeUInt16LE(handle, 1);
    parameters.writeUInt8(reason, 3);
    this.event(0x05, parameters);
  }

  /** Hands the host bytes of a link. */
  deliver(packet: Buffer): void {
    this.#say(packet);
  }

  event(code: number, parameters: Buffer): void {
    this.#say(Buffer.concat([Buffer.of(0x04, code, parameters.length), parameters]));
  }

  #heard({ kind, bytes }: H4Packet): void {
    if (this.isSilent) return;
    if (kind === 'acl') this.#outgoing(bytes);
    else this.#command(bytes.readUInt16LE(1), bytes.subarray(4));
  }

  /** The host is told at once that its packet has left, or it would stall after a few. */
  #outgoing(packet: Buffer): void {
    const handle = packet.readUInt16LE(1) & 0x0fff;
    this.#ether.carry(this, handle, packet);
    this.event(0x13, Buffer.of(1, handle & 0xff, handle >> 8, 1, 0));
  }

  #command(opcode: number, parameters: Buffer): void {
    this.commands.push(opcode);
    switch (opcode) {
      case 0x0c03:
        this.#forget();
        return this.#complete(opcode);
      case 0x1001:
        return this.#complete(opcode, Buffer.from('09000009ffff0000', 'hex'));
      case 0x1009:
        return this.#complete(opcode, reversed(this.address));
      case 0x0c6c:
        return this.#complete(opcode, Buffer.of(1, 0));
      case 0x2002:
        return this.#complete(opcode, Buffer.of(0xfb, 0x00, 8));
      case 0x2003:
        return this.#complete(opcode, Buffer.alloc(8));
      case 0x1405:
        return this.#complete(opcode, Buffer.concat([parameters.subarray(0, 2), Buffer.of(0xc8)]));
      case 0x200b:
        this.isScanActive = parameters[0] === 1;
        return this.#complete(opcode);
      case 0x200c:
        this.isScanning = parameters[0] === 1;
        return this.#complete(opcode);
      case 0x200d:
        return this.#connect(opcode, parameters);
      case 0x200e:
        return this.#cancelConnect(opcode);
      case 0x0406:
        return this.#disconnect(opcode, parameters);
      default:
        return this.#advertise(opcode, parameters);
    }
  }

  #advertise(opcode: number, parameters: Buffer): void {
    if (opcode === 0x2006) this.#advertisingType = parameters[4] ?? 0;
    if (opcode === 0x2008) this.#data = Buffer.from(parameters.subarray(1, 1 + (parameters[0] ?? 0)));
    if (opcode === 0x2009) this.#scanResponse = Buffer.from(parameters.subarray(1, 1 + (parameters[0] ?? 0)));
    if (opcode === 0x200a) this.advertising = parameters[0] === 1 ? { data: this.#data, scanResponse: this.#scanResponse, isConnectable: this.#advertisingType === 0 } : undefined;
    if (opcode === 0x2008 || opcode === 0x2009) {
      if (this.advertising !== undefined) this.advertising = { ...this.advertising, data: this.#data, scanResponse: this.#scanResponse };
    }
    this.#complete(opcode, Buffer.alloc(0), KNOWN.has(opcode) ? 0 : UNKNOWN_COMMAND);
    this.#ether.advertisingChanged(this);
  }

  #connect(opcode: number, parameters: Buffer): void {
    this.#status(opcode);
    this.#connecting = spoken(parameters.subarray(6, 12));
    this.#ether.connectWanted(this, this.#connecting);
  }

  #cancelConnect(opcode: number): void {
    this.#complete(opcode, Buffer.alloc(0), this.#connecting === undefined ? 0x0c : 0);
    if (this.#connecting === undefined) return;
    this.#connecting = undefined;
    this.event(0x3e, Buffer.concat([Buffer.of(0x01, 0x02), Buffer.alloc(17)]));
  }

  #disconnect(opcode: number, parameters: Buffer): void {
    this.#status(opcode);
    this.#ether.hungUp(this, parameters.readUInt16LE(0), parameters[2] ?? 0x13);
  }

  #forget(): void {
    this.isScanning = false;
    this.advertising = undefined;
    this.#connecting = undefined;
    this.#ether.resetBy(this);
  }

  #complete(opcode: number, parameters: Buffer = Buffer.alloc(0), status = 0): void {
    this.event(0x0e, Buffer.concat([Buffer.of(1, opcode & 0xff, opcode >> 8, status), parameters]));
  }

  #status(opcode: number): void {
    this.event(0x0f, Buffer.of(0, 1, opcode & 0xff, opcode >> 8));
  }

  #say(packet: Buffer): void {
    if (!this.isSilent) void this.#pty.write(packet);
  }
}

/** "C0:DE:..." as six bytes, lowest first, as HCI wants it. */
export function reversed(address: string): Buffer {
  return Buffer.from(Buffer.from(address.replaceAll(':', ''), 'hex').toReversed());
}

/** Whether an address is of the random kind: in these tests those whose two highest bits are 11, as of static ones, or 01, as of resolvable ones. */
export function addressTypeOf(address: string): 'public' | 'random' {
  return (Number.parseInt(address.slice(0, 2), 16) & 0x40) === 0 ? 'public' : 'random';
}

function spoken(bytes: Buffer): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).toReversed().join(':');
}

/** Commands that are accepted and change nothing here, beside those of advertising. */
const KNOWN: ReadonlySet<number> = new Set([0x0c01, 0x2001, 0x0c6d, 0x2005, 0x2013, 0x2006, 0x2008, 0x2009, 0x200a]);
const UNKNOWN_COMMAND = 0x01;
/** The type of a report (Core 5.4, volume 4, part E, section 7.7.65.2). */
export const SCAN_RESPONSE = 4;
