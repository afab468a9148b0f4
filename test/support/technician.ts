import type { Pty } from './pty.ts';

/**
 * A technician's own book: the codes for which a scanner with Honeywell's Host ACK has told *stored*. At each scanner one
 * code is under way at a time, and its answer is waited for as long as the gateway lives: an answer names no code, and a
 * late one must not be written down for another.
 */
export class Technician {
  readonly accepted = new Set<string>();
  /** Codes that were scanned, confirmed or not. */
  scanned = 0;
  /** Answers that said *not stored*. */
  refused = 0;
  readonly #waiting = new Set<(heard: Answer) => void>();
  #isPaused = false;
  #resumed: (() => void)[] = [];
  #isOver = false;

  /** Scans code after code at one scanner until `stop`. */
  async scan(pty: Pty, name: string): Promise<void> {
    let answered: ((heard: Answer) => void) | undefined;
    pty.onData((chunk) => {
      const bytes = Buffer.from(chunk);
      if (bytes.includes(GOOD_BEEP)) answered?.('stored');
      else if (bytes.includes(RAZZ)) answered?.('refused');
    });
    for (let number = 0; await this.#mayScan(); number += 1) {
      const code = `${name}-${String(number).padStart(7, '0')}`;
      this.scanned += 1;
      const answer = new Promise<Answer>((resolve) => {
        answered = resolve;
        this.#waiting.add(resolve);
      });
      await pty.write(`${code}\r`);
      const heard = await answer;
      if (answered !== undefined) this.#waiting.delete(answered);
      answered = undefined;
      if (heard === 'stored') this.accepted.add(code);
      if (heard === 'refused') this.refused += 1;
    }
  }

  /** The gateway was killed: what is under way stays without an answer, and nothing is scanned until `resume`. */
  pause(): void {
    this.#isPaused = true;
    for (const give of this.#waiting) give('none');
    this.#waiting.clear();
  }

  /** The gateway is back, and what it still had to say of earlier codes is said. */
  resume(): void {
    this.#isPaused = false;
    for (const resumed of this.#resumed.splice(0)) resumed();
  }

  /** Scans no more. */
  stop(): void {
    this.#isOver = true;
    this.pause();
    this.resume();
  }

  async #mayScan(): Promise<boolean> {
    if (this.#isPaused) await new Promise<void>((resolve) => void this.#resumed.push(resolve));
    return !this.#isOver;
  }
}

type Answer = 'stored' | 'refused' | 'none';

const GOOD_BEEP = '\u001b7,';
const RAZZ = '\u001b8,';
