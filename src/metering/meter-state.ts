import { Decimal } from '../core/decimal.ts';
import { encodeJson, type JsonObject } from '../core/json.ts';
import { noteMembers, objectIn, stampIn, stampJson } from '../core/note-json.ts';
import type { CounterState, Sighting } from './counter-sense.ts';
import type { Sent } from './reading-policy.ts';

/** What is remembered of a meter from one reading to the next, and across restarts. */
export interface MeterState {
  /** The time of the latest reading that was published, in wall milliseconds. */
  readonly lastMs?: number | undefined;
  /** Of a counter, from its first value on. */
  readonly counter?: CounterState | undefined;
  /** Of a counter: how many exchanges of its device were known when its epoch was last looked at. */
  readonly swaps?: number | undefined;
  readonly sent?: Sent | undefined;
  /** Of a serial number. */
  readonly serial?: SerialState | undefined;
}

/** What is known of a device's serial number. */
export interface SerialState {
  readonly text: string;
  /** Another one that was read once. */
  readonly doubt?: string | undefined;
  /** How often it has become another. */
  readonly swaps: number;
}

/** The text of a meter's note. `v` grows when a member changes its meaning, not when one is added. */
export function meterNote({ lastMs, counter, swaps, sent, serial }: MeterState): string {
  return encodeJson({
    v: VERSION,
    lastMs,
    counter: counter && { epoch: counter.epoch, turns: counter.turns, reference: sightingJson(counter.reference), doubt: sightingJson(counter.doubt) },
    swaps,
    sent: sent && { ...sent, at: stampJson(sent.at) },
    serial: serial && { ...serial },
  });
}

/** Reads a note; one that is damaged or of another version counts as none, and the meter begins anew. */
export function readMeterNote(text: string | undefined): MeterState {
  const found = noteMembers(text);
  if (found?.['v'] !== VERSION) return {};
  const state: { -readonly [Name in keyof MeterState]: MeterState[Name] } = {};
  if (Number.isSafeInteger(found['lastMs'])) state.lastMs = Number(found['lastMs']);
  const counter = counterIn(found['counter']);
  if (counter !== undefined) state.counter = counter;
  if (isCount(found['swaps'])) state.swaps = found['swaps'];
  const sent = sentIn(found['sent']);
  if (sent !== undefined) state.sent = sent;
  const serial = serialIn(found['serial']);
  if (serial !== undefined) state.serial = serial;
  return state;
}

/** The key of a meter's note. */
export function meterNoteKey(device: string, meter: string): string {
  return `meter/${device}/${meter}`;
}

function sightingJson(sighting: Sighting | undefined): JsonObject | undefined {
  return sighting && { value: sighting.value.toString(), at: stampJson(sighting.at) };
}

/** An epoch is kept even where what it was reached by cannot be read: it must never go back. */
function counterIn(value: unknown): CounterState | undefined {
  const found = objectIn(value);
  const epoch = found?.['epoch'];
  if (found === undefined || !isCount(epoch)) return undefined;
  const reference = sightingIn(found['reference']);
  const doubt = sightingIn(found['doubt']);
  return { epoch, turns: isCount(found['turns']) ? found['turns'] : 0, ...(reference && { reference }), ...(doubt && { doubt }) };
}

function sightingIn(value: unknown): Sighting | undefined {
  const found = objectIn(value);
  const number = typeof found?.['value'] === 'string' ? Decimal.parse(found['value']) : undefined;
  const at = stampIn(found?.['at']);
  return number === undefined || at === undefined ? undefined : { value: number, at };
}

function sentIn(value: unknown): Sent | undefined {
  const found = objectIn(value);
  const at = stampIn(found?.['at']);
  const { epoch, quality, value: text, reason } = found ?? {};
  if (at === undefined || !isCount(epoch) || typeof quality !== 'string') return undefined;
  return { ...(typeof text === 'string' && { value: text }), epoch, quality, ...(typeof reason === 'string' && { reason }), at };
}

function serialIn(value: unknown): SerialState | undefined {
  const { text, doubt, swaps } = objectIn(value) ?? {};
  if (typeof text !== 'string' || !isCount(swaps)) return undefined;
  return { text, ...(typeof doubt === 'string' && { doubt }), swaps };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

const VERSION = 1;
