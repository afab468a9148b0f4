import { expect, it } from 'vitest';
import { lineScanner } from '../../drivers/line-scanner/driver.ts';
import { proglove } from '../../drivers/proglove/driver.ts';
import { tslAscii } from '../../drivers/tsl-ascii/driver.ts';
import { zebraSsi } from '../../drivers/zebra-ssi/driver.ts';
import { FrameReader } from '../../src/acquisition/frame-reader.ts';
import type { ListeningDriver } from '../../src/driver-kit/define-driver.ts';
import { ssiSegments } from '../support/ssi-frames.ts';

/** What the largest QR code holds (ISO/IEC 18004, version 40-L), as digits and as bytes that have to be escaped, and the largest Han Xin Code. */
const LONGEST = { digits: '7'.repeat(7089), bytes: '\x1b'.repeat(2953), 'Han Xin digits': '7'.repeat(7827) };

const event = (code: string): string => `${JSON.stringify({ api_version: '1.0', event_type: 'scan', event_id: 'e'.repeat(128), time_created: 1546300800000, device_serial: 's'.repeat(128), gateway_serial: 'g'.repeat(128), scan_code: code })}\n`;

it.each<[string, ListeningDriver, (code: string) => string]>([
  ['line-scanner', lineScanner, (code) => `]Q1${code}\r`],
  ['zebra-ssi', zebraSsi, (code) => ssiSegments(code).join('')],
  ['tsl-ascii', tslAscii, (code) => `CS: .bc\r\nBC: ${code.replaceAll('\x1b', '\x1b\x1b')}\r\nOK:\r\n\r\n`],
  ['proglove', proglove, event],
])('%s takes the longest codes there are', (_, driver, sent) => {
  const options = driver.options.parse({});
  for (const [what, code] of Object.entries(LONGEST)) {
    const found: string[] = [];
    let state: unknown;
    const reader = new FrameReader(driver.framing(options), {
      frame(frame, atGap) {
        const decoded = driver.decode(frame, options, state, atGap);
        state = decoded.state;
        for (const seen of decoded.observations) if (seen.kind === 'scan') found.push(Buffer.from(seen.bytes).toString('latin1'));
      },
      discarded: (bytes, reason) => found.push(`${bytes} ${reason}`),
    });
    reader.push(Buffer.from(sent(code), 'latin1'));
    expect({ what, found: found.map((text) => text.length) }).toEqual({ what, found: [code.length] });
  }
});
