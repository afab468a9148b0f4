/** The candidate that was probably meant: another spelling, the beginning of one, or few letters apart. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = flattened(word.slice(0, WORD_CHARACTERS_MAX));
  const allowed = plain.length <= 3 ? 1 : Math.floor(plain.length / 3);
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, flattened(candidate.slice(0, WORD_CHARACTERS_MAX)));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? (plain.length < 3 ? undefined : candidates.find((candidate) => flattened(candidate).startsWith(plain)));
}

/** `; did you mean "X"?` or, where nothing is near, what there is to choose from. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `; did you mean "${near}"?`;
  if (candidates.length === 0) return '';
  const shown = candidates.slice(0, CHOICES_SHOWN_MAX).join(', ');
  return candidates.length > CHOICES_SHOWN_MAX ? `; there are ${shown} and ${candidates.length - CHOICES_SHOWN_MAX} more` : `; there is ${shown}`;
}

const WORD_CHARACTERS_MAX = 64;
const CHOICES_SHOWN_MAX = 24;

/** Capitals and the dashes of other spellings do not count as letters apart. */
function flattened(word: string): string {
  return word.toLowerCase().replaceAll(/[-_. ]/g, '');
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const least = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      current.push(swapped ? Math.min(least, at(beforeLast, column - 2) + 1) : least);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
