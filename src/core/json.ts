import { Decimal } from './decimal.ts';

/** A value that has one JSON form; a Decimal is written as a number with its exact digits. */
export type Json = string | number | boolean | null | Decimal | readonly Json[] | JsonObject;

/** A JSON object; members that are undefined are left out. */
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** The JSON text of a value, members in the order they stand in; throws a TypeError on a number that is not finite. */
export function encodeJson(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (value instanceof Decimal) return value.toString();
  if (isList(value)) return `[${value.map(encodeJson).join(',')}]`;
  let text = '';
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${encodeJson(member)}`;
  }
  return `{${text}}`;
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`JSON has no number ${value}`);
  return JSON.stringify(value);
}
