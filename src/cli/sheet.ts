import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { ACTIVITIES, COMMAND_CODES, type CommandCode } from '../identification/commands.ts';
import { barcode } from './barcode.ts';

/** What `tailgate sheet` needs. */
export interface SheetParts {
  /** What stands at the top, such as the name of the truck. */
  readonly title: string;
  /** The activities to be printed, by name and with commas between; all when undefined. */
  readonly activities?: string | undefined;
  readonly write: (text: string) => void;
}

/** Writes a page of HTML with the command codes as barcodes, to be printed. Rejects with a ConfigurationError for an unknown activity. */
export function sheetCommand({ title, activities, write }: SheetParts): number {
  const wanted = activities === undefined ? ACTIVITIES : activities.split(',').map(activityOf);
  const codes = COMMAND_CODES.filter(({ command }) => command.kind !== 'start' || wanted.some((activity) => activity === command.activity));
  write(page(title, codes));
  return 0;
}

function activityOf(name: string): string {
  const activity = ACTIVITIES.find((known) => known === name.trim());
  if (activity === undefined) throw new ConfigurationError({ where: '--activities', what: `there is no activity "${printable(name)}"`, remedy: `There is ${ACTIVITIES.join(', ')}` });
  return activity;
}

function page(title: string, codes: readonly CommandCode[]): string {
  const sections = SECTIONS.map(({ heading, kinds }) => section(heading, codes.filter(({ command }) => kinds.includes(command.kind))));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>
@page { margin: 12mm }
body { font: 11pt sans-serif; color: #000; background: #fff }
h1 { font-size: 18pt; margin: 0 0 2mm } h2 { font-size: 13pt; margin: 6mm 0 2mm }
ul { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: 1fr 1fr; gap: 5mm }
li { border: 0.3mm solid #888; padding: 4mm; break-inside: avoid }
li b { display: block; font-size: 13pt; margin-bottom: 3mm } svg { display: block; max-width: 100% } code { font-size: 9pt } li p { margin: 1mm 0 0 }
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>Scan your badge and the work order first, then what you work on. They stay with your scans until you scan another one or one of the codes below that ends them.</p>
${sections.join('\n')}
</body>
</html>`;
}

function section(heading: string, codes: readonly CommandCode[]): string {
  if (codes.length === 0) return '';
  const items = codes.map(({ code, title, words }) => `<li><b>${escaped(title)}</b>\n${barcode(code)}\n<code>${escaped(code)}</code><p>${escaped(words)}</p></li>`);
  return `<h2>${escaped(heading)}</h2>\n<ul>\n${items.join('\n')}\n</ul>`;
}

/** Text as it may stand between tags and in attributes; nothing in it turns the text around it. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

const SECTIONS: readonly { readonly heading: string; readonly kinds: readonly CommandCode['command']['kind'][] }[] = [
  { heading: 'I begin', kinds: ['start'] },
  { heading: 'I am done', kinds: ['end'] },
  { heading: 'My scans', kinds: ['undo', 'status'] },
];
