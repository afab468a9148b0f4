import type { CodeIdVendor } from '../core/code-id.ts';
import type { ScanObservation } from '../core/observation.ts';
import { printable } from '../core/printable.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import { barcodeMeaning } from '../identification/barcode-content.ts';
import { COMMAND_CODES } from '../identification/commands.ts';
import type { ContextKind } from '../identification/context.ts';
import type { Element } from '../identification/element.ts';
import { applicationIdentifier } from '../identification/gs1/ai-table.ts';
import { calendarDaysOf } from '../identification/gs1/element-days.ts';
import { aimIdentifierOf, symbologyOf } from '../identification/symbology.ts';
import { type UnderstoodScan, understoodScan } from '../identification/understood-scan.ts';

/** A code as a person types it. */
export interface TypedScan {
  readonly text: string;
  /** The maker whose code id it begins with, as with `codeIds` of a scanner. */
  readonly codeIds?: CodeIdVendor | undefined;
  /** This year, by which the two digits of another are told. */
  readonly year: number;
}

/**
 * What a gateway would make of a code, in lines for a person. The code is written as a scanner sends it: an AIM identifier may
 * stand in front, before that the code id of a maker who is named, and the separator of GS1 is written `<GS>` or `\x1d`.
 */
export function spokenScan(typed: TypedScan, rules: readonly ScanRule[]): readonly string[] {
  const observed = observationOf(typed);
  const scan = understoodScan(observed, { device: 'typed', rules });
  const { content, isQuestioned } = scan;
  const { text, symbology, role, identity, problems = [] } = content;
  return [
    `scan     ${printable(text, SHOWN_MAX)}`,
    ...(symbology === undefined ? [] : [`           symbology ${symbology.name}${spokenDetail(symbology.aim)}`]),
    ...barcodeMeaning(observed).elements.map((element) => `           ${spokenElement(element, typed.year)}`), // as they stand in the code: an object has 10 before 01
    `           role ${role}`,
    `           identity ${identity === undefined ? 'none' : `${identity.ai === undefined ? '' : `(${identity.ai})`}${printable(identity.value, SHOWN_MAX)}`}`,
    ...spokenEffect(scan).map((effect) => `           ${effect}`),
    // Their words hold scanned text in its printable form already.
    ...problems.map((problem) => `           problem: ${problem}`),
    `           answered as ${spokenAnswer(scan.command, isQuestioned)}`,
  ];
}

/** What the modifier of an AIM identifier says beyond the name. */
function spokenDetail(aim: string | undefined): string {
  const detail = aim === undefined ? undefined : symbologyOf(aim)?.detail;
  return detail === undefined ? '' : `, ${detail}`;
}

function spokenElement(element: Element, year: number): string {
  const { ai, value } = element;
  const meaning = [applicationIdentifier(ai)?.title ?? 'not known', ...calendarDaysOf(element, year)];
  return `(${ai}) ${printable(value, SHOWN_MAX)}  ${meaning.join(', ')}`;
}

/** What the code does for the scans around it. */
function spokenEffect({ content, command, change }: UnderstoodScan): readonly string[] {
  const code = COMMAND_CODES.find(({ code: text }) => command !== undefined && text === content.text);
  const effects = code === undefined ? [] : [`command ${code.title}: ${code.words}`];
  if (change === undefined) return effects;
  if ('ends' in change) return [...effects, `context ends ${change.ends.map(spokenKind).join(', ')} for the scans after it`];
  return [...effects, `context ${spokenKind(change.kind)} ${printable(change.value, SHOWN_MAX)} for the scans after it`];
}

function spokenAnswer(command: UnderstoodScan['command'], isQuestioned: boolean): string {
  if (command?.kind === 'status') return 'stored when everything is delivered, otherwise as questioned';
  if (command?.kind === 'undo') return 'stored when there is a scan to undo, otherwise as questioned';
  return isQuestioned ? 'questioned' : 'stored';
}

function spokenKind(kind: ContextKind): string {
  return kind === 'workOrder' ? 'work order' : kind;
}

function observationOf({ text: typed, codeIds: vendor }: TypedScan): ScanObservation {
  const whole = typed.replace(/<GS>|\\x1d/gi, '\x1d');
  const id = vendor === undefined ? '' : (/^[!-~]/.exec(whole)?.[0] ?? '');
  const text = whole.slice(id.length);
  const aim = aimIdentifierOf(text);
  return { kind: 'scan', bytes: Buffer.from(aim === undefined ? text : text.slice(aim.length)), ...(aim !== undefined && { aim }), ...(vendor !== undefined && { codeId: { vendor, id } }) };
}

const SHOWN_MAX = 500;
