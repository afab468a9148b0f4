import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** What the live line shows. */
export interface Figures {
  readonly scanned: number;
  readonly stored: number;
  readonly counted: number;
  readonly waiting: number;
  readonly holds: string | undefined;
  readonly broker: 'connected' | 'away' | 'unknown';
  readonly gateway: 'running' | 'killed';
}

/**
 * Says what happens: on a terminal with colour and one live line at the bottom, in a pipe as plain lines.
 */
export class Screen {
  readonly #terminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  readonly #colour = this.#terminal && process.env['NO_COLOR'] === undefined;
  #live = '';
  #plainAtMs = 0;
  #plain = '';

  /** A step of the story. */
  headline(text: string): void {
    this.line('');
    this.line(this.#styled(['bold', 'cyan'], `▶ ${text}`));
  }

  /** Something that happened. */
  say(text: string): void {
    this.line(`  ${text}`);
  }

  /** Something good, or bad. */
  verdict(good: boolean, text: string): void {
    this.line(`  ${this.#styled(good ? 'green' : 'red', good ? '✔' : '✘')} ${text}`);
  }

  /** A plain line. */
  line(text: string): void {
    this.#clearLive();
    process.stdout.write(`${text}\n`);
    this.#drawLive();
  }

  /** Brings the live line up to date; in a pipe it becomes a line of its own, at most every second. */
  figures(figures: Figures): void {
    const text = this.#spoken(figures);
    if (this.#terminal) {
      this.#clearLive();
      this.#live = text;
      this.#drawLive();
    } else if (text !== this.#plain && performance.now() - this.#plainAtMs >= PLAIN_EVERY_MS) {
      this.#plainAtMs = performance.now();
      this.#plain = text;
      process.stdout.write(`  ${text}\n`);
    }
  }

  /** Removes the live line. */
  end(): void {
    this.#clearLive();
    this.#live = '';
  }

  #spoken({ scanned, stored, counted, waiting, holds, broker, gateway }: Figures): string {
    const bar = this.#terminal ? ` ${this.#styled('yellow', '█'.repeat(Math.min(BAR_WIDTH, Math.ceil(waiting / BAR_UNIT))))}` : '';
    const link = broker === 'connected' ? this.#styled('green', 'broker connected') : this.#styled('red', broker === 'away' ? 'broker away' : 'broker not connected');
    const process = gateway === 'running' ? '' : `  ${this.#styled(['bold', 'red'], 'gateway killed')}`;
    return `scanned ${scanned}  stored ${stored}  counted ${counted}  waiting ${waiting}${bar}  ${holds === undefined ? '' : `room for ${holds}  `}${link}${process}`;
  }

  #styled(style: Style, text: string): string {
    return this.#colour ? styleText(style, text) : text;
  }

  #clearLive(): void {
    if (this.#terminal && this.#live !== '') process.stdout.write('\r\x1b[2K');
  }

  #drawLive(): void {
    if (this.#terminal && this.#live !== '') process.stdout.write(`  ${this.#live}`);
  }
}

const PLAIN_EVERY_MS = 1000;
const BAR_WIDTH = 24;
const BAR_UNIT = 3;
