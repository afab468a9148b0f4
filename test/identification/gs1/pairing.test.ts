import { describe, expect, it } from 'vitest';
import { parseElementString } from '../../../src/identification/gs1/element-string.ts';
import { pairingProblems } from '../../../src/identification/gs1/pairing.ts';

function words(text: string): string[] {
  const { elements, problems } = parseElementString(text.replaceAll('|', '\x1d'));
  expect(problems).toEqual([]);
  return pairingProblems(elements).map((problem) => problem.words);
}

const GTIN = '0109520123456788';

describe('elements on one item', () => {
  it.each([
    GTIN,
    `${GTIN}10LOT|17261231`,
    `${GTIN}21A1|250B2`,
    `${GTIN}3103000195|392212345`,
    '00952012345678912345|0209520123456788|3712',
    '8004952012ASSET-0042',
    '4149520123456788254A',
    '8018952012345678912345|80191',
    '2539520123456788A|8030DIGSIG',
    '4159520123456788|8020BILL-1',
  ])('go together: %s', (text) => {
    expect(words(text)).toEqual([]);
  });

  it.each([
    ['21A1', 'AI 21: needs 01 or 03 or 8006 on the same item'],
    [`${GTIN}250B2`, 'AI 250: needs 01 with 21 or 03 with 21 or 8006 with 21 on the same item'],
    [`${GTIN}0209520123456788`, 'AI 02: may not stand with AI 01'],
    [`${GTIN}3712`, 'AI 01: may not stand with AI 37'],
    [`${GTIN}31030001953102000019`, 'AI 3103: may not stand with AI 3102'],
    [`${GTIN}39221234`, 'AI 3922: needs 01 with 30 or 01 with 31nn or 01 with 32nn or 01 with 35nn or 01 with 36nn on the same item'],
    ['8017952012345678912345|8018952012345678912345', 'AI 8017: may not stand with AI 8018'],
    ['4159520123456788', 'AI 415: needs 8020 on the same item'],
    ['2539520123456788|8030DIGSIG', 'AI 253: needs its serial number beside a digital signature (AI 8030)'],
  ])('do not go together: %s', (text, problem) => {
    expect(words(text)).toContain(problem);
  });

  it('exclude others, not themselves, where a pattern fits both', () => {
    expect(words(`${GTIN}3103000195|3103000195`)).toEqual([]);
  });
});
