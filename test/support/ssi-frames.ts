/** Frames of Zebra's Simple Serial Interface, made by hand for tests: not by the code under test. */

/** Status bit 0: the frame is sent once more. */
const AGAIN = 1;
const QR_CODE = 0x1c;
const FIRST_TEXT = 241;
const NEXT_TEXT = 250;

/** A Code 128 in one packet, in latin1. */
export function ssiCode(text: string, how?: 'again'): string {
  return framed([5 + text.length, 0xf3, 0, statusOf(how), 0x03, ...Buffer.from(text)]);
}

/** A QR code of more than 241 characters in several packets. */
export function ssiSegments(text: string, how?: 'again'): readonly string[] {
  const first = framed([0xff, 0x73, 2, statusOf(how), 0, 0xf3, 0, 0, 0, 0, QR_CODE, 0, text.length >> 8, text.length & 0xff, ...Buffer.from(text.slice(0, FIRST_TEXT))]);
  const count = Math.ceil((text.length - FIRST_TEXT) / NEXT_TEXT);
  const more = Array.from({ length: count }, (_, index) => {
    const part = text.slice(FIRST_TEXT + NEXT_TEXT * index, FIRST_TEXT + NEXT_TEXT * (index + 1));
    return framed([5 + part.length, 0x73, 0, statusOf(how), index + 1, ...Buffer.from(part)]);
  });
  return [first, ...more];
}

/** What the gateway answers, in latin1. */
export const SSI_ACK = '\x04\xd0\x04\x00\xff\x28';
export const SSI_NAK_UNDESIRED = '\x05\xd1\x04\x00\x0a\xff\x1c';
export const SSI_NAK_CONTEXT = '\x05\xd1\x04\x00\x02\xff\x24';
export const SSI_SEGMENT_ACK = '\x04\x74\x04\x00\xff\x84';

function statusOf(how: 'again' | undefined): number {
  return how === 'again' ? AGAIN : 0;
}

/** Behind it the two's complement of the sum of all bytes, high byte first. */
function framed(bytes: readonly number[]): string {
  const check = 0x10000 - bytes.reduce((sum, byte) => sum + byte, 0);
  return Buffer.from([...bytes, (check >> 8) & 0xff, check & 0xff]).toString('latin1');
}
