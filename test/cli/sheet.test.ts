import { describe, expect, it } from 'vitest';
import { barcode } from '../../src/cli/barcode.ts';
import { sheetCommand } from '../../src/cli/sheet.ts';
import { COMMAND_CODES } from '../../src/identification/commands.ts';
import { readCode128 } from '../support/code-128.ts';
import { HOSTILE } from '../support/hostile.ts';

function sheet(parts: { readonly title?: string; readonly activities?: string } = {}): string {
  const written: string[] = [];
  expect(sheetCommand({ title: 'Truck 17', ...parts, write: (text) => written.push(text) })).toBe(0);
  return written.join('\n');
}

/** What the barcodes of a page say, read from their bars. */
function codesOn(page: string): readonly string[] {
  return [...page.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => readCode128(svg));
}

describe('tailgate sheet', () => {
  it('has the barcode of every command, which reads as the text below it', () => {
    const page = sheet();
    expect(codesOn(page)).toEqual(COMMAND_CODES.map(({ code }) => code));
    expect([...page.matchAll(/<code>(.*?)<\/code>/g)].map(([, text]) => text)).toEqual(codesOn(page));
  });

  it('prints the activities that are asked for, and no others', () => {
    expect(codesOn(sheet({ activities: 'repair, inspect' })).slice(0, 3)).toEqual(['TG!REPAIR', 'TG!INSPECT', 'TG!END-ACTIVITY']);
    expect(() => sheet({ activities: 'repair,dance' })).toThrow('--activities: there is no activity "dance". There is install, repair, inspect, respond');
  });

  it('needs nothing from elsewhere, runs nothing, and shows a title as text', () => {
    const page = sheet({ title: '<script>alert("1")</script>&\'' });
    expect(page).not.toMatch(/<script|(?:src|href|url)\s*[=(]|@import|&[^#]/i);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('//');
    expect(page).toContain('<h1>&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;</h1>');
  });

  it('shows any title as inert text', () => {
    const outside = sheet({ title: '' });
    for (const title of HOSTILE) {
      const page = sheet({ title: Buffer.from(title).toString('utf8') });
      expect(page).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
      expect(page.match(/<[a-z!/]/gi)?.length).toBe(outside.match(/<[a-z!/]/gi)?.length);
      expect(codesOn(page)).toEqual(codesOn(outside));
    }
  });

  it('says in words what each does', () => {
    const page = sheet();
    for (const { title, words } of COMMAND_CODES) {
      expect(page).toContain(`<b>${title}</b>`);
      expect(page).toContain(`<p>${words}</p>`);
    }
  });
});

describe('the reading of barcodes in these tests', () => {
  it('finds a bar that has moved', () => {
    expect(readCode128(barcode('TG!UNDO'))).toBe('TG!UNDO');
    expect(() => readCode128(barcode('TG!UNDO').replace(/M([\d.]+) /, (_, x) => `M${Number(x) + 1} `))).toThrow(/no character|no stop/);
  });
});
