/** What a driver needs of `core`. */
export { CODE_ID_VENDORS, type CodeIdVendor } from '../core/code-id.ts';
export { Decimal } from '../core/decimal.ts';
export { ProtocolError } from '../core/errors.ts';
export { encodeJson } from '../core/json.ts';
export { printable } from '../core/printable.ts';
export { QUANTITIES, type Quantity, type Unit, unitOf } from '../core/quantity.ts';
export type { CounterShape } from '../core/meter-settings.ts';
export type { MeterKind, MeterObservation, NoValue, Observation, ScanObservation } from '../core/observation.ts';
