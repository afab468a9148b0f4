import { describe, expect, it } from 'vitest';
import { scanContent } from '../../src/identification/scan-content.ts';
import { symbologyName } from '../../src/identification/symbology.ts';
import type { CodeIdVendor } from '../../src/core/code-id.ts';
import { encodeJson } from '../../src/core/json.ts';
import type { ScanContent } from '../../src/core/reading.ts';
import { assertContract } from '../support/contract.ts';
import { SeededRandom } from '../support/random.ts';

function content(bytes: string | Uint8Array, more: object = {}) {
  return scanContent({ kind: 'scan', bytes: Buffer.from(bytes), ...more }, { device: 'cab' });
}

function tag(hex: string, more: object = {}) {
  return content(Buffer.from(hex, 'hex'), { tag: { ...more } });
}

/** The content as it goes out, held against the schema. */
function expectInContract(data: ScanContent): void {
  const event = { specversion: '1.0', type: 'tailgate.scan.v1', source: 'urn:tailgate:a:b:3f9c1e7a', id: '1', sequence: '1'.padStart(20, '0'), time: '2026-11-23T08:15:29.870Z', recordedtime: '2026-11-23T08:15:29.881Z', subject: 'cab', datacontenttype: 'application/json' };
  assertContract('scan/cab', Buffer.from(encodeJson({ ...event, data: { ...data, historical: false, clock: { state: 'synced' } } })));
}

describe('the content of a scan', () => {
  it('is the text, its bytes, and the key to match on', () => {
    expect(content('PUMP-0042')).toEqual({
      device: 'cab',
      text: 'PUMP-0042',
      hex: '50554D502D30303432',
      role: 'unknown',
      identity: { value: 'PUMP-0042' },
    });
  });

  it('is all text where an identifier was not split off, since the driver was told that it is content', () => {
    expect(content(']C1800495211234')).toEqual({ device: 'cab', text: ']C1800495211234', hex: '5D4331383030343935323131323334', role: 'unknown', identity: { value: ']C1800495211234' } });
  });

  it('keeps spaces, separators and every character of UTF-8', () => {
    expect(content(' Größe\x1d€ ')).toMatchObject({ text: ' Größe\x1d€ ', identity: { value: ' Größe\x1d€ ' } });
    expect(content(Buffer.from([0xef, 0xbb, 0xbf, 0x41])).text).toBe('\ufeffA');
  });

  it('names the symbology', () => {
    expect(content('10012345', { aim: ']C0' }).symbology).toEqual({ aim: ']C0', name: 'Code 128' });
    expect(content('10012345', { aim: ']C1' }).symbology).toEqual({ aim: ']C1', name: 'GS1-128' });
    expect(symbologyName(']f9')).toBe('unknown');
  });

  it('gives no key for a GS1 code that holds none', () => {
    expect(content('10LOT7', { aim: ']d2' })).toMatchObject({ elements: { 10: 'LOT7' }, problems: [expect.stringContaining('AI 10: needs')] });
    expect(content('10LOT7', { aim: ']d2' })).not.toHaveProperty('identity');
  });

  it('lets bytes that are not text out with their hex, and says what looks wrong', () => {
    expect(content(Buffer.from([0x00, 0x41, 0xff]))).toEqual({
      device: 'cab',
      text: '\x00Aÿ',
      hex: '0041FF',
      role: 'unknown',
      valid: false,
      problems: ['2 of 3 bytes are not text: noise on the line, or a binary code'],
    });
  });

  it('finds nothing wrong with binary where binary is expected', () => {
    const bytes = Buffer.from([0x80, 0xf8]);
    expect(content(bytes, { binary: true }).problems).toBeUndefined();
    expect(content(bytes, { aim: ']d1' }).problems).toBeUndefined();
  });

  it('gives no key for a code that silence cut, and says why', () => {
    const cut = content('ASSET-114', { unterminated: true });
    expect(cut).toMatchObject({ text: 'ASSET-114', valid: false, problems: ['silence ended the code in place of its terminator: it may be a part of one, or several'] });
    expect(cut.identity).toBeUndefined();
    expect(content('10012345', { unterminated: true, aim: ']C0' }).identity).toBeUndefined();
    expect(content(Buffer.from([0x00, 0x41]), { unterminated: true }).problems).toHaveLength(2);
  });

  it('says that an empty code is empty', () => {
    expect(content('', { aim: ']Q1' })).toMatchObject({ valid: false, problems: ['the code is empty'] });
  });
});

describe('what a code of GS1 means', () => {
  it('is its elements and its key', () => {
    expect(content('010952123456788217261100\x1d2110A', { aim: ']C1' })).toEqual({
      device: 'cab',
      text: '010952123456788217261100\x1d2110A',
      hex: Buffer.from('010952123456788217261100\x1d2110A').toString('hex').toUpperCase(),
      symbology: { aim: ']C1', name: 'GS1-128' },
      role: 'unknown',
      elements: { '01': '09521234567882', 17: '261100', 21: '10A' },
      identity: { ai: '01', value: '09521234567882(21)10A' },
    });
  });

  it('with a wrong check digit is out with its elements, without a key, and says which digit', () => {
    const wrong = content('0109521234567881', { aim: ']d2' });
    expect(wrong).toMatchObject({ elements: { '01': '09521234567881' }, valid: false, problems: ['AI 01: the check digit is 1, expected 2'] });
    expect(wrong).not.toHaveProperty('identity');
  });

  it('that lacks an element beside it has a remark and stays valid', () => {
    const lone = content('8004952112345\x1d21X', { aim: ']C1' });
    expect(lone.problems).not.toEqual([]);
    expect(lone).not.toHaveProperty('valid');
    expect(lone.identity).toEqual({ ai: '8004', value: '952112345' });
  });

  it('is found by the symbology name of a driver that knows no AIM identifier', () => {
    expect(content('9521234567882', { symbologyName: 'EAN-13' })).toMatchObject({ symbology: { name: 'EAN-13' }, elements: { '01': '09521234567882' } });
    expect(content('8004952112345', { symbologyName: 'GS1-128' }).identity).toEqual({ ai: '8004', value: '952112345' });
    expect(content('8004952112345', { symbologyName: 'Code 128' })).toMatchObject({ identity: { value: '8004952112345' } });
  });

  it('is no key where it is no GTIN: an Interleaved 2 of 5 of another length', () => {
    expect(content('123456', { aim: ']I1' }).identity).toEqual({ value: '123456' });
  });

  it('gives no key for one that silence cut, though what is there is sound', () => {
    expect(content('8004952112345', { aim: ']C1', unterminated: true })).not.toHaveProperty('identity');
  });
});

describe('the code id of a scanner\u2019s maker', () => {
  const scanned = (vendor: CodeIdVendor, id: string, text: string) => content(text, { codeId: { vendor, id } });

  it('names the symbology, and what GS1 content there is', () => {
    expect(scanned('honeywell', 'd', '9521234567882')).toMatchObject({ symbology: { codeId: 'd', name: 'EAN-13' }, elements: { '01': '09521234567882' }, identity: { ai: '01', value: '09521234567882' } });
    expect(scanned('zebra', 'K', '8004952112345')).toMatchObject({ symbology: { codeId: 'K', name: 'GS1-128' }, identity: { ai: '8004', value: '952112345' } });
    expect(scanned('datalogic', 'T', '8004952112345')).toMatchObject({ symbology: { codeId: 'T', name: 'Code 128' }, identity: { value: '8004952112345' } });
  });

  it('gives way to an AIM identifier, which stands beside it', () => {
    expect(content('8004952112345', { aim: ']C1', codeId: { vendor: 'honeywell', id: 'j' } })).toMatchObject({ symbology: { aim: ']C1', codeId: 'j', name: 'GS1-128' }, identity: { ai: '8004' } });
  });

  it('is less than an AIM identifier beside it where that says that the code is of GS1', () => {
    expect(content('8004952112345', { symbologyName: 'Data Matrix', aim: ']d2' })).toMatchObject({ symbology: { aim: ']d2', name: 'GS1 DataMatrix' }, identity: { ai: '8004', value: '952112345' } });
    expect(content('0036000291452', { symbologyName: 'UPC-A', aim: ']E0' })).toMatchObject({ symbology: { aim: ']E0', name: 'UPC-A' }, identity: { ai: '01' } });
  });

  it('that stand for EAN and UPC alike leave a short code as good as it is', () => {
    expect(scanned('zebra', 'A', '96385074')).toMatchObject({ elements: { '01': '00000096385074' }, identity: { ai: '01', value: '00000096385074' } });
    expect(scanned('zebra', 'A', '96385075')).toMatchObject({ valid: false, problems: ['AI 01: the check digit is 5, expected 4'] });
    for (const upcE of ['01234565', '1234565', '123456']) {
      expect(scanned('zebra', 'A', upcE)).toMatchObject({ symbology: { name: 'EAN or UPC' }, identity: { value: upcE } });
      expect(scanned('zebra', 'A', upcE)).not.toHaveProperty('valid');
    }
    expect(scanned('zebra', 'A', '9638507')).toMatchObject({ identity: { value: '9638507' } });
    expect(scanned('zebra', 'A', '96385')).toMatchObject({ valid: false, problems: ['EAN or UPC holds 6 to 8, 12 or 13 digits, and this code has 5'] });
  });

  it('that is not known makes the code questionable and gives no key, and nothing is lost', () => {
    const unknown = scanned('zebra', 'P', '01PUMP');
    expect(unknown).toMatchObject({ text: '01PUMP', symbology: { codeId: 'P', name: 'unknown' }, valid: false, problems: ['"P" is none of the code ids that are known of zebra'] });
    expect(unknown).not.toHaveProperty('identity');
    const none = scanned('zebra', '', '\tPUMP');
    expect(none).toMatchObject({ text: '\tPUMP', valid: false, problems: ['the code begins with none of the code ids that are known of zebra'] });
    expect(none).not.toHaveProperty('symbology');
    for (const data of [unknown, none, scanned('honeywell', '}', '01')]) expectInContract(data);
  });
});

describe('what a radio tag means', () => {
  it('is its EPC, its elements and the key that its barcode has too', () => {
    const found = tag('3074257BF7194E4000001A85', { pc: 0x3000, rssi: -61.5, antenna: 2 });
    expect(found).toEqual({
      device: 'cab',
      text: '3074257BF7194E4000001A85',
      hex: '3074257BF7194E4000001A85',
      role: 'unknown',
      elements: { '01': '80614141123458', 21: '6789' },
      epc: { scheme: 'sgtin-96', filter: 3, uri: 'urn:epc:id:sgtin:0614141.812345.6789', tagUri: 'urn:epc:tag:sgtin-96:3.0614141.812345.6789' },
      identity: { ai: '01', value: '80614141123458(21)6789' },
      rssi: -61.5,
      antenna: 2,
    });
    const barcode = content('0180614141123458216789', { aim: ']d2' });
    const link = content('https://id.gs1.org/01/80614141123458/21/6789', { aim: ']Q1' });
    expect([barcode.identity, link.identity]).toEqual([found.identity, found.identity]);
  });

  it.each([
    ['a GIAI', '3474257BF40000000000162E', '800406141415678'],
    ['a GRAI', '3374257BF40C0E400000162E', '8003006141411234525678'],
    ['an SSCC', '3174257BF4499602D2000000', '00106141412345678908'],
    ['a place', '3274257BF46072000000162E', '41406141411234522545678'],
  ])('matches the barcode of the same thing: %s', (_, hex, elements) => {
    expect(tag(hex).identity).toEqual(content(elements, { aim: ']C1' }).identity);
    expect(tag(hex).identity?.ai).toBeDefined();
  });

  it('has a key where it is no GS1 key: the URI, or the bytes of a numbering of the user\u2019s own', () => {
    expect(tag('350007AB70425D4000000586').identity).toEqual({ value: 'urn:epc:id:gid:31415.271828.1414' });
    expect(tag('AA0000000000000000000042')).toMatchObject({ identity: { value: 'AA0000000000000000000042' } });
    expect(tag('AA0000000000000000000042')).not.toHaveProperty('problems');
  });

  it('that breaks its scheme, is empty or shorter than it says is out raw, and not valid', () => {
    for (const wrong of [tag('307C257BF7194E4000001A85'), tag(''), tag('3074257B', { pc: 0x3000 })]) {
      expect(wrong).toMatchObject({ valid: false, problems: [expect.stringMatching(/^EPC: /)] });
      expect(wrong).not.toHaveProperty('identity');
      expect(wrong.hex).toBe(wrong.text);
    }
  });

  it('of a "+" scheme with more elements behind it has its key, and a remark that these are not read', () => {
    expect(tag('F73795211411234538566CB0AFC4')).not.toHaveProperty('problems');
    const more = tag('F7B795211411234538566CB0AFC4');
    expect(more).toMatchObject({ identity: { ai: '01', value: '79521141123453(21)32a/b' }, problems: ['EPC: the tag says that more elements follow, such as a batch, which are not read'] });
    expect(more).not.toHaveProperty('valid');
  });

  it('that is not decoded is out raw, says so, and is not called wrong', () => {
    for (const raw of [tag('FD00112233445566778899AA'), tag('E2801160600002054CC2096F'), tag('000000000000000000000000'), tag('3074257BF7194E4000001A85', { pc: 0x3200 })]) {
      expect(raw.problems).toEqual([expect.stringMatching(/^EPC: /)]);
      expect(raw).not.toHaveProperty('valid');
      expect(raw).not.toHaveProperty('identity');
    }
  });
});

describe('the content of any scan', () => {
  it('fits the contract and has all its bytes, whatever they are', () => {
    const random = new SeededRandom(4);
    const aims = [undefined, ']C0', ']C1', ']d2', ']Q3', ']E0', ']E3', ']E4', ']I1', ']e0', ']f9'];
    const names = [undefined, 'EAN-13', 'UPC-E', 'GS1-128', 'QR Code'];
    const digits = '0123456789\x1d';
    for (let round = 0; round < 3000; round += 1) {
      const bytes = round % 2 === 0 ? random.bytes(random.below(40)) : Buffer.from(random.text(random.below(40), digits));
      const kind = random.below(3);
      const more = kind === 0 ? { tag: { pc: random.below(2) === 0 ? undefined : random.below(0x10000), rssi: -random.below(90), antenna: random.below(16) } } : kind === 1 ? { aim: random.oneOf(aims) } : { symbologyName: random.oneOf(names) };
      const data = content(bytes, more);
      expectInContract(data);
      expect(data.hex).toBe(Buffer.from(bytes).toString('hex').toUpperCase());
    }
  });
});
