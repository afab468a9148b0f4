import { describe, expect, it } from 'vitest';
import { ALL_APPLICATION_IDENTIFIERS, applicationIdentifier } from '../../../src/identification/gs1/ai-table.ts';
import type { Element } from '../../../src/identification/element.ts';
import { ELEMENTS_MAX } from '../../../src/identification/gs1/content.ts';
import { parseElementString } from '../../../src/identification/gs1/element-string.ts';
import { SeededRandom } from '../../support/random.ts';

const GTIN = { ai: '01', value: '09520123456788' };

/** With a separator behind each value of no predefined length but the last. */
function printed(elements: readonly Element[]): string {
  return elements.map(({ ai, value }, index) => `${ai}${value}${index < elements.length - 1 && applicationIdentifier(ai)?.predefined !== true ? '\x1d' : ''}`).join('');
}

function words(text: string): string[] {
  return parseElementString(text).problems.map((problem) => problem.words);
}

describe('an element string', () => {
  it('is cut at predefined lengths and at separators', () => {
    expect(parseElementString('010952012345678810LOT-7\x1d1726123121SER/1')).toEqual({
      elements: [GTIN, { ai: '10', value: 'LOT-7' }, { ai: '17', value: '261231' }, { ai: '21', value: 'SER/1' }],
      problems: [],
    });
  });

  it('needs a separator after an identifier of fixed length that is not predefined', () => {
    expect(parseElementString('8018952012345678912345\x1d801912').elements).toEqual([{ ai: '8018', value: '952012345678912345' }, { ai: '8019', value: '12' }]);
    expect(words('8018952012345678912345801912')).toEqual(['AI 8018: 24 characters, expected 18; a separator may be missing']);
  });

  it('may have separators that are superfluous: in front, after predefined lengths, doubled, at the end', () => {
    expect(parseElementString('\x1d0109520123456788\x1d\x1d10A\x1d\x1d')).toEqual({ elements: [GTIN, { ai: '10', value: 'A' }], problems: [] });
  });

  it('keeps what stands before and after something unknown, and shows that', () => {
    expect(parseElementString('0109520123456788890\x1b\x1d10A')).toEqual({
      elements: [GTIN, { ai: '10', value: 'A' }],
      problems: [{ kind: 'content', position: 17, words: 'character 17: “890\\u{1b}” begins with no application identifier' }],
    });
  });

  it('keeps an element whose value is wrong, and says what is', () => {
    expect(parseElementString('0109520123456784')).toEqual({
      elements: [{ ai: '01', value: '09520123456784' }],
      problems: [{ kind: 'content', ai: '01', position: 14, words: 'AI 01: the check digit is 4, expected 8' }],
    });
    expect(words('21AB12^4')).toEqual(['AI 21: character 5 “^” is not in character set 82']);
    expect(parseElementString('01095201\x1d10A')).toMatchObject({ elements: [{ ai: '01', value: '095201' }, { ai: '10', value: 'A' }], problems: [{ words: 'AI 01: 6 characters, expected 14' }] });
    expect(words('10\x1d21A')).toEqual(['AI 10: the value is missing']);
  });

  it('may say the same twice, but not two things of one identifier', () => {
    expect(words('400A\x1d99B\x1d400A')).toEqual([]);
    expect(words('400A\x1d99B\x1d400C')).toEqual(['AI 400: stands there more than once, with different values']);
  });

  it('without content is a problem', () => {
    for (const text of ['', '\x1d', '\x1d\x1d']) expect(words(text)).toEqual(['a GS1 code without content']);
  });

  it('with more elements than any code has is cut, and says so', () => {
    const { elements, problems } = parseElementString('10A\x1d'.repeat(ELEMENTS_MAX + 1));
    expect(elements).toHaveLength(ELEMENTS_MAX);
    expect(problems).toEqual([{ kind: 'content', position: 4 * ELEMENTS_MAX + 1, words: 'character 257: more than 64 elements' }]);
    expect(parseElementString('10A\x1d'.repeat(ELEMENTS_MAX)).problems).toEqual([]);
  });

  it('that is printed, with separators where they are needed, and parsed again is the same', () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 3000; round += 1) {
      const elements = Array.from({ length: 1 + random.below(6) }, () => anyElement(random));
      const text = printed(elements);
      expect(parseElementString(text).elements).toEqual(elements);
      expect(parseElementString(`\x1d${text}\x1d`).elements).toEqual(elements);
    }
  });

  it('of random characters never throws, and loses nothing: elements and what is shown as unknown make up the text', () => {
    const random = new SeededRandom(11);
    const alphabet = '00112233445566778899\x1d\x1dAZaz-^ é\x00';
    for (let round = 0; round < 20_000; round += 1) {
      const text = Array.from({ length: random.below(60) }, () => alphabet[random.below(alphabet.length)]).join('');
      const { elements, problems } = parseElementString(text);
      const shown = problems.reduce((total, { ai, position = 1 }) => total + (ai === undefined ? unknownLength(text, position) : 0), 0);
      const parsed = elements.reduce((total, { ai, value }) => total + ai.length + value.length, 0);
      expect(parsed + shown).toBe(text.replaceAll('\x1d', '').length);
    }
  });

  it('takes its time from its length alone, whatever it holds', () => {
    for (const piece of ['10A\x1d', '\x1d', '8', '01', '9'.repeat(90), '%', '0109520123456788']) {
      const text = piece.repeat(2_000_000 / piece.length);
      const start = performance.now();
      parseElementString(text);
      expect(performance.now() - start).toBeLessThan(5000); // it takes some 20 ms; what is not linear takes minutes
    }
  });
});

/** The characters from a position, counted from 1, to the next separator. */
function unknownLength(text: string, position: number): number {
  return (text.slice(position - 1).split('\x1d', 1)[0] ?? '').length;
}

/** Any identifier with a value of a length it may have; the content is not looked at here. */
function anyElement(random: SeededRandom): Element {
  const { ai, charactersMin, charactersMax } = ALL_APPLICATION_IDENTIFIERS[random.below(ALL_APPLICATION_IDENTIFIERS.length)]!;
  const length = Math.max(1, charactersMin + random.below(charactersMax - charactersMin + 1));
  return { ai, value: Array.from({ length }, () => '0123456789AZaz-/('[random.below(17)]).join('') };
}
