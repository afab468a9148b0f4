import type { Log, LogFields } from '../../src/core/log.ts';

/** A log that keeps what it was told. */
export class KeptLog implements Log {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  readonly debug = this.#keep('debug');
  readonly info = this.#keep('info');
  readonly warn = this.#keep('warn');
  readonly error = this.#keep('error');

  /** The lines with this in their message. */
  with(part: string): readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[] {
    return this.lines.filter(({ message }) => message.includes(part));
  }

  #keep(level: string) {
    return (message: string, fields: LogFields = {}): void => void this.lines.push({ level, message, fields });
  }
}
