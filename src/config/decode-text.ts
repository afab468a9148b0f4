/** Text out of a file's bytes, or what is wrong with them and at which offset in the text. */
export type DecodedText = { readonly text: string } | { readonly text: string; readonly what: string; readonly at: number };

/** Decodes UTF-8, with or without a byte order mark; other encodings and control characters are refused. */
export function decodeText(bytes: Uint8Array): DecodedText {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { text: '', what: 'the file is written in UTF-16; save it as UTF-8', at: 0 };
  }
  const text = new TextDecoder('utf-8').decode(bytes);
  const control = CONTROL.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(2, '0');
    return { text, what: `the file is not plain text: it holds the control character 0x${code}`, at: control.index };
  }
  if (!isUtf8(bytes)) {
    return { text, what: 'this character is not UTF-8; save the file as UTF-8', at: Math.max(0, text.indexOf('\uFFFD')) };
  }
  return { text };
}

/** C0 controls but tab, line feed and carriage return; and DEL. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/;

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false; // a fatal TextDecoder tells invalid bytes by throwing
  }
}
