import { applicationIdentifier } from './ai-table.ts';
import type { Element } from '../element.ts';
import type { Gs1Problem } from './content.ts';
import { valueFaults } from './value-faults.ts';

/** What is wrong with each element for itself, and with elements that stand there twice with different values. */
export function elementProblems(elements: readonly Element[]): readonly Gs1Problem[] {
  const problems: Gs1Problem[] = [];
  const values = new Map<string, string>();
  for (const { ai, value } of elements) {
    const entry = applicationIdentifier(ai);
    if (entry === undefined) {
      problems.push({ kind: 'content', ai, words: `AI ${ai}: no such application identifier` });
      continue;
    }
    for (const { at, words } of valueFaults(entry, value)) problems.push({ kind: 'content', ai, position: at + 1, words: `AI ${ai}: ${words}` });
    if ((values.get(ai) ?? value) !== value) problems.push({ kind: 'content', ai, words: `AI ${ai}: stands there more than once, with different values` });
    values.set(ai, value);
  }
  return problems;
}
