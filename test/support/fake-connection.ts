import { PublishError } from '../../src/core/errors.ts';
import type { Connection, Message, Settled } from '../../src/delivery/connection.ts';
import { publishFault, reasonName } from '../../src/delivery/reason-codes.ts';

/** One message that was handed to a fake connection. */
export interface Sent {
  readonly message: Message;
  readonly suffix: string;
  /** The event's id; 0 for what is no event. */
  readonly sequence: number;
  answered: boolean;
  /** Gives it its PUBACK. */
  answer(reasonCode?: number): void;
}

/** A connection in memory: everything that is published lies there until the test answers it. */
export class FakeConnection implements Connection {
  readonly version = '5';
  readonly url = 'mqtt://broker';
  readonly peerCertificates = [];
  readonly receiveMaximum: number;
  readonly packetBytesMax: number | undefined;
  readonly sent: Sent[] = [];
  ended: 'politely' | 'abruptly' | undefined;
  readonly closed = new Promise<undefined>(() => undefined);

  constructor(parts: { readonly receiveMaximum?: number; readonly packetBytesMax?: number } = {}) {
    this.receiveMaximum = parts.receiveMaximum ?? 65_535;
    this.packetBytesMax = parts.packetBytesMax;
  }

  publish(message: Message, settled: Settled): void {
    const { id } = JSON.parse(message.payload) as { id?: string };
    const sent: Sent = {
      message,
      suffix: message.topic.split('/').slice(4).join('/'),
      sequence: Number(id ?? 0),
      answered: false,
      answer(reasonCode = 0) {
        sent.answered = true;
        if (reasonCode === 0) settled(undefined);
        else settled(new PublishError({ where: 'broker', what: `it refused the message: ${reasonName(reasonCode)}`, fault: publishFault(reasonCode), reasonCode }));
      },
    };
    this.sent.push(sent);
  }

  subscribe(): void {}

  async end(how: 'politely' | 'abruptly'): Promise<void> {
    this.ended = how;
    return Promise.resolve();
  }

  /** What has no answer yet. */
  get open(): readonly Sent[] {
    return this.sent.filter(({ answered }) => !answered);
  }

  /** The ids in the order in which they were sent. */
  get sequences(): readonly number[] {
    return this.sent.map(({ sequence }) => sequence);
  }

  /** Answers everything that lies there, in order, and what comes of it. */
  answerAll(reasonCodeOf: (sent: Sent) => number = () => 0): void {
    for (let [next] = this.open; next !== undefined; [next] = this.open) next.answer(reasonCodeOf(next));
  }
}
