import { describe, expect, it } from 'vitest';
import { ALL_APPLICATION_IDENTIFIERS, applicationIdentifier } from '../../../src/identification/gs1/ai-table.ts';
import { valueFaults } from '../../../src/identification/gs1/value-faults.ts';
import { SeededRandom } from '../../support/random.ts';

/** A coupon up to its first purchase requirement: company prefix, offer, save value, purchase. */
const COUPON = '09501101234563100120123';

function faults(ai: string, value: string): string[] {
  return valueFaults(applicationIdentifier(ai)!, value).map(({ at, words }) => `${at + 1}: ${words}`);
}

describe('a value', () => {
  /** Each check of the table at least once: identifier and value that are right. */
  it.each([
    ['00', '952012345678912345'], // SSCC
    ['01', '09520123456788'],
    ['10', '!"%&\'()*+,-./:;<=>?_'], // character set 82
    ['10', 'a'],
    ['11', '260200'],
    ['253', '9520123456788Serial/17-chars.+'],
    ['255', '9520123456788'],
    ['423', '276'],
    ['423', '276756040528056'],
    ['4309', '18000000003600000000'],
    ['4321', '1'],
    ['4324', '2602002359'],
    ['4326', '240229'],
    ['4330', '000025-'],
    ['4330', '000025'],
    ['4300', 'Caf%C3%A9'],
    ['4307', 'DE'],
    ['3910', '9781'], // EUR
    ['7003', '2602280000'],
    ['7007', '260228260301'],
    ['7011', '2602281530'],
    ['7030', '999X'],
    ['7040', '1ABc'],
    ['7041', 'APE'],
    ['7241', '10'],
    ['7241', '99'],
    ['7251', '197002281200'],
    ['7252', '9'],
    ['7258', '2/3'],
    ['8001', '12345123451291'],
    ['8003', '09520123456788'],
    ['8003', '09520123456788Serial-16-chars.'],
    ['8004', '952012ASSET-0042'],
    ['8006', '095201234567880102'],
    ['8007', 'GB82WEST12345698765432'], // the example of ISO 13616's registry
    ['8008', '26022823'],
    ['8008', '260228235959'],
    ['8010', '9520123PQ7/Z-43#'],
    ['8011', '123456789012'],
    ['8013', '1987654Ad4X4bL5ttr2310c2K'], // the example of GS1 General Specifications 7.9.5
    ['8014', '1987654Ad4X4bL5ttr2310c2K'],
    ['8017', '952012345678912345'],
    ['8030', 'AZaz09-_=='],
    ['8043', '123456789012345678'],
    ['8043', '12345678901234567812'],
    ['8110', '09501101234563100120123'],
    ['8110', `${COUPON}1013045692110789095011032612314260101`],
    ['8110', `${COUPON}10130456932612315012345661950110190010`],
    ['8112', '109501101234560123456'],
  ])('of AI %s may be %s', (ai, value) => {
    expect(faults(ai, value)).toEqual([]);
  });

  it.each([
    ['01', '09520123456784', '14: the check digit is 4, expected 8'],
    ['01', '0952012345678', '14: 13 characters, expected 14'],
    ['01', '0952012345678B', '14: character 14 “B” is not in the digits'],
    ['01', '', '1: the value is missing'],
    ['21', 'AB12^4', '5: character 5 “^” is not in character set 82'],
    ['21', 'AB\x1b', '3: character 3 “\\u{1b}” is not in character set 82'],
    ['21', 'Größe', '3: character 3 “ö” is not in character set 82'],
    ['21', '123456789012345678901', '21: 21 characters, expected 1 to 20; a separator may be missing'],
    ['11', '261301', '1: there is no month 13'],
    ['11', '260230', '1: there is no day 30 in month 02 of 2026'],
    ['253', '9520123456787', '13: the check digit is 7, expected 8'],
    ['423', '27675', '4: ends with a part of 2 characters, expected 3'],
    ['423', '276999', '4: “999” is not a country of ISO 3166'],
    ['4309', '18000000010000000000', '1: latitude 1800000001 is more than 1800000000'],
    ['4309', '00000000003600000001', '11: longitude 3600000001 is more than 3600000000'],
    ['4321', '2', '1: “2” is not 0 or 1'],
    ['4326', '260200', '1: the day is 00'],
    ['4330', '000025+', '7: “+” is not a hyphen'],
    ['4300', 'Caf%C', '4: a percent sign without two hexadecimal digits'],
    ['4307', 'DD', '1: “DD” is not a country of ISO 3166'],
    ['3910', '9981', '1: “998” is not a currency of ISO 4217'],
    ['7003', '2602282400', '7: there is no hour 24'],
    ['7003', '2602282360', '9: there is no minute 60'],
    ['7030', '998X', '1: “998” is not a country of ISO 3166 or 999'],
    ['7040', '1AB%', '4: “%” is not a letter, a digit, “-” or “_”'],
    ['7041', 'QQQ', '1: “QQQ” is not a package type of UN/ECE Recommendation 21'],
    ['7241', '11', '1: “11” is not a media type that ICCBBA has given out'],
    ['7250', '19000229', '1: there is no day 29 in month 02 of 1900'],
    ['7252', '3', '1: “3” is not 0, 1, 2 or 9 (ISO/IEC 5218)'],
    ['7258', '4/3', '1: there is no 4 of 3'],
    ['7258', '0/3', '1: “0/3” is not a position such as 1/3'],
    ['8001', '00001234512311', '1: “0000” is not other than zero'],
    ['8001', '12341234512321', '13: “2” is not 0, 1 or 9'],
    ['8003', '19520123456788', '1: “1” is not zero'],
    ['8003', '09520123456788SER^1', '18: character 18 “^” is not in character set 82'],
    ['8004', '95A', '3: the GS1 company prefix does not begin with four digits'],
    ['8004', '952', '1: too short for a GS1 company prefix'],
    ['8006', '095201234567880302', '15: there is no piece 3 of 2'],
    ['8006', '095201234567880002', '15: there is no piece 0 of 2'],
    ['8007', 'GB83WEST12345698765432', '3: the check digits of the IBAN are wrong'],
    ['8007', 'GB82west12345698765432', '5: “w” is not in an IBAN'],
    ['8007', 'GB82WEST12', '1: too short for an IBAN'],
    ['8007', 'ZZ82WEST12345698765432', '1: “ZZ” is not a country of ISO 3166'],
    ['8008', '26022823596', '11: ends with a part of 1 character, expected 2'],
    ['8010', '9520pq', '5: character 5 “p” is not in character set 39'],
    ['8010', '9520%', '5: character 5 “%” is not in character set 39'],
    ['8011', '012', '1: “012” is not without leading zeros'],
    ['8013', '1987654Ad4X4bL5ttr2310c2L', '24: the check pair is “2L”, expected “2K”'],
    ['8013', '22', '1: too short to hold a check pair'],
    ['8030', 'ABCD===', '5: character 5 “=” is not in character set 64'],
    ['8030', 'AB=C', '3: character 3 “=” is not in character set 64'],
    ['8110', '0950110', '7: the offer code is cut or missing'],
    ['8110', `${COUPON}32601014261231`, '37: it expires before it starts'],
    ['8110', `${COUPON}3261301`, '25: the expiry date: there is no month 13'],
    ['8110', '095011012345631001201237', '24: more digits than the coupon has fields'],
    ['8110', '0X', '2: a coupon has digits only'],
    ['8112', '209501101234560123456', '1: the format is 2'],
  ])('of AI %s that is “%s” is told in words: %s', (ai, value, words) => {
    expect(faults(ai, value)).toContain(words);
  });

  it('has each of its parts looked at', () => {
    expect(faults('8001', '00001234500021')).toEqual(['1: “0000” is not other than zero', '10: “000” is not other than zero', '13: “2” is not 0, 1 or 9']);
  });

  it('says when nothing but the check digit is wrong', () => {
    expect(valueFaults(applicationIdentifier('01')!, '09520123456784').map(({ checkOnly }) => checkOnly)).toEqual([true]);
    expect(valueFaults(applicationIdentifier('01')!, '0952A123456784').map(({ checkOnly }) => checkOnly)).toEqual([undefined]);
  });

  it('of any identifier and any content is judged without a throw', () => {
    const random = new SeededRandom(1);
    for (const entry of ALL_APPLICATION_IDENTIFIERS) {
      for (let round = 0; round < 40; round += 1) {
        const alphabet = round % 2 === 0 ? '0123456789' : '09Aa-%=/ \x00\x1dé😀';
        const value = Array.from({ length: random.below(entry.charactersMax + 3) }, () => alphabet[random.below(alphabet.length)]).join('');
        for (const { at, words } of valueFaults(entry, value)) {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(value.length);
          expect(words).not.toBe('');
        }
      }
    }
  });
});
