import * as elements from './elements.ts';
import { cageOrDodaac, endedText, fixedWidth, integer, numericString, type Part, partitioned, reserved, text } from './parts.ts';
import { ASSET_NUMBER, ASSET_TEXT, ASSET_TYPE, ITEM_REFERENCE, LOCATION_REFERENCE, PART_NUMBER, PART_TEXT, SERIAL_REFERENCE } from './partitions.ts';

/** One binary coding scheme: everything that tells it from the others. */
export interface Scheme {
  /** As in the tag URI: "sgtin-96". */
  readonly name: string;
  /** As in the pure identity URI: "sgtin". */
  readonly identity: string;
  /** Bits of header, filter and parts together; of the shortest EPC where texts in it end themselves. */
  readonly bitsMin: number;
  readonly filterBits: number;
  /** What follows header and filter. */
  readonly parts: readonly Part[];
  /** The names of the parts' values, in the order of the URI. */
  readonly names: readonly string[];
  readonly elements: elements.Elements;
}

/** The scheme that an EPC's first byte names, if it is one of TDS 1.13 (table 14-1). */
export function schemeOf(header: number): Scheme | undefined {
  return SCHEMES.get(header);
}

/** The serials of the long GS1 schemes: so many bits, a multiple of seven. */
const TEXT_20 = 140;
const TEXT_17 = 119;
const TEXT_16 = 112;

/** An ADI serial may begin with "#", which says that the thing is not serialised otherwise (TDS 1.13, section 6.3.18). */
const ADI_PART = { allowed: /^[^#]*$/, problem: 'has a "#", which only the serial may begin with' };
const ADI_SERIAL = { allowed: /^#?[^#]+$/, problem: 'has a "#" elsewhere than in front of its other characters' };

/** Digits of a CPI serial (AI 8011), of which 40 bits could hold more. */
const CPI_SERIAL_DIGITS_MAX = 12;

/** TDS 1.13, section 14.5; in the order of the headers. */
const SCHEMES: ReadonlyMap<number, Scheme> = new Map([
  [0x2c, scheme('gdti-96', 96, [partitioned(LOCATION_REFERENCE, 'documentType', 'exact digits'), integer('serial', 41)], elements.serialised('253'))],
  [0x2d, scheme('gsrn-96', 96, [partitioned(SERIAL_REFERENCE, 'serviceReference', 'exact digits'), reserved(24)], elements.serviceRelation('8018'))],
  [0x2e, scheme('gsrnp-96', 96, [partitioned(SERIAL_REFERENCE, 'serviceReference', 'exact digits'), reserved(24)], elements.serviceRelation('8017'))],
  [0x2f, scheme('usdod-96', 96, [cageOrDodaac(8), integer('serial', 36)], elements.none, 4)],
  [0x30, scheme('sgtin-96', 96, [partitioned(ITEM_REFERENCE, 'itemReference', 'exact digits'), integer('serial', 38)], elements.tradeItem)],
  [0x31, scheme('sscc-96', 96, [partitioned(SERIAL_REFERENCE, 'serialReference', 'exact digits'), reserved(24)], elements.logisticUnit)],
  [0x32, scheme('sgln-96', 96, [partitioned(LOCATION_REFERENCE, 'locationReference', 'exact digits'), integer('extension', 41)], elements.location)],
  [0x33, scheme('grai-96', 96, [partitioned(ASSET_TYPE, 'assetType', 'exact digits'), integer('serial', 38)], elements.returnableAsset)],
  [0x34, scheme('giai-96', 96, [partitioned(ASSET_NUMBER, 'assetReference', 'at most digits')], elements.individualAsset)],
  [0x35, scheme('gid-96', 96, [integer('managerNumber', 28), integer('objectClass', 24), integer('serial', 36)], elements.none, 0)],
  [0x36, scheme('sgtin-198', 198, [partitioned(ITEM_REFERENCE, 'itemReference', 'exact digits'), text('serial', TEXT_20)], elements.tradeItem)],
  [0x37, scheme('grai-170', 170, [partitioned(ASSET_TYPE, 'assetType', 'exact digits'), text('serial', TEXT_16)], elements.returnableAsset)],
  [0x38, scheme('giai-202', 202, [partitioned(ASSET_TEXT, 'assetReference', 'seven-bit text')], elements.individualAsset)],
  [0x39, scheme('sgln-195', 195, [partitioned(LOCATION_REFERENCE, 'locationReference', 'exact digits'), text('extension', TEXT_20)], elements.location)],
  [0x3a, scheme('gdti-113', 113, [partitioned(LOCATION_REFERENCE, 'documentType', 'exact digits'), numericString('serial', 58)], elements.serialised('253'))],
  [0x3b, scheme('adi-var', 68, adiParts(), elements.none, 6)],
  [0x3c, scheme('cpi-96', 96, [partitioned(PART_NUMBER, 'partReference', 'at most digits'), integer('serial', 31)], elements.part)],
  [0x3d, scheme('cpi-var', 86, [partitioned(PART_TEXT, 'partReference', 'six-bit text'), integer('serial', 40, CPI_SERIAL_DIGITS_MAX)], elements.part)],
  [0x3e, scheme('gdti-174', 174, [partitioned(LOCATION_REFERENCE, 'documentType', 'exact digits'), text('serial', TEXT_17)], elements.serialised('253'))],
  [0x3f, scheme('sgcn-96', 96, [partitioned(LOCATION_REFERENCE, 'couponReference', 'exact digits'), numericString('serial', 41)], elements.serialised('255'))],
  [0x40, scheme('itip-110', 110, itipParts(integer('serial', 38)), elements.tradeItemPiece)],
  [0x41, scheme('itip-212', 212, itipParts(text('serial', TEXT_20)), elements.tradeItemPiece)],
]);

function scheme(name: string, bitsMin: number, parts: readonly Part[], toElements: elements.Elements, filterBits = 3): Scheme {
  const identity = name.slice(0, name.lastIndexOf('-'));
  return { name, identity, bitsMin, filterBits, parts, names: parts.flatMap(({ names }) => names), elements: toElements };
}

function adiParts(): readonly Part[] {
  return [
    cageOrDodaac(6),
    endedText({ name: 'partNumber', charactersMin: 0, charactersMax: 32, pattern: ADI_PART }),
    endedText({ name: 'serial', charactersMin: 1, charactersMax: 30, pattern: ADI_SERIAL }),
  ];
}

function itipParts(serial: Part): readonly Part[] {
  return [partitioned(ITEM_REFERENCE, 'itemReference', 'exact digits'), fixedWidth('piece', 7, 2), fixedWidth('total', 7, 2), serial];
}
