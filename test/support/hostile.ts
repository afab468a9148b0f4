import type { SeededRandom } from './random.ts';

/** Content that is meant to do harm where it is shown, stored, put into a topic or parsed. */
export const HOSTILE: readonly Uint8Array[] = [
  '\u0000\u0001\u0007\b\u001b\u007f',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'; DROP TABLE readings; --",
  'tailgate/v1/#',
  '+/+/$SYS/../..',
  '\u001b[2J\u001b]0;owned\u0007\u001b[31m',
  '\u202Egpj.exe\u2066\u200F',
  '=HYPERLINK("http://x","y")',
  '@SUM(1+1)*cmd|\' /C calc\'!A0',
  '{"__proto__":{"x":1},"event_type":"scan","scan_code":"__proto__"}',
  '%00%0d%0a%s%n${jndi:ldap://x}',
  ']d2\u001d\u001d01',
  'https://id.gs1.org/01/%/21/%E0%A4%A',
  'HTTPS://x/8004/' + '9'.repeat(4000),
  '(01)09521300003318(21)' + 'x'.repeat(200),
  '9'.repeat(4096),
  '\r\n\r\nBC: \u001b',
].map((text) => new Uint8Array(Buffer.from(text, 'utf8')));

/** Noise of one kind or another: none at all, bytes at random, good bytes that were damaged, hostile content, all in a row. */
export function noise(random: SeededRandom, good: readonly Uint8Array[]): Uint8Array {
  const parts = Array.from({ length: 1 + random.below(3) }, () => {
    const kind = random.below(16);
    if (kind === 0) return random.oneOf(HOSTILE);
    if (kind < 5) return random.bytes(random.below(64));
    return damaged(random, random.oneOf(good));
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** Bits turned over, pieces cut out or doubled, bytes put in, and bytes of a length's size changed. */
export function damaged(random: SeededRandom, good: Uint8Array): Uint8Array {
  let bytes = new Uint8Array(good); // a copy, also of a Buffer
  for (let times = 1 + random.below(3); times > 0 && bytes.length > 0; times -= 1) {
    const at = random.below(bytes.length);
    const to = at + random.below(bytes.length - at + 1);
    const [before, piece, behind] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (random.below(6)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << random.below(8));
        break;
      case 1:
        bytes = new Uint8Array(Buffer.concat([before, behind]));
        break;
      case 2:
        bytes = new Uint8Array(Buffer.concat([before, random.bytes(1 + random.below(4)), piece, behind]));
        break;
      case 3:
        bytes[random.below(Math.min(8, bytes.length))] = random.oneOf([0, 1, 4, 0x7f, 0x80, 0xfe, 0xff]); // where lengths stand
        break;
      case 4:
        bytes = new Uint8Array(Buffer.concat([before, piece, piece, behind])); // joined, or sent twice
        break;
      default:
        bytes = bytes.slice(0, at);
    }
  }
  return bytes;
}
