import { PublishError } from '../core/errors.ts';
import type { Connection, Message, Settled } from './connection.ts';
import { publishBytes, REMAINING_LENGTH_MAX } from './packet-size.ts';

/**
 * The way out over one connection: keeps the broker's receive maximum over readings, state and replies together, and
 * refuses beforehand what would make the broker end the connection. mqtt.js does neither.
 */
export class Outlet {
  readonly connection: Connection;
  #readings = 0;
  #posting: Message | undefined;
  readonly #posts: { readonly message: Message; readonly settled: Settled }[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** How many readings may be sent now. One place is kept free for state and replies, unless there is only one. */
  get room(): number {
    const { receiveMaximum } = this.connection;
    if (receiveMaximum > 1) return receiveMaximum - 1 - this.#readings;
    return this.#posting !== undefined || this.#posts.length > 0 ? 0 : 1 - this.#readings;
  }

  /** State or a reply that waits for its PUBACK. */
  get posting(): Message | undefined {
    return this.#posting;
  }

  /** Why the message must not be sent at all; undefined when it may be. */
  refusal(message: Message): PublishError | undefined {
    const { version, url, packetBytesMax } = this.connection;
    const where = `broker ${url}`;
    if (!isTopic(message.topic)) return new PublishError({ where, what: 'the topic cannot be published to: it is empty, longer than 65,535 bytes or holds #, + or NUL', fault: 'poison' });
    const most = packetBytesMax ?? REMAINING_LENGTH_MAX;
    if (packetBytesMax === undefined && message.payload.length < SURELY_SMALL_CHARACTERS) return undefined;
    const bytes = publishBytes(message, version);
    if (bytes <= most) return undefined;
    return new PublishError({ where, what: `${bytes} bytes are more than the broker's ${most}`, remedy: 'Raise the broker\'s limit for a packet', fault: 'poison' });
  }

  /** Sends a reading; there has to be room, and no refusal. */
  publish(message: Message, settled: Settled): void {
    this.#readings += 1;
    let isSettled = false;
    this.connection.publish(message, (fault) => {
      if (isSettled) return; // a second word on it would be taken for one on the next try
      isSettled = true;
      this.#readings -= 1;
      this.#post();
      settled(fault);
    });
  }

  /** Sends state or a reply, one at a time, as soon as there is room. */
  post(message: Message, settled: Settled): void {
    const fault = this.refusal(message);
    if (fault !== undefined) {
      settled(fault);
      return;
    }
    if (this.#posts.length >= POSTS_MAX) {
      settled(new PublishError({ where: `broker ${this.connection.url}`, what: `${POSTS_MAX} messages wait already`, fault: 'transient' }));
      return;
    }
    this.#posts.push({ message, settled });
    this.#post();
  }

  #post(): void {
    if (this.#posting !== undefined || (this.connection.receiveMaximum === 1 && this.#readings > 0)) return;
    const next = this.#posts.shift();
    if (next === undefined) return;
    this.#posting = next.message;
    this.connection.publish(next.message, (fault) => {
      this.#posting = undefined;
      this.#post();
      next.settled(fault);
    });
  }
}

/** MQTT 5.0, section 4.7: no wildcard and no NUL in a topic name, and no more than 65,535 bytes. */
function isTopic(topic: string): boolean {
  // oxlint-disable-next-line no-control-regex -- NUL is what it looks for
  return topic !== '' && !/[#+\u0000]/.test(topic) && (topic.length < 20_000 || Buffer.byteLength(topic) <= 65_535);
}

/** State and replies that wait; a gateway has one state, and answers commands one by one. */
const POSTS_MAX = 64;

/** Four bytes each at most, far below what MQTT can write. */
const SURELY_SMALL_CHARACTERS = 1_000_000;
