import { LinkError, type ProtocolError } from '../core/errors.ts';
import type { Link, Transport } from '../driver-kit/link.ts';

/**
 * Tells a link that died without a word from devices that do not answer. A device server that was restarted, or a router
 * in between, can leave a connection open that nothing comes over any more; a new one works. Where a link cannot die so,
 * as on a serial port, it does nothing.
 */
export class MuteLink {
  readonly #canBe: boolean;
  readonly #devices: number;
  /** Who has answered over this link: where anybody has, the silence of others says nothing about it. */
  readonly #answering = new Set<string>();
  /** Who was silent since something was heard last. */
  readonly #silent = new Set<string>();
  #inARow = 0;

  constructor({ endsUnnoticed = false }: Pick<Transport, 'endsUnnoticed'>, devices: number) {
    this.#canBe = endsUnnoticed;
    this.#devices = devices;
  }

  /** There is a new link. */
  opened(): void {
    this.#answering.clear();
    this.#heard();
  }

  /** A device has answered. */
  answered(device: string): void {
    this.#answering.add(device);
    this.#heard();
  }

  /** A question to a device failed. */
  failed(device: string, { fault }: ProtocolError): void {
    if (fault !== 'silent') {
      this.#heard(); // damaged bytes came over it
      return;
    }
    if (this.#answering.size > 0 && !this.#answering.has(device)) return;
    this.#inARow += 1;
    this.#silent.add(device);
  }

  /**
   * Throws a LinkError when so many questions in a row brought nothing at all that the link has to be at fault. Called when a poll has
   * failed, not within one: the device is then known to fail, and asked more rarely over the next link too.
   */
  endIfMute({ name: where }: Link): void {
    // A new link is not given up before everybody was asked: those that are switched off would keep the others from it for ever.
    const isAsked = this.#answering.size > 0 || this.#silent.size >= this.#devices;
    if (!this.#canBe || this.#inARow < MUTE_LEAST || !isAsked) return;
    throw new LinkError({
      where,
      what: `nothing came back to ${MUTE_LEAST} questions in a row or more, so the connection is made anew`,
      remedy: 'Check the address and the power of the devices behind it, and that the protocol is right',
    });
  }

  #heard(): void {
    this.#inARow = 0;
    this.#silent.clear();
  }
}

/** Some two polls of one device; a dead one that is alone then costs its device server a new connection every four minutes. */
const MUTE_LEAST = 6;
