import { describe, expect, it } from 'vitest';
import { observationLine, parseObservation } from '../../src/acquisition/transcript-observation.ts';
import { parseTranscript } from '../../src/acquisition/transcript.ts';

const RULER = '----------';

function bytes(line: string): string {
  const [step] = parseTranscript(`< ${line}\n${RULER}`).steps;
  return step?.kind === 'received' ? Buffer.from(step.bytes).toString('latin1') : '';
}

describe('a transcript', () => {
  it('holds its origin, its options, the conversation and what is expected of it', () => {
    const text = `# by hand\n# from a manual\noptions: { terminator: CR }\n< "A\\r"\n(silence)\n> 06\n\n${RULER}\n{"kind":"scan","text":"A"}\nerror: corrupt\ndiscard: 12 too long\n`;
    expect(parseTranscript(text)).toEqual({
      origin: ['by hand', 'from a manual'],
      options: '{ terminator: CR }',
      steps: [{ kind: 'received', bytes: Uint8Array.of(0x41, 0x0d) }, { kind: 'silence' }, { kind: 'sent', bytes: Uint8Array.of(6) }],
      expected: [
        { kind: 'observation', observation: { kind: 'scan', bytes: Uint8Array.of(0x41) } },
        { kind: 'error', fault: 'corrupt' },
        { kind: 'discard', bytes: 12, reason: 'too long' },
      ],
    });
  });

  it('writes bytes as hexadecimal groups and quoted ASCII, mixed', () => {
    expect(bytes('02 41 42 "C" 03')).toBe('\x02ABC\x03');
    expect(bytes('0241 4243')).toBe('\x02ABC');
    expect(bytes(String.raw`"\r\n\t\\\"\x1D" ff`)).toBe('\r\n\t\\"\x1d\xff');
    expect(bytes('"a # b" 23')).toBe('a # b#');
  });

  it.each([
    ['an odd digit', '< 0', 'line 1: this is neither hexadecimal nor quoted ASCII: 0'],
    ['a quote without an end', '< "AB', 'neither hexadecimal nor quoted'],
    ['an unknown escape', String.raw`< "\q"`, String.raw`there is no escape \q`],
    ['a character that is not ASCII', '< "ü"', 'neither hexadecimal nor quoted'],
    ['a line of nothing known', 'AB', 'this is neither bytes nor (silence)'],
    ['no ruler', '< 00', 'the end: there is no ruler'],
  ])('says where it has %s', (_, line, words) => {
    expect(() => parseTranscript(line === '< 00' ? line : `${line}\n${RULER}`)).toThrow(words);
  });

  it.each(['error: tired', 'discard: some bytes', '{"kind":"scan"', '{"kind":"scan"}', '{"kind":"scan","text":"A","colour":"red"}', '{"kind":"meter"}'])(
    'refuses the expectation %s',
    (line) => {
      expect(() => parseTranscript(`${RULER}\n${line}`)).toThrow(/^line 2: /);
    },
  );
});

describe('an observation as a line', () => {
  it.each([
    '{"kind":"scan","text":"PUMP-0042"}',
    '{"kind":"scan","aim":"]C1","text":"01\\u001d10"}',
    '{"kind":"scan","binary":true,"hex":"00FF"}',
    '{"kind":"scan","unterminated":true,"text":"ASSET-114"}',
    '{"kind":"scan","symbologyName":"Code 39","text":"ASSET-114"}',
    '{"kind":"scan","binary":true,"tag":{"pc":12288,"rssi":-60,"antenna":11},"hex":"300000"}',
    '{"kind":"scan","tag":{},"text":"0C000621A5"}',
    '{"kind":"meter","meter":"engine-hours","quantity":"operating-time","meterKind":"counter","value":12345678901234567890.123456789,"raw":"00"}',
    '{"kind":"meter","meter":"mode","quantity":"state","meterKind":"characteristic","value":"running","raw":"00"}',
    '{"kind":"meter","meter":"power","quantity":"active-power","meterKind":"gauge","value":-0.5,"raw":"FFFB"}',
    '{"kind":"meter","meter":"power","quantity":"active-power","meterKind":"gauge","value":{"missing":"exception 2"},"raw":""}',
  ])('keeps every digit and byte of %s', (line) => {
    expect(observationLine(parseObservation(line))).toBe(line);
  });
});
