import { printable } from '../core/printable.ts';
import type { Range } from '../core/ranges.ts';

/** What the receiver says it has: `ack` in docs/mqtt-contract.md. */
export interface Watermark {
  readonly source: string;
  /** Every sequence up to this one, except the missing, is counted. */
  readonly upto: number;
  readonly missing: readonly Range[];
  readonly rejected: readonly Rejection[];
}

/** One reading that the receiver refused for good. Code and message can be shown; a code need not be one that is known. */
export interface Rejection {
  readonly sequence: number;
  readonly code: string;
  readonly message: string;
}

/** Reads an `ack` message; gives the reason in words when it is none. It is hostile until it has passed here. */
export function parseWatermark(payload: Buffer): Watermark | string {
  if (payload.length > PAYLOAD_BYTES_MAX) return `${payload.length} bytes are more than ${PAYLOAD_BYTES_MAX}`;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'it is not JSON';
  }
  if (!isObject(value)) return 'it is not a JSON object';
  const { source, upto, missing = [], rejected = [] } = value;
  if (typeof source !== 'string') return 'source is not a text';
  if (!isSequence(upto)) return 'upto is not a sequence number';
  if (!isList(missing) || missing.length > LIST_MAX || !missing.every(isRange)) return 'missing is not a list of ranges [first, last]';
  if (!isList(rejected) || rejected.length > LIST_MAX) return 'rejected is not a list';
  const rejections = rejected.map(parseRejection);
  if (!rejections.every((rejection) => rejection !== undefined)) return 'rejected holds something without a valid id, code and message';
  return { source, upto, missing, rejected: rejections };
}

function parseRejection(value: unknown): Rejection | undefined {
  if (!isObject(value)) return undefined;
  const { id, code, message = '' } = value;
  if (typeof id !== 'string' || !/^\d{1,16}$/.test(id) || !isSequence(Number(id))) return undefined;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  return { sequence: Number(id), code: printable(code, CODE_CHARACTERS_MAX), message: printable(message, MESSAGE_CHARACTERS_MAX) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRange(value: unknown): value is Range {
  return isList(value) && value.length === 2 && value.every(isSequence) && Number(value[0]) <= Number(value[1]);
}

const PAYLOAD_BYTES_MAX = 256 * 1024;
const LIST_MAX = 10_000;
const CODE_CHARACTERS_MAX = 40;
const MESSAGE_CHARACTERS_MAX = 200;
