import { LinkError, type ProtocolError } from '../core/errors.ts';
import type { Link, Transport } from '../driver-kit/link.ts';

/**
 * Tells a link that died without a word from devices that do not answer. A device server that was restarted, or a router
 * in between, can leave a connection open that nothing comes over any more; a new one works. Where a link cannot die so,
 * as on a serial port, it does nothing.
 */
export class MuteLink {
  readonly #canBe: boolean;
  #inARow = 0;

  constructor({ endsUnnoticed = false }: Pick<Transport, 'endsUnnoticed'>) {
    this.#canBe = endsUnnoticed;
  }

  /** There is something: an answer, damaged bytes, or a new link. */
  heard(): void {
    this.#inARow = 0;
  }

  /** A question of any device failed. */
  failed({ fault }: ProtocolError): void {
    if (fault === 'silent') this.#inARow += 1;
    else this.heard();
  }

  /**
   * Throws a LinkError when so many questions in a row brought nothing at all. Called when a poll has failed, not within one: the
   * device is then known to fail, and asked more rarely over the next link too.
   */
  endIfMute({ name: where }: Link): void {
    if (!this.#canBe || this.#inARow < MUTE_LEAST) return;
    throw new LinkError({
      where,
      what: `nothing came back to ${MUTE_LEAST} questions in a row or more, so the connection is made anew`,
      remedy: 'Check the address and the power of the devices behind it, and that the protocol is right',
    });
  }
}

/** Some two polls of one device; a dead one that is alone then costs its device server a new connection every four minutes. */
const MUTE_LEAST = 6;
