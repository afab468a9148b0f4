import type { Pty } from '../test/support/pty.ts';

/** What became of one pull of the trigger, as the technician hears it. */
export type Beep = 'stored' | 'refused' | 'silence';

/**
 * A cordless Honeywell scanner on a pseudo-terminal with Host ACK: it sends the code and CR, and beeps when the gateway
 * answers. Without an answer it beeps the error tone, and its technician pulls the trigger again.
 */
export class DemoScanner {
  readonly #pty: Pty;
  #answer: ((beep: Beep) => void) | undefined;

  constructor(pty: Pty) {
    this.#pty = pty;
    pty.onData((chunk) => {
      const text = Buffer.from(chunk).toString('latin1');
      if (text.includes('\x1b7,')) this.#answer?.('stored');
      else if (text.includes('\x1b8,')) this.#answer?.('refused');
    });
  }

  /** Scans one code and resolves with what is heard. */
  async scan(code: string): Promise<Beep> {
    const heard = new Promise<Beep>((resolve) => {
      const timer = setTimeout(() => resolve('silence'), ANSWER_WITHIN_MS);
      this.#answer = (beep) => {
        clearTimeout(timer);
        resolve(beep);
      };
    });
    await this.#pty.write(Buffer.from(`${code}\r`));
    return heard;
  }
}

/** A real one waits 10 s unless it is set otherwise; the demo has no time. */
const ANSWER_WITHIN_MS = 1500;
