import { createHash } from 'node:crypto';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { Ranges, type Range } from '../src/core/ranges.ts';

/** One event as the receiver counted it. */
export interface Counted {
  readonly source: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The far side in its smallest honest form: counts each event once by (source, id), whatever is sent again, and
 * tells the gateway with `ack` what it has. A real receiver does the counting and its effect in one transaction.
 */
export class Receiver {
  /** Deliveries that were dropped because they were counted before. */
  duplicates = 0;
  /** Deliveries of a counted identity with other bytes: there must never be one. */
  contradictions = 0;
  /** Told of every event that counts. */
  counted: (event: Counted) => void = () => undefined;
  /** Sees every message first: the topic below the root, and the payload. */
  inspect: (suffix: string, payload: Buffer) => void = () => undefined;
  readonly #client: MqttClient;
  readonly #root: string;
  readonly #acknowledges: boolean;
  readonly #sources = new Map<string, { readonly hashes: Map<number, string>; readonly ranges: Ranges; last: number }>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(client: MqttClient, root: string, acknowledges: boolean) {
    this.#client = client;
    this.#root = root;
    this.#acknowledges = acknowledges;
    client.on('message', (topic, payload) => this.#arrived(topic, payload));
  }

  /** Connects and subscribes to everything under the gateway's root; resolves when the broker has confirmed it. */
  static async connect(url: string, parts: { readonly root: string; readonly acknowledges?: boolean; readonly options?: IClientOptions }): Promise<Receiver> {
    const client = connect(url, { clientId: `receiver-${process.pid}-${Math.random().toString(16).slice(2)}`, protocolVersion: 4, reconnectPeriod: 200, ...parts.options });
    client.on('error', () => undefined); // a broker that is away is what mqtt.js reconnects for
    const receiver = new Receiver(client, parts.root, parts.acknowledges ?? true);
    await new Promise<void>((resolve, reject) => {
      client.on('connect', () => {
        client.subscribe(`${parts.root}/#`, { qos: 1 }, (error) => (error === null ? resolve() : reject(error)));
      });
    });
    return receiver;
  }

  /** How many different events were counted. */
  get total(): number {
    let total = 0;
    for (const { hashes } of this.#sources.values()) total += hashes.size;
    return total;
  }

  /** Disconnects. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await new Promise<void>((resolve) => void this.#client.end(true, {}, () => resolve()));
  }

  #arrived(topic: string, payload: Buffer): void {
    const suffix = topic.slice(this.#root.length + 1);
    this.inspect(suffix, payload);
    if (suffix === 'ack' || suffix.startsWith('cmd/') || suffix.startsWith('reply/')) return;
    if (suffix === 'state') {
      for (const source of this.#sources.keys()) this.#changed.add(source);
      this.#acknowledgeSoon();
      return;
    }
    const event = JSON.parse(payload.toString('utf8')) as { source: string; id: string; type: string; data: Record<string, unknown> };
    const sequence = Number(event.id);
    const known = this.#sources.get(event.source) ?? { hashes: new Map<number, string>(), ranges: new Ranges(), last: 0 };
    this.#sources.set(event.source, known);
    this.#changed.add(event.source);
    this.#acknowledgeSoon();
    const hash = createHash('sha256').update(topic).update(payload).digest('base64');
    const before = known.hashes.get(sequence);
    if (before !== undefined) {
      this.duplicates += 1;
      if (before !== hash) this.contradictions += 1;
      return;
    }
    known.hashes.set(sequence, hash);
    known.ranges.add(sequence);
    known.last = Math.max(known.last, sequence);
    this.counted({ source: event.source, sequence, type: event.type, data: event.data });
  }

  #acknowledgeSoon(): void {
    if (!this.#acknowledges || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const source of this.#changed) this.#acknowledge(source);
      this.#changed.clear();
    }, ACKNOWLEDGE_AFTER_MS);
  }

  #acknowledge(source: string): void {
    const known = this.#sources.get(source);
    if (known === undefined) return;
    const missing = holes(known.ranges.list());
    const upto = missing.length > MISSING_MAX ? (missing[MISSING_MAX]?.[0] ?? 1) - 1 : known.last;
    this.#client.publish(`${this.#root}/ack`, JSON.stringify({ source, upto, missing: missing.slice(0, MISSING_MAX) }), { qos: 1 });
  }
}

/** What lies between 1 and the last range and in none of them. */
function holes(ranges: readonly Range[]): Range[] {
  const found: Range[] = [];
  let expected = 1;
  for (const [first, last] of ranges) {
    if (first > expected) found.push([expected, first - 1]);
    expected = last + 1;
  }
  return found;
}

const ACKNOWLEDGE_AFTER_MS = 100;
const MISSING_MAX = 500;
