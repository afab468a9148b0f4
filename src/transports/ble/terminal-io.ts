import { LinkError } from '../../core/errors.ts';
import type { Link } from '../../driver-kit/link.ts';
import type { GattLink, Place } from '../../driver-kit/radio.ts';

/*
 * Terminal I/O carries bytes in packets of at most 20, each of which costs its sender a credit. Either side grants the other
 * credits, one byte saying how many more, which are added to what is left (Telit, Terminal I/O Profile, Client Implementation
 * Guide; enioka_scan@8903c3c8, BleTerminalIODevice.java):
 *
 *   gateway                                     device
 *     subscribe to credits TX (indications)      ->
 *     subscribe to data TX (notifications)       ->
 *     credits RX: 20          "you may send 32"  ->
 *                             <-  credits TX: 14  "you may send 20"
 *     data RX: up to 20 bytes, costs one         ->
 *                             <-  data TX: up to 20 bytes, costs one
 */

const SERVICE = 'fefb';
const TAIL = '000010008000008025000000';
const DATA_RX: Place = { service: SERVICE, characteristic: `00000001${TAIL}` };
const DATA_TX: Place = { service: SERVICE, characteristic: `00000002${TAIL}` };
const CREDITS_RX: Place = { service: SERVICE, characteristic: `00000003${TAIL}` };
const CREDITS_TX: Place = { service: SERVICE, characteristic: `00000004${TAIL}` };

/** The characteristics of the Terminal I/O service, as they are discovered. */
export const TERMINAL_IO_PLACES: readonly Place[] = [DATA_RX, DATA_TX, CREDITS_RX, CREDITS_TX];

/** Opens the stream on a connected device; rejects with a LinkError, and leaves closing the device to its caller. */
export async function openTerminalIo(device: GattLink, receive: (chunk: Uint8Array) => void, stallMs = STALL_MS): Promise<Link> {
  const link = new TerminalIoLink(device, stallMs);
  await device.subscribe(CREDITS_TX, ({ bytes }) => link.granted(bytes[0] ?? 0));
  await device.subscribe(DATA_TX, ({ bytes }) => {
    receive(bytes);
    link.consumed();
  });
  await link.grant();
  return link;
}

/** A write never starts before the one before it is done, and each of its packets waits for a credit. */
class TerminalIoLink implements Link {
  readonly name: string;
  readonly closed: Promise<LinkError | undefined>;
  readonly #device: GattLink;
  readonly #stallMs: number;
  #writing: Promise<void> = Promise.resolve();
  /** What this side may still send. */
  #credits = 0;
  /** What the device may still send; bytes that come without a credit are taken all the same. */
  #granted = 0;
  #isGranting = false;
  #wake: () => void = () => undefined; // nobody waits for a credit

  constructor(device: GattLink, stallMs: number) {
    this.name = device.name;
    this.closed = device.closed;
    this.#device = device;
    this.#stallMs = stallMs;
  }

  granted(credits: number): void {
    this.#credits += credits;
    if (credits > 0) this.#wake();
  }

  consumed(): void {
    this.#granted = Math.max(0, this.#granted - 1);
    if (this.#granted > GRANT_BELOW || this.#isGranting) return;
    this.grant().catch(() => undefined); // the link is gone, and its end says why
  }

  /** Lets the device send up to `GRANT_TO` packets again. */
  async grant(): Promise<void> {
    const more = GRANT_TO - this.#granted;
    this.#granted = GRANT_TO; // what comes while this is under way was sent with credits of before
    this.#isGranting = true;
    await this.#device.write(CREDITS_RX, Uint8Array.of(more)).finally(() => (this.#isGranting = false));
    if (this.#granted <= GRANT_BELOW) await this.grant();
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#writing.then(() => this.#writePackets(bytes));
    this.#writing = written.catch(() => undefined); // its caller is told; the next write finds the link gone
    return written;
  }

  close(): Promise<void> {
    return this.#device.close();
  }

  async #writePackets(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      await this.#credit();
      await this.#device.write(DATA_RX, bytes.subarray(at, at + PACKET_BYTES));
    }
  }

  /** Takes one credit, when there is one. A device that grants none for long will never tell a person anything: it is given up. */
  async #credit(): Promise<void> {
    if (this.#credits === 0) await this.#awaitCredit();
    this.#credits -= 1;
  }

  async #awaitCredit(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const outcome = await Promise.race([
      new Promise<'granted'>((resolve) => (this.#wake = () => resolve('granted'))),
      this.closed.then((fault) => fault ?? new LinkError({ where: this.name, what: 'the connection is closed' })),
      new Promise<LinkError>((resolve) => (timer = setTimeout(() => resolve(stalled(this.name, this.#stallMs)), this.#stallMs))),
    ]);
    clearTimeout(timer);
    this.#wake = () => undefined;
    if (outcome === 'granted') return;
    await this.#device.close();
    throw outcome;
  }
}

function stalled(where: string, stallMs: number): LinkError {
  return new LinkError({ where, what: `the device takes nothing: it granted no credit for ${stallMs / 1000} s`, remedy: 'It is connected to anew; if that goes on, switch it off and on' });
}

/** What the device may have under way: a long code takes some twenty packets. */
const GRANT_TO = 32;
const GRANT_BELOW = 16;
/** What fits into a packet of the smallest MTU, 23 (Core 5.4, volume 3, part F, sections 3.2.8 and 3.4.5). */
const PACKET_BYTES = 20;
const STALL_MS = 10_000;
