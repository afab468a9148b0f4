import { Decimal } from '../core/decimal.ts';
import { CODE_ID_VENDORS, type CodeId } from '../core/code-id.ts';
import { encodeJson, type Json } from '../core/json.ts';
import type { MeterKind, MeterObservation, Observation, ScanObservation } from '../core/observation.ts';
import { QUANTITIES, type Quantity } from '../core/quantity.ts';
import { countUnprintable } from '../core/text-bytes.ts';
import { bytesOfHex, hexOf } from '../driver-kit/bytes.ts';

/**
 * An observation as one JSON line of a transcript: a scan's bytes as `text` where they are text and as `hex` otherwise,
 * a meter's value with its exact digits.
 */
export function observationLine(observation: Observation): string {
  if (observation.kind === 'meter') {
    const { kind, meter, quantity, meterKind, value, raw, authenticated, doubt } = observation;
    return encodeJson({ kind, meter, quantity, meterKind, value: asJson(value), raw, authenticated, doubt });
  }
  const { kind, aim, symbologyName, codeId, binary, unterminated, tag, bytes } = observation;
  const isText = countUnprintable(bytes) === 0;
  return encodeJson({
    kind,
    aim,
    symbologyName,
    codeId: codeId === undefined ? undefined : { ...codeId },
    binary,
    unterminated,
    tag: tag === undefined ? undefined : { ...tag },
    ...(isText ? { text: Buffer.from(bytes).toString('utf8') } : { hex: hexOf(bytes) }),
  });
}

/** Reads such a line, members in any order. Throws a RangeError that says what is wrong. */
export function parseObservation(line: string): Observation {
  const members = parseMembers(line);
  const { kind } = members;
  if (kind === 'scan') return parseScan(members);
  if (kind === 'meter') return parseMeter(members);
  throw new RangeError('"kind" is neither "scan" nor "meter"');
}

type Members = Readonly<Record<string, unknown>>;

/** JSON has one kind of number, a binary one; so the digits of `value` are made a text that says what it is. */
function parseMembers(line: string): Members {
  const exact = line.replace(/("value"\s*:\s*)(-?\d[^,}\s]*)/, '$1{"digits":"$2"}');
  try {
    return JSON.parse(exact) as Members;
  } catch (error) {
    throw new RangeError(`this is not JSON: ${line}`, { cause: error });
  }
}

function parseScan({ aim, symbologyName, codeId, binary, unterminated, tag, text: characters, hex, ...rest }: Members): Observation {
  refuseOthers(rest);
  if ((characters === undefined) === (hex === undefined)) throw new RangeError('a scan has either "text" or "hex"');
  const bytes = characters === undefined ? bytesOfHex(text('hex', hex)) : Buffer.from(text('text', characters), 'utf8');
  return {
    kind: 'scan',
    bytes: new Uint8Array(bytes),
    ...(aim !== undefined && { aim: text('aim', aim) }),
    ...(symbologyName !== undefined && { symbologyName: text('symbologyName', symbologyName) }),
    ...(codeId !== undefined && { codeId: parseCodeId(codeId) }),
    ...(binary === true && { binary }),
    ...(unterminated === true && { unterminated }),
    ...(tag !== undefined && { tag: parseTag(tag) }),
  };
}

function parseCodeId(value: unknown): CodeId {
  const { vendor: name, id, ...rest } = (value ?? {}) as Members;
  refuseOthers(rest);
  const vendor = CODE_ID_VENDORS.find((known) => known === name);
  if (vendor === undefined) throw new RangeError(`"vendor" is none of ${CODE_ID_VENDORS.join(', ')}`);
  return { vendor, id: text('id', id) };
}

function parseTag(value: unknown): NonNullable<ScanObservation['tag']> {
  const { pc, rssi, antenna, ...rest } = (value ?? {}) as Members;
  refuseOthers(rest);
  return {
    ...(pc !== undefined && { pc: integer('pc', pc) }),
    ...(rssi !== undefined && { rssi: integer('rssi', rssi) }),
    ...(antenna !== undefined && { antenna: integer('antenna', antenna) }),
  };
}

function parseMeter({ meter, quantity, meterKind, value, raw, authenticated, doubt, ...rest }: Members): Observation {
  refuseOthers(rest);
  if (!isQuantity(quantity)) throw new RangeError('"quantity" is not in the list of quantities');
  if (!isMeterKind(meterKind)) throw new RangeError('"meterKind" is none of counter, gauge and characteristic');
  return {
    kind: 'meter',
    meter: text('meter', meter),
    quantity,
    meterKind,
    value: parseValue(value),
    raw: text('raw', raw),
    ...(authenticated === false && { authenticated }),
    ...(doubt !== undefined && { doubt: text('doubt', doubt) }),
  };
}

function parseValue(value: unknown): MeterObservation['value'] {
  if (typeof value === 'string') return value;
  const { missing, digits } = (value ?? {}) as Members;
  if (typeof missing === 'string') return { missing };
  const decimal = typeof digits === 'string' ? Decimal.parse(digits) : undefined;
  if (decimal === undefined) throw new RangeError('"value" is neither a number, nor a text, nor {"missing": "why"}');
  return decimal;
}

function asJson(value: MeterObservation['value']): Json {
  return value instanceof Decimal || typeof value === 'string' ? value : { missing: value.missing };
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new RangeError(`"${name}" is not a text`);
  return value;
}

function integer(name: string, value: unknown): number {
  if (!Number.isInteger(value)) throw new RangeError(`"${name}" is not a whole number`);
  return value as number;
}

function isQuantity(value: unknown): value is Quantity {
  return typeof value === 'string' && Object.hasOwn(QUANTITIES, value);
}

function isMeterKind(value: unknown): value is MeterKind {
  return value === 'counter' || value === 'gauge' || value === 'characteristic';
}

function refuseOthers(members: Members): void {
  const other = Object.keys(members).find((name) => name !== 'kind');
  if (other !== undefined) throw new RangeError(`an observation has no "${other}"`);
}
