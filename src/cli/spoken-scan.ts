import type { ScanObservation } from '../core/observation.ts';
import { printable } from '../core/printable.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import { ruled } from '../identification/roles.ts';
import { scanContent } from '../identification/scan-content.ts';
import { aimIdentifierOf } from '../identification/symbology.ts';

/**
 * What a gateway would make of a code, in lines for a person. The code is written as a scanner sends it: an AIM identifier may
 * stand in front, and the separator of GS1 is written `<GS>` or `\x1d`.
 */
export function spokenScan(typed: string, rules: readonly ScanRule[]): readonly string[] {
  const { content, isQuestioned } = ruled(scanContent(typedScan(typed), { device: 'typed' }), rules);
  const { text, symbology, elements = {}, role, identity, problems = [] } = content;
  return [
    `scan     ${printable(text, SHOWN_MAX)}`,
    ...(symbology === undefined ? [] : [`           symbology ${symbology.name}`]),
    ...Object.entries(elements).map(([ai, value]) => `           (${ai}) ${printable(value, SHOWN_MAX)}`),
    `           role ${role}`,
    `           identity ${identity === undefined ? 'none' : `${identity.ai === undefined ? '' : `(${identity.ai})`}${printable(identity.value, SHOWN_MAX)}`}`,
    // Their words hold scanned text in its printable form already.
    ...problems.map((problem) => `           problem: ${problem}`),
    `           answered as ${isQuestioned ? 'questioned' : 'stored'}`,
  ];
}

function typedScan(typed: string): ScanObservation {
  const text = typed.replace(/<GS>|\\x1d/gi, '\x1d');
  const aim = aimIdentifierOf(text);
  return { kind: 'scan', bytes: Buffer.from(aim === undefined ? text : text.slice(aim.length)), ...(aim !== undefined && { aim }) };
}

const SHOWN_MAX = 500;
