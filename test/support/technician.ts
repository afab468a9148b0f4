import type { Pty } from './pty.ts';

/** A technician's own book: the codes for which the scanner has told *stored*. */
export class Technician {
  readonly accepted = new Set<string>();
  /** Codes that were scanned, confirmed or not. */
  scanned = 0;
  #running = true;

  /** Scans code after code at a scanner with Honeywell's Host ACK, and waits for each answer for a while. */
  async scan(pty: Pty, name: string): Promise<void> {
    let heard: (() => void) | undefined;
    pty.onData((chunk) => {
      if (Buffer.from(chunk).includes(GOOD_BEEP)) heard?.();
    });
    let number = 0;
    while (this.#running) {
      const code = `${name}-${String(number).padStart(7, '0')}`;
      number += 1;
      this.scanned += 1;
      const answer = new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
        heard = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      await pty.write(`${code}\r`);
      if (await answer) this.accepted.add(code);
    }
  }

  /** Scans no more. */
  stop(): void {
    this.#running = false;
  }
}

const GOOD_BEEP = '\u001b7,';
const ANSWER_WITHIN_MS = 400;
