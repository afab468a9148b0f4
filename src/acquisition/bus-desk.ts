import type { Stamp } from '../core/reading.ts';
import { LinkError } from '../core/errors.ts';
import type { Framing } from '../driver-kit/framing.ts';
import type { Link } from '../driver-kit/link.ts';
import type { QuietLine } from './quiet-line.ts';

/** One question from outside of the polls. */
export interface DeskQuestion {
  readonly address: string;
  readonly request: Uint8Array;
  readonly reply: Framing;
  readonly responseTimeoutMs: number;
  readonly silenceMs: number;
  readonly echo: boolean;
  readonly numbered: boolean;
}

/**
 * Takes single questions of a person to a bus that is being polled, where they take turns with the polls. It belongs to
 * one bus and is closed while that has no link.
 */
export class BusDesk {
  #open: { readonly link: Link; readonly line: QuietLine; readonly gone: AbortSignal; readonly numbered: boolean | undefined } | undefined;
  #number = 0;

  /** Where the link leads while there is one. */
  get linkName(): string | undefined {
    return this.#open?.link.name;
  }

  /** One higher at each call: all questions of a bus are numbered here. */
  readonly nextNumber = (): number => (this.#number += 1);

  /** Takes questions until the signal is aborted; with `numbered` only such as the devices of the bus are asked, numbered or not. */
  open(link: Link, line: QuietLine, gone: AbortSignal, numbered?: boolean): void {
    const open = { link, line, gone, numbered };
    this.#open = open;
    gone.addEventListener('abort', () => void (this.#open === open && (this.#open = undefined)), { once: true });
  }

  /** Resolves with the answer; rejects with a ProtocolError when none came, with a LinkError when there is no link or the signal was aborted. */
  async ask(question: DeskQuestion, signal: AbortSignal): Promise<{ readonly frame: Uint8Array; readonly stamp: Stamp }> {
    if (this.#open === undefined) throw new LinkError({ where: 'the port', what: 'is not open now', remedy: 'See why with: tailgate status' });
    const { link, line, gone, numbered } = this.#open;
    if (numbered !== undefined && question.numbered !== numbered) throw foreign(link, numbered); // over TCP its bytes would stay in front of the next question
    const nobody = (): void => undefined; // who asked sees what came; the devices' own counts are of their polls
    const exchange = { request: question.request, reply: question.reply };
    return line.ask(link, { ...question, exchange, probe: true, device: `address ${question.address}`, discarded: nobody }, AbortSignal.any([gone, signal]));
  }
}

function foreign(link: Link, numbered: boolean): LinkError {
  const remedy = numbered ? 'Write --protocol tcp' : 'Write --protocol rtu, or leave it out';
  return new LinkError({ where: link.name, what: `is polled with ${numbered ? 'protocol tcp' : 'protocol rtu'}, and the question is of the other`, remedy });
}
