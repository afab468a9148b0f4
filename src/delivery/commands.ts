import type { Clock } from '../core/clock.ts';
import { encodeJson, type JsonObject } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import { Remembered } from './remembered.ts';

/** What a command is asked with, its own fields included; they are hostile until the command has checked them. */
export type CommandRequest = Readonly<Record<string, unknown>>;

/** What a command answers: at once, and where there is more to tell, later again. */
export type Answer = (answer: JsonObject) => void;

/** One command: runs once for a transaction, and answers. */
export type Command = (request: CommandRequest, answer: Answer) => void;

/** What commands need. */
export interface CommandsParts {
  /** Every command there is, by its level in the topic. */
  readonly table: Readonly<Record<string, Command>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Publishes a reply to the command of that name. */
  readonly reply: (name: string, payload: string) => void;
}

/** Why a command was not run. */
export function refusal(code: string, message: string, more: JsonObject = {}): JsonObject {
  return { accepted: false, error: { code, message }, ...more };
}

/**
 * Commands that come over MQTT (`cmd/{name}` in docs/mqtt-contract.md). A command runs only when it is known, whole, not
 * expired and not kept by the broker from before, and once for each transaction; everything else is answered with the
 * reason, as far as there is a transaction to answer to.
 */
export class Commands {
  readonly #parts: CommandsParts;
  /** The last answer of each transaction that was run. */
  readonly #answers = new Remembered<JsonObject | undefined>(REMEMBERED_MAX);

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  /** A message has come on `cmd/{name}`. */
  arrived(name: string, payload: Buffer, retained: boolean): void {
    const request = parse(payload);
    const transaction = typeof request === 'string' ? undefined : request['transaction'];
    if (typeof request === 'string' || !isTransaction(transaction)) {
      const why = typeof request === 'string' ? request : `its transaction is not a text of 1 to ${TRANSACTION_CHARACTERS_MAX} characters`;
      this.#parts.log.warn('a command was ignored', { command: printable(name, 64), why });
      return;
    }
    const answer = (content: JsonObject): void => this.#reply(name, { transaction, ...content });
    const key = JSON.stringify([name, transaction]);
    if (this.#answers.has(key)) {
      const before = this.#answers.get(key);
      if (before !== undefined) answer(before);
      return;
    }
    const command = Object.hasOwn(this.#parts.table, name) ? this.#parts.table[name] : undefined;
    const why = command === undefined ? refusal('unknown_command', 'there is no such command') : retained ? refusal('retained', 'a command must not be retained') : this.#expired(request);
    if (command === undefined || why !== undefined) {
      answer(why ?? {});
      return;
    }
    this.#parts.log.info('a command was received', { command: name, transaction: printable(transaction) });
    this.#answers.set(key, undefined);
    command(request, (content) => {
      if (this.#answers.has(key)) this.#answers.set(key, content);
      answer(content);
    });
  }

  #expired({ expires }: CommandRequest): JsonObject | undefined {
    const { wallMs, clock } = this.#parts.clock.stamp();
    const expiresMs = typeof expires === 'string' && RFC3339.test(expires) ? Date.parse(expires) : Number.NaN;
    if (Number.isNaN(expiresMs)) return refusal('malformed', 'expires is not a time after RFC 3339, such as 2026-11-23T08:15:30Z');
    if (clock === 'unsynced') return refusal('clock_unsynced', 'the gateway\'s clock is not synchronised, so that it cannot tell whether the command has expired');
    return expiresMs <= wallMs ? refusal('expired', 'the command has expired') : undefined;
  }

  #reply(name: string, content: JsonObject): void {
    if (LEVEL.test(name)) this.#parts.reply(name, encodeJson(content));
  }
}

function parse(payload: Buffer): CommandRequest | string {
  if (payload.length > PAYLOAD_BYTES_MAX) return `${payload.length} bytes are more than ${PAYLOAD_BYTES_MAX}`;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'it is not JSON';
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as CommandRequest) : 'it is not a JSON object';
}

function isTransaction(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TRANSACTION_CHARACTERS_MAX;
}

const PAYLOAD_BYTES_MAX = 16 * 1024;
const TRANSACTION_CHARACTERS_MAX = 128;
/** Transactions whose repetition is noticed. */
const REMEMBERED_MAX = 1000;
const LEVEL = /^[A-Za-z0-9_-]{1,64}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
