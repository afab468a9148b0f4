import { describe, expect, it } from 'vitest';
import { mercuryCommand } from '../../drivers/thingmagic/codec.ts';
import { thingmagic } from '../../drivers/thingmagic/driver.ts';
import type { PollingLink } from '../../src/driver-kit/define-driver.ts';

const OPTIONS = thingmagic.options.parse({ region: 'europe', power: 22, antennas: [1, 2] });

/** What the options say but for the antennas, which the module does not tell; it finds no tags. */
const ANSWERS: Readonly<Record<number, readonly number[]>> = { 0x67: [0, 0, 0x08], 0x62: [0, 0, 0, 0x08, 0x98], 0x22: [0x04, 0x00] };

/** A module that has kept its power while the configuration was changed, and the commands that it gets. */
function module(): { readonly link: PollingLink; readonly asked: Uint8Array[] } {
  const asked: Uint8Array[] = [];
  const exchange: PollingLink['exchange'] = async ({ request }) => {
    const opcode = request[2] ?? 0;
    asked.push(request);
    return Uint8Array.of(0xff, 0, opcode, ...(ANSWERS[opcode] ?? [0, 0]), 0, 0);
  };
  return { link: { exchange, nextNumber: () => 0 }, asked };
}

describe('a ThingMagic module that has its region and power', () => {
  it('is told its antennas once in a run, since others may be written than when it got power', async () => {
    const { link, asked } = module();
    const learnt = await thingmagic.poll(link, OPTIONS, () => undefined, undefined);
    const set = (): readonly Uint8Array[] => asked.filter(([, , opcode]) => opcode === SET_ANTENNAS);
    expect(set()).toEqual([mercuryCommand(SET_ANTENNAS, [0x02, 1, 1, 2, 2])]);
    await thingmagic.poll(link, OPTIONS, () => undefined, learnt);
    expect(set()).toHaveLength(1);
    expect(asked.filter(([, , opcode]) => opcode === READ_TAGS)).toHaveLength(2);
  });
});

const SET_ANTENNAS = 0x91;
const READ_TAGS = 0x22;
