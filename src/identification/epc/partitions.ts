/** One row of a partition table: how the bits are shared between the company prefix and what follows it. */
export interface Partition {
  readonly prefixBits: number;
  readonly prefixDigits: number;
  readonly referenceBits: number;
  /** Digits or characters of the reference: as many as this, or at most, as the scheme says. */
  readonly referenceLength: number;
}

/** Seven rows; the index is the partition value on the tag, and 7 has none. */
export type PartitionTable = readonly Partition[];

/** Bits and digits of the company prefix, the same in every table (TDS 1.13, table 14-2 and on). */
const PREFIXES = [
  [40, 12],
  [37, 11],
  [34, 10],
  [30, 9],
  [27, 8],
  [24, 7],
  [20, 6],
] as const;

type Row = readonly [referenceBits: number, referenceLength: number];

function table(references: readonly [Row, Row, Row, Row, Row, Row, Row]): PartitionTable {
  return PREFIXES.map(([prefixBits, prefixDigits], row) => {
    const [referenceBits = 0, referenceLength = 0] = references[row] ?? [];
    return { prefixBits, prefixDigits, referenceBits, referenceLength };
  });
}

/** SGTIN and ITIP: indicator digit and item reference (TDS 1.13, tables 14-2 and 14-30). */
export const ITEM_REFERENCE = table([[4, 1], [7, 2], [10, 3], [14, 4], [17, 5], [20, 6], [24, 7]]);

/** SSCC: extension digit and serial reference; GSRN and GSRNP: service reference (TDS 1.13, tables 14-5 and 14-17). */
export const SERIAL_REFERENCE = table([[18, 5], [21, 6], [24, 7], [28, 8], [31, 9], [34, 10], [38, 11]]);

/** SGLN: location; GDTI: document type; SGCN: coupon (TDS 1.13, tables 14-7, 14-20 and 14-28). */
export const LOCATION_REFERENCE = table([[1, 0], [4, 1], [7, 2], [11, 3], [14, 4], [17, 5], [21, 6]]);

/** GRAI: asset type (TDS 1.13, table 14-10). */
export const ASSET_TYPE = table([[4, 0], [7, 1], [10, 2], [14, 3], [17, 4], [20, 5], [24, 6]]);

/** GIAI-96: individual asset reference, at most so many digits (TDS 1.13, table 14-13). */
export const ASSET_NUMBER = table([[42, 13], [45, 14], [48, 15], [52, 16], [55, 17], [58, 18], [62, 19]]);

/** GIAI-202: individual asset reference, at most so many characters (TDS 1.13, table 14-15). */
export const ASSET_TEXT = table([[148, 18], [151, 19], [154, 20], [158, 21], [161, 22], [164, 23], [168, 24]]);

/** CPI-96: component or part reference, at most so many digits (TDS 1.13, table 14-24). */
export const PART_NUMBER = table([[11, 3], [14, 4], [17, 5], [21, 6], [24, 7], [27, 8], [31, 9]]);

/** CPI-var: component or part reference, at most so many characters, ended by 000000 (TDS 1.13, table 14-25). */
export const PART_TEXT = table([[114, 18], [120, 19], [126, 20], [132, 21], [138, 22], [144, 23], [150, 24]]);
