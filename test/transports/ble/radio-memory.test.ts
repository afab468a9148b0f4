import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RADIO_LIMITS } from '../../../src/transports/ble/adapter-radio.ts';

/** What a gateway that hears took at most (docs/benchmarks.md). */
const GATEWAY_BYTES = 118_000_000;

it('the radio is started anew before it and the gateway together reach what the unit allows them', () => {
  const unit = readFileSync(new URL('../../../systemd/tailgate.service', import.meta.url), 'utf8');
  const [, mebibytes] = /^MemoryMax=(\d+)M$/m.exec(unit) ?? [];
  expect(GATEWAY_BYTES + RADIO_LIMITS.rssBytesMax).toBeLessThan(Number(mebibytes) * 2 ** 20);
});
