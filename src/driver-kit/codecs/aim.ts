import { latin1Of } from '../bytes.ts';
import { z } from '../options.ts';

/** Which beginnings are taken for an AIM identifier: those that exist (ISO/IEC 15424), everything of that form, or none. */
export type AimForm = 'auto' | 'always' | 'never';

/** The option of drivers whose scanners may send AIM identifiers; what it leaves in the text is content to everybody after the driver. */
export const aimOption = z
  .enum(['auto', 'never'])
  .default('auto')
  .describe('Whether an AIM identifier such as "]d2" that a code begins with is split off, as the scanner sends it when it is set to; never takes it for content.');

/** The AIM identifier that a code's bytes begin with, such as "]C1", and the code behind it. */
export function withoutAim(bytes: Uint8Array, form: AimForm): { readonly aim?: string; readonly code: Uint8Array } {
  const aim = form !== 'never' && bytes[0] === FLAG ? FORMS[form].exec(latin1Of(bytes.subarray(0, LENGTH)))?.[0] : undefined;
  return aim === undefined ? { code: bytes } : { aim, code: bytes.subarray(LENGTH) };
}

const LENGTH = 3;
/** "]" */
const FLAG = 0x5d;
const FORMS = {
  auto: /^\][A-UXYZcdehopsz][0-9A-Za-z]$/,
  always: /^\][A-Za-z][0-9A-Za-z]$/,
};
