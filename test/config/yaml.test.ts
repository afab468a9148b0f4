import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/config/yaml-source.ts';
import { ConfigurationError } from '../../src/core/errors.ts';
import { complaint, folderOf, HEAD, load, problems, WHOLE } from './support.ts';

const HALF = 'the file ends within a line, so it may be half written; if it is whole, end its last line with a line break';

describe('a file that is no configuration', () => {
  it.each([
    ['empty', '', ['  the file is empty']],
    ['of comments alone', '# gateway: x\n\n', ['  the file is empty']],
    ['a text', 'hello\n', [':1:1  the file is no map of keys and values, such as "gateway: truck-17"']],
    ['a list', '- gateway\n- site\n', [':1:1  the file is no map of keys and values, such as "gateway: truck-17"']],
    ['binary', new Uint8Array([0x67, 0x61, 0x0a, 0x00, 0x01, 0x0a]), [':2:1  the file is not plain text: it holds the control character 0x00']],
    ['an archive', new Uint8Array([0x1f, 0x8b, 0x08, 0x0a]), [':1:1  the file is not plain text: it holds the control character 0x1f']],
    ['written in Latin-1', Buffer.from(WHOLE.replace('truck-17', 'M\u00FCller'), 'latin1'), [':1:11  this character is not UTF-8; save the file as UTF-8']],
    ['written in UTF-16', Buffer.from(`\uFEFF${WHOLE}`, 'utf16le'), [':1:1  the file is written in UTF-16; save it as UTF-8']],
  ])('is refused when it is %s', async (_, content, expected) => {
    expect(await problems(content)).toEqual(expected);
  });

  it('is refused when it is larger than 1 MiB', async () => {
    expect(await complaint(`${WHOLE}#${'x'.repeat(1024 * 1024)}\n`)).toBe('gateway.yaml: is larger than 1048576 bytes. Check that this is the right file');
  });
});

describe('a slip in the YAML', () => {
  it.each([
    ['a tab', `${HEAD}devices:\n\tcab:\n`, ':6:1  a tab in the indentation; indent with spaces'],
    ['a second document', `${WHOLE}---\na: 1\n`, ':9:1  a second document begins here; write one document without "---" between'],
    ['two values in a line', WHOLE.replace('site: bedford', 'site: bedford: x'), ':2:7  a value and another key on one line; begin a new line, or put text that holds ": " in quotes'],
    ['a quote that is not closed', WHOLE.replace('bedford', '"bedford'), ':9:1  not valid YAML: Missing closing "quote'],
    ['a bracket that is not closed', `${WHOLE}    gap: [1\n`, ':10:1  the indentation fits no line above, or a bracket above is not closed'],
    ['a wrong indentation', `${HEAD}devices:\n  cab:\n    driver: scanner\n   port: /dev/ttyUSB0\n`, ':8:1  the indentation fits no line above, or a bracket above is not closed'],
    ['a key without a colon', `${WHOLE}log\n`, ':9:1  not valid YAML: Implicit map keys need to be followed by map values'],
    ['a text that must be quoted', WHOLE.replace('bedford', '@bedford'), ':2:7  text that begins with this character must stand in quotes'],
    ['a tag', WHOLE.replace('bedford', '!secret bedford'), ':2:7  tags such as "!name" are not used here; leave it out'],
    ['an alias of nothing', WHOLE.replace('bedford', '*town'), ':2:7  site: "*town" has no anchor "&town" above it'],
    ['a merge', WHOLE.replace('    port', '    <<: {}\n    port'), ':8:5  devices.cab.<<: merging ("<<") is not supported; write the keys out'],
    ['a list as a key', `${WHOLE}? [a]\n: 1\n`, ':9:3  a key must be plain text, such as "name: value"'],
  ])('is said: %s', async (_, text, expected) => {
    expect(await problems(text)).toContain(expected);
  });
});

describe('an alias', () => {
  it('means the anchor above it, also when its name is used twice and another alias repeats the first', () => {
    const { source, problems: faults } = parseYaml('x.yaml', Buffer.from('a: &a { b: &name 1 }\nc: &name 2\nd: *a\ne: *name\n'));
    expect(faults).toEqual([]);
    expect(source?.value).toEqual({ a: { b: 1 }, c: 2, d: { b: 1 }, e: 2 });
  });

  it('leads to the line of its anchor', async () => {
    expect(await problems(WHOLE.replace('bedford', '&town bed ford').replace('truck-17', 'x').concat('owner: { name: *town, contact: "" }\n'))).toEqual([
      ':2:13  site: found "bed ford"; use 1 to 64 letters, digits, "_" and "-", since it becomes part of MQTT topics',
      ':9:32  owner.contact: found ""; expected text that is not empty',
    ]);
  });
});

describe('a file with Windows line ends', () => {
  it('has its lines shown as others', async () => {
    expect(await complaint(WHOLE.replace('bedford', 'bed ford').replaceAll('\n', '\r\n'))).toMatch(/\n {5}2 \| site: bed ford\n {7}\| {7}\^{8}$/);
  });
});

describe('a file that would use up the machine', () => {
  it.each([
    ['brackets', `a: ${'['.repeat(60_000)}\n`, ':1:36  nested deeper than 32 levels'],
    ['fewer brackets', `a: ${'['.repeat(390)}${']'.repeat(390)}\n`, `:1:36  a${'[0]'.repeat(32)}: nested deeper than 32 levels, perhaps by an alias ("*name") inside its own anchor`],
    ['dashes', `${'- '.repeat(200_000)}a\n`, ':1:65  nested deeper than 32 levels'],
    ['question marks', `${'? '.repeat(200_000)}a\n`, ':1:65  nested deeper than 32 levels'],
    ['indentation', Array.from({ length: 700 }, (__, at) => `${' '.repeat(at)}a:\n`).join(''), ':258:1  nested deeper than 32 levels'],
    ['words', `a: [${'b,'.repeat(150_000)}]\n`, ':1:133334  the file has more than 200000 words and signs'],
    ['deep maps', Array.from({ length: 40 }, (__, at) => `${' '.repeat(at)}a:\n`).join(''), `:34:34  ${'a.'.repeat(32)}a: nested deeper than 32 levels, perhaps by an alias ("*name") inside its own anchor`],
    ['an alias inside its own anchor', 'a: &a [*a]\n', `:1:7  a${'[0]'.repeat(16)}: nested deeper than 32 levels, perhaps by an alias ("*name") inside its own anchor`],
    [
      'aliases of aliases',
      ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[at] ?? ''}`).join(',')}]`), ''].join('\n'),
      ':1:12  e[0][5][2][5][2]: the file grows to more than 20000 values; use fewer aliases ("*name")',
    ],
  ])('is refused in a moment: %s', async (_, text, expected) => {
    const startedMs = performance.now();
    const found = await problems(text);
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(found).toEqual([expected]);
  });

  it('may be long without being refused', async () => {
    const devices = Array.from({ length: 250 }, (_, at) => `  scanner-${at}:\n    driver: scanner\n    port: /dev/ttyUSB${at}\n    gap: 20 ms\n`).join('');
    expect((await load(`${HEAD}devices:\n${devices}`)).devices).toHaveLength(250);
  });

  it('has at most 256 devices', async () => {
    const devices = Array.from({ length: 257 }, (_, at) => `  scanner-${at}:\n    driver: scanner\n    port: /dev/ttyUSB${at}\n`).join('');
    expect(await problems(`${HEAD}devices:\n${devices}`)).toEqual([':6:3  devices: found a map; expected at most 256 devices']);
  });
});

/** What was loaded, or `refused`; any other failure goes on. */
async function outcomeOf(content: Uint8Array, folder: string): Promise<string> {
  try {
    const { gateway, devices } = await load(content, folder);
    return `${gateway}: ${devices.map(({ name }) => name).join(', ')}`;
  } catch (error) {
    if (error instanceof ConfigurationError) return 'refused';
    throw error;
  }
}

describe('a file that is half written', () => {
  const folder = folderOf();
  const text = `# A comment: with a colon\n${HEAD}  window: 20\nowner: { name: "Field \u00E9 Services", contact: x }\ndevices:\n  cab: &cab\n    driver: scanner\n    port: { usb: { vendor: "0403", product: "6001" } }\n    terminator: [CR, LF]\n  generator:\n    driver: meter\n    port: tcp://10.0.0.5:4001\n    profile: genset\n    address: 0x11\n    every: 10 min\n`;

  it('is loaded or refused, wherever it was cut', async () => {
    const bytes = Buffer.from(text);
    const outcomes = new Map<string, number>();
    for (let length = 0; length <= bytes.length; length += 1) {
      const outcome = await outcomeOf(bytes.subarray(0, length), folder);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Only where a line ends can a cut file be a right one: behind the last lines of the two devices.
    expect(Object.fromEntries(outcomes)).toEqual({ refused: bytes.length - 3, 'truck-17: cab': 2, 'truck-17: cab, generator': 2 });
  });

  it('is loaded or refused, whichever byte was damaged', async () => {
    const outcomes = new Set<string>();
    for (let at = 0; at < text.length; at += 1) {
      const damaged = Buffer.from(text);
      damaged[at] = [0x22, 0x7b, 0x0a, 0xff][at % 4] ?? 0;
      outcomes.add(await outcomeOf(damaged, folder));
    }
    expect(outcomes).toEqual(new Set(['refused', 'truck-17: cab, generator', 'truck-1: cab, generator']));
  });

  it('is refused within a line even when it is right so far, since the rest may be missing', async () => {
    expect(await problems(text.slice(0, text.indexOf('1\n    every')))).toEqual([`:17:16  ${HALF}`]);
    expect(await problems(WHOLE.slice(0, -18))).toEqual([
      ':8:5  not valid YAML: Implicit map keys need to be followed by map values',
      `:8:5  ${HALF}`,
    ]);
  });
});
