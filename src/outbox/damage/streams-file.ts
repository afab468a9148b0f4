import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A stream as it stands beside the outbox. */
export interface NamedStream {
  readonly number: number;
  readonly source: string;
}

/** The streams once more in a small file of their own, so that a damaged outbox is still known by its name. */
export class StreamsFile {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = join(directory, 'streams.json');
  }

  /** What stands there; nothing when it cannot be read. */
  read(): readonly NamedStream[] {
    try {
      const list: unknown = JSON.parse(readFileSync(this.#file, 'utf8'));
      return Array.isArray(list) ? list.filter(isNamedStream) : [];
    } catch {
      return []; // missing or damaged itself: it only helps where it is there
    }
  }

  /** Writes them, whole or not at all; a disk that does not let it is told of by the outbox itself. */
  write(streams: readonly NamedStream[]): void {
    const text = JSON.stringify(streams);
    if (JSON.stringify(this.read()) === text) return;
    try {
      const file = openSync(`${this.#file}.new`, 'w', 0o600);
      try {
        writeSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // tried again with the next opening
    }
  }
}

function isNamedStream(value: unknown): value is NamedStream {
  return typeof value === 'object' && value !== null && 'number' in value && Number.isSafeInteger(value.number) && 'source' in value && typeof value.source === 'string';
}
