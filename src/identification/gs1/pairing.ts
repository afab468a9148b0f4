import { type ApplicationIdentifier, applicationIdentifier } from './ai-table.ts';
import type { Element } from '../element.ts';
import type { Gs1Problem } from './content.ts';

/**
 * Which elements do not go together, and which lack another (GS1 General Specifications 4.13 and 4.14). To be judged over the
 * elements of all codes on one item: what one code lacks, another may hold.
 */
export function pairingProblems(elements: readonly Element[]): readonly Gs1Problem[] {
  const present = new Map(elements.map((element) => [element.ai, element]));
  const problems: Gs1Problem[] = [];
  for (const { ai } of present.values()) {
    const entry = applicationIdentifier(ai);
    if (entry === undefined) continue;
    const other = entry.excludes.map((pattern) => match(pattern, present, ai)).find((found) => found !== undefined);
    if (other !== undefined) problems.push({ kind: 'pairing', ai, words: `AI ${ai}: may not stand with AI ${other}` });
    if (!hasWhatItNeeds(entry, present)) problems.push({ kind: 'pairing', ai, words: `AI ${ai}: needs ${listed(entry.needs)} on the same item` });
  }
  return [...problems, ...signatureProblems(present)];
}

function hasWhatItNeeds({ ai, needs }: ApplicationIdentifier, present: ReadonlyMap<string, Element>): boolean {
  return needs.length === 0 || needs.some((group) => group.every((pattern) => match(pattern, present, ai) !== undefined));
}

/** The identifier other than `own` that fits the pattern, such as 35nn. */
function match(pattern: string, present: ReadonlyMap<string, Element>, own: string): string | undefined {
  const digits = pattern.replace(/n+$/, '');
  if (digits === pattern) return present.has(pattern) ? pattern : undefined;
  for (const ai of present.keys()) if (ai !== own && ai.startsWith(digits)) return ai;
  return undefined;
}

/** A digital signature signs one thing, so a key that may have a serial number must have it (AI 8030 in the table names the keys). */
function signatureProblems(present: ReadonlyMap<string, Element>): readonly Gs1Problem[] {
  if (!present.has('8030')) return [];
  return ['253', '255', '8003']
    .filter((ai) => present.get(ai)?.value.length === applicationIdentifier(ai)?.charactersMin)
    .map((ai) => ({ kind: 'pairing', ai, words: `AI ${ai}: needs its serial number beside a digital signature (AI 8030)` }));
}

function listed(groups: readonly (readonly string[])[]): string {
  return groups.map((group) => group.join(' with ')).join(' or ');
}
