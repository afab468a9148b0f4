import { CST, Lexer } from 'yaml';

/**
 * Why a text must not be given to the YAML parser, and the offset; undefined when it may. The parser recurses once a
 * level and makes objects of every token: enough brackets end the whole process, out of reach of any `catch`. The text
 * holds no control characters, which the lexer uses as marks.
 */
export function beyondBounds(text: string): { readonly what: string; readonly at: number } | undefined {
  if (text.length <= LENGTH_HARMLESS && (text.match(NESTING_SIGNS)?.length ?? 0) <= SIGNS_HARMLESS) return undefined;
  let [at, tokens, brackets, indicators, atLineStart] = [0, 0, 0, 0, true];
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token) ?? 'scalar';
    tokens += 1;
    brackets += BRACKETS.get(type) ?? 0;
    if (INDICATORS.has(type)) indicators += 1;
    else if (type !== 'space') indicators = 0;
    const indentation = atLineStart && type === 'space' ? token.length : 0;
    if (brackets > LEVELS_MAX || indicators > LEVELS_MAX || indentation > INDENTATION_MAX) {
      return { what: `nested deeper than ${LEVELS_MAX} levels`, at };
    }
    if (tokens > TOKENS_MAX) return { what: `the file has more than ${TOKENS_MAX} words and signs`, at };
    atLineStart = type === 'newline';
    if (!MARKS.has(token)) at += token.length;
  }
  return undefined;
}

/** How deep maps and lists may stand in each other; the configuration needs 6. */
export const LEVELS_MAX = 32;

/** Each level needs one of these. The lexer takes a third of the time that reading a file takes: most are spared it. */
const NESTING_SIGNS = /[[{?:-]/g;
/** So many levels the parser can recurse; what is deeper than `LEVELS_MAX` is refused afterwards. */
const SIGNS_HARMLESS = 400;
const LENGTH_HARMLESS = 64 * 1024;

const INDENTATION_MAX = 256;
/** 250 devices need about 25,000. */
const TOKENS_MAX = 200_000;

/** Stand in the stream of tokens, not in the text. */
const MARKS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/** What can follow itself on one line, each a level deeper. */
const INDICATORS: ReadonlySet<string> = new Set(['seq-item-ind', 'explicit-key-ind', 'map-value-ind']);

const BRACKETS: ReadonlyMap<string, number> = new Map([
  ['flow-map-start', 1],
  ['flow-seq-start', 1],
  ['flow-map-end', -1],
  ['flow-seq-end', -1],
]);
