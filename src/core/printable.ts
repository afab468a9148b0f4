/**
 * The text as it may stand in a log, a terminal or an error: control characters (C0, DEL, C1), bidirectional controls,
 * line and paragraph separators and lone surrogates are written as `\u{..}`, and what is longer than `charactersMax`
 * is cut, with its length and a hash of the rest. Everything that a device or the network sent goes through here.
 */
export function printable(text: string, charactersMax = 200): string {
  const shown = escaped(text.length > charactersMax ? text.slice(0, charactersMax) : text);
  if (text.length <= charactersMax) return shown;
  const rest = text.slice(charactersMax);
  return `${shown}… (+${rest.length} characters, fnv ${fnv1a(rest)})`;
}

/** JSON for people and programs alike: the same characters stand in it as `\uXXXX`, which every reader of JSON takes for what they are. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

function escaped(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}

/**
 * Cc controls; Cf formats, which hold the bidirectional controls and the zero-width characters; Cs lone surrogates;
 * Zl and Zp separators; and the backslash, so that what is printed can be read back without doubt.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu;

function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
