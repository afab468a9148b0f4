import { latin1Of } from '../bytes.ts';

/** Which beginnings are taken for an AIM identifier: those that exist (ISO/IEC 15424), or everything of that form. */
export type AimForm = keyof typeof FORMS;

/** The AIM identifier that a code's bytes begin with, such as "]C1", and the code behind it. */
export function withoutAim(bytes: Uint8Array, form: AimForm): { readonly aim?: string; readonly code: Uint8Array } {
  const aim = bytes[0] === FLAG ? FORMS[form].exec(latin1Of(bytes.subarray(0, LENGTH)))?.[0] : undefined;
  return aim === undefined ? { code: bytes } : { aim, code: bytes.subarray(LENGTH) };
}

const LENGTH = 3;
/** "]" */
const FLAG = 0x5d;
const FORMS = {
  auto: /^\][A-UXYZcdehopsz][0-9A-Za-z]$/,
  always: /^\][A-Za-z][0-9A-Za-z]$/,
};
