import type { SerialState } from './meter-state.ts';

/** The meter by whose text a device that was exchanged is known. */
export const SERIAL_NUMBER = 'serial-number';

/** What is known after a serial number was read. Another one has to be read twice: one that was torn is no new meter. Pure. */
export function judgedSerial(text: string, before: SerialState | undefined): SerialState | undefined {
  if (text.trim() === '') return before;
  if (before === undefined) return { text, swaps: 0 };
  if (text === before.text) return { text, swaps: before.swaps };
  return text === before.doubt ? { text, swaps: before.swaps + 1 } : { ...before, doubt: text };
}
