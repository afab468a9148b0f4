/**
 * The name of a scheme of TDS 2.x that is not read, by the EPC's first byte: "CPI+" since 2.0, "SGTIN++" with a host name
 * since 2.3 (TDS 2.3, table 14-1). `plus-schemes.ts` has those that are read.
 */
export function newerSchemeName(header: number): string | undefined {
  return NAMES.get(header);
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0xe6, 'CPI++'],
  [0xe7, 'GSRN++'],
  [0xe8, 'GSRNP++'],
  [0xe9, 'SGLN++'],
  [0xea, 'GDTI++'],
  [0xeb, 'GRAI++'],
  [0xec, 'SGCN++'],
  [0xed, 'ITIP++'],
  [0xee, 'GIAI++'],
  [0xef, 'SSCC++'],
  [0xf0, 'CPI+'],
  [0xf3, 'ITIP+'],
  [0xf4, 'GSRN+'],
  [0xf5, 'GSRNP+'],
  [0xf6, 'GDTI+'],
  [0xf8, 'SGCN+'],
  [0xfb, 'DSGTIN+'],
  [0xfc, 'DSGTIN++'],
  [0xfd, 'SGTIN++'],
]);
