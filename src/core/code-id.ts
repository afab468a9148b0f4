/** The makers whose one-letter code ids are known. The same letter means different things to each, so none is ever assumed. */
export const CODE_ID_VENDORS = ['honeywell', 'zebra', 'datalogic'] as const;
export type CodeIdVendor = (typeof CODE_ID_VENDORS)[number];

/** A maker's own letter for the kind of a code, as its scanner sent it. */
export interface CodeId {
  readonly vendor: CodeIdVendor;
  /** One printable character; empty where there was none although the device is configured for it. */
  readonly id: string;
}
