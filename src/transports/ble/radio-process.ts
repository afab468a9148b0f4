import { type ChildProcess, fork } from 'node:child_process';
import type { Clock } from '../../core/clock.ts';
import { printable } from '../../core/printable.ts';
import type { AdapterChoice, Call, CallResult, FromRadio, HearingFilter, Report, ToRadio, Words } from './messages.ts';

/** What RadioProcess is made of. */
export interface RadioProcessParts {
  /** The compiled child/main.ts. */
  readonly program: URL;
  readonly adapter: AdapterChoice;
  readonly isPassive: boolean;
  readonly filter: HearingFilter;
  readonly clock: Clock;
  readonly limits: RadioLimits;
  readonly on: (adapter: string) => void;
  /** What was heard, whether it was asked for or not. */
  readonly heard: (reports: readonly Report[], packets: number, dropped: number) => void;
  readonly notified: (message: Extract<FromRadio, { readonly kind: 'notified' }>) => void;
  readonly disconnected: (address: string, words: Words) => void;
}

/** Beyond what the process is ended and started anew. */
export interface RadioLimits {
  readonly pingEveryMs: number;
  readonly pongWithinMs: number;
  /** How many addresses the library may have seen where it keeps them. */
  readonly addressesMax: number;
  readonly rssBytesMax: number;
}

/** Why a radio's process ended: of itself, because it was full, or because it was told to. */
export interface Ending extends Words {
  readonly kind: 'failed' | 'recycled' | 'ended';
}

/** A call was refused by the radio's process, in words. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
  readonly words: Words;
  /** The device itself refused, and the next can be asked. */
  readonly isSettled: boolean;

  constructor(words: Words, isSettled = false) {
    super(words.what);
    this.words = words;
    this.isSettled = isSettled;
  }
}

/** One run of the radio's process, from its start to its end. */
export class RadioProcess {
  /** Settles once. */
  readonly ended: Promise<Ending>;
  readonly #parts: RadioProcessParts;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { readonly resolve: (result: CallResult) => void; readonly reject: (refusal: CallRefused) => void; readonly cancel: () => void }>();
  #nextId = 1;
  #ending: Ending | undefined;
  #lastWords = '';
  #cancelPing: () => void = () => undefined;

  constructor(parts: RadioProcessParts) {
    this.#parts = parts;
    this.#child = fork(parts.program, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Its own words, and not the gateway's environment, which decides how the library behaves.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:NOBLE_|BLUETOOTH_HCI_|HCI_|NODE_OPTIONS$|DEBUG$)/.test(name))),
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-LAST_WORDS_CHARACTERS)));
    this.#child.on('message', (message: FromRadio) => this.#told(message));
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => resolve(this.#gone(how));
      this.#child.once('error', (error) => end(error.message));
      this.#child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });
    this.#send({ kind: 'start', adapter: parts.adapter, isPassive: parts.isPassive, filter: parts.filter });
    this.#ping();
  }

  /** Other advertisements are wanted. */
  set filter(filter: HearingFilter) {
    this.#send({ kind: 'filter', filter });
  }

  /** Asks it to do something; rejects with CallRefused. When nothing comes back long after the deadline, it is killed. */
  call(call: Call, deadlineMs: number): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      if (this.#ending !== undefined) {
        reject(new CallRefused(this.#ending));
        return;
      }
      const id = this.#nextId;
      this.#nextId += 1;
      const cancel = this.#parts.clock.after(deadlineMs + CALL_SPARE_MS, () => this.end({ kind: 'failed', what: `the radio did not come back from "${call.name}"`, remedy: 'It is started again' }));
      this.#waiting.set(id, { resolve, reject, cancel });
      this.#send({ kind: 'call', id, deadlineMs, call });
    });
  }

  /** Kills it; only the first reason counts. */
  end(why: Ending): void {
    this.#ending ??= why;
    this.#child.kill('SIGKILL');
  }

  #told(message: FromRadio): void {
    const { on, heard, notified, disconnected } = this.#parts;
    switch (message.kind) {
      case 'on':
        return on(message.adapter);
      case 'failing':
        this.#ending ??= { kind: 'failed', what: message.what, remedy: message.remedy };
        return undefined;
      case 'heard':
        return heard(message.reports, message.heard, message.dropped);
      case 'pong':
        return this.#pong(message);
      case 'notified':
        return notified(message);
      case 'disconnected':
        return disconnected(message.address, message);
      case 'answer':
        return this.#take(message.id)?.resolve(message.result);
      case 'refusal':
        return this.#take(message.id)?.reject(new CallRefused(message, message.isSettled));
    }
  }

  #take(id: number): { readonly resolve: (result: CallResult) => void; readonly reject: (refusal: CallRefused) => void } | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.cancel();
    return waiting;
  }

  #ping(): void {
    const { clock, limits } = this.#parts;
    this.#send({ kind: 'ping', id: 0 });
    this.#cancelPing = clock.after(limits.pongWithinMs, () => this.end({ kind: 'failed', what: 'the radio hung', remedy: 'It is started again' }));
  }

  #pong({ heard, addresses, rssBytes }: Extract<FromRadio, { readonly kind: 'pong' }>): void {
    const { clock, limits } = this.#parts;
    this.#cancelPing();
    this.#parts.heard([], heard, 0);
    if (addresses > limits.addressesMax) this.end({ kind: 'recycled', what: `the library remembers ${addresses} addresses` });
    else if (rssBytes > limits.rssBytesMax) this.end({ kind: 'recycled', what: `the radio takes ${Math.round(rssBytes / 2 ** 20)} MiB` });
    else this.#cancelPing = clock.after(limits.pingEveryMs, () => this.#ping());
  }

  #gone(how: string): Ending {
    this.#cancelPing();
    const said = printable(this.#lastWords.trim().split('\n').at(-1) ?? '');
    this.#ending ??= { kind: 'failed', what: `the radio's process ended (${how})${said === '' ? '' : `: ${said}`}`, remedy: 'It is started again' };
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(new CallRefused(this.#ending));
    return this.#ending;
  }

  #send(message: ToRadio): void {
    if (this.#child.connected) this.#child.send(message, () => undefined); // one that has gone tells it by its end
  }
}

/** Usually 10 MB are in use. */
const HEAP_MB = 96;
const LAST_WORDS_CHARACTERS = 2000;
/** How long the process may need beyond a call's deadline to give it up in order. */
const CALL_SPARE_MS = 8000;
