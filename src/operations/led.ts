import type { Cancel, Clock } from '../core/clock.ts';
import type { JsonObject } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { kernelLed, type Lamp, spokenLedFault } from './led-files.ts';

/** What the LED can say of scans. */
export type LedWord = 'delivered' | 'stored' | 'questioned' | 'refused';

/** What a Led is made of. */
export interface LedParts {
  /** Its folder in the kernel's LED class. */
  readonly path: string;
  /** What is lit, in place of the kernel's. */
  readonly lamp?: Lamp;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether nothing that was scanned waits to be delivered. */
  readonly isDelivered: () => boolean;
  /** Told when it begins to fail, and when it works again. */
  readonly changed: () => void;
}

/**
 * The box's own LED, which tells people what became of their scans where the scanner cannot. It holds up nothing: a word is
 * shown when the one before has been, of several only the worst, and one write is under way at a time. An LED that cannot
 * be driven is a fault to be told, and is tried again.
 */
export class Led {
  readonly #parts: LedParts;
  readonly #lamp: Lamp;
  #state: 'waiting' | 'open' | 'failing' = 'waiting';
  #why: string | undefined;
  #playing: LedWord | undefined;
  #next: LedWord | undefined;
  /** Something was stored, and nobody has been shown yet that it is delivered. */
  #owesDelivered = false;
  #sinceBlinkMs = 0;
  #wanted = false;
  #lit: boolean | undefined;
  #isWriting = false;
  #isOver = false;
  #cancel: Cancel = () => undefined; // nothing is arranged yet

  constructor(parts: LedParts) {
    this.#parts = parts;
    this.#lamp = parts.lamp ?? kernelLed(parts.path);
  }

  /** Drives it until the signal is aborted, and leaves it dark. It never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    void this.#take();
    await over;
    this.#isOver = true;
    this.#cancel();
    if (this.#state !== 'open') return;
    this.#wanted = false;
    await Promise.race([this.#write(), new Promise<void>((resolve) => void this.#parts.clock.after(WRITTEN_WITHIN_MS, resolve))]);
  }

  /** Shows a word as soon as the one before has been shown; what is refused at once. */
  show(word: LedWord): void {
    if (word === 'stored' || word === 'questioned') this.#owesDelivered = true;
    if (this.#state !== 'open' || this.#isOver) return;
    if (this.#playing === undefined || (word === 'refused' && this.#playing !== 'refused')) this.#play(word);
    else if (this.#next === undefined || RANKS[word] > RANKS[this.#next]) this.#next = word;
  }

  /** How it is, as `tailgate status` shows it. */
  report(): JsonObject & { readonly state: string; readonly why: string | undefined } {
    return { path: this.#parts.path, state: this.#state, why: this.#why };
  }

  async #take(): Promise<void> {
    const isLate = this.#watchWrite();
    try {
      await this.#lamp.take();
      this.#works();
      if (!this.#isOver) this.#rest();
    } catch (error) {
      this.#failed(error);
    } finally {
      isLate();
    }
  }

  #play(word: LedWord): void {
    this.#playing = word;
    this.#next = undefined;
    this.#step(PATTERNS[word], 0);
  }

  #step(pattern: readonly number[], at: number): void {
    const lastsMs = pattern[at];
    if (lastsMs === undefined) {
      this.#playing = undefined;
      if (this.#next === undefined) this.#rest();
      else this.#play(this.#next);
      return;
    }
    this.#light(at % 2 === 0);
    this.#after(lastsMs, () => this.#step(pattern, at + 1));
  }

  /** Dark, with a short blink now and then while something waits to be delivered. */
  #rest(): void {
    this.#light(false);
    this.#after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const isDelivered = this.#parts.isDelivered();
    const nowMs = this.#parts.clock.monotonicMs();
    if (isDelivered && this.#owesDelivered) {
      this.#owesDelivered = false;
      this.#play('delivered');
    } else if (!isDelivered && nowMs - this.#sinceBlinkMs >= BLINK_EVERY_MS) {
      this.#sinceBlinkMs = nowMs;
      this.#light(true);
      this.#after(BLINK_MS, () => this.#rest());
    } else {
      this.#rest();
    }
  }

  #after(delayMs: number, action: () => void): void {
    this.#cancel();
    this.#cancel = this.#parts.clock.after(delayMs, action);
  }

  #light(isLit: boolean): void {
    this.#wanted = isLit;
    void this.#write();
  }

  /** What is wanted while a write is under way is written behind it; what was wanted meanwhile is left out. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const isLate = this.#watchWrite();
    try {
      while (this.#lit !== this.#wanted) {
        const isLit = this.#wanted;
        await this.#lamp.set(isLit);
        this.#lit = isLit;
      }
      this.#works();
    } catch (error) {
      this.#failed(error);
    } finally {
      isLate();
      this.#isWriting = false;
    }
  }

  #watchWrite(): Cancel {
    return this.#parts.clock.after(WRITTEN_WITHIN_MS, () => this.#become('failing', `it has taken nothing for ${WRITTEN_WITHIN_MS / 1000} s`));
  }

  #works(): void {
    this.#become('open', undefined);
  }

  #failed(error: unknown): void {
    this.#lit = undefined;
    this.#playing = undefined;
    this.#next = undefined;
    this.#become('failing', spokenLedFault(this.#parts.path, error));
    if (!this.#isOver) this.#after(RETRY_MS, () => void this.#take());
  }

  #become(state: 'open' | 'failing', why: string | undefined): void {
    if (state === this.#state && why === this.#why) return;
    const { log, changed, path } = this.#parts;
    this.#state = state;
    this.#why = why;
    if (state === 'open') log.info('led: open', { path });
    else log.warn(`led: ${why ?? state}`, { path });
    changed();
  }
}

const RANKS: Readonly<Record<LedWord, number>> = { delivered: 0, stored: 1, questioned: 2, refused: 3 };

/** How long it is lit, dark, lit and so on, in milliseconds. A person tells them apart by their length and number, in sunlight too. */
const PATTERNS: Readonly<Record<LedWord, readonly number[]>> = {
  delivered: [150, 150, 150, 300],
  stored: [800, 200],
  questioned: [800, 250, 150, 150, 150, 150, 150, 300],
  refused: Array.from({ length: 32 }, () => 50),
};

const LOOK_MS = 250;
const BLINK_MS = 50;
const BLINK_EVERY_MS = 2000;
const WRITTEN_WITHIN_MS = 2000;
const RETRY_MS = 10_000;
