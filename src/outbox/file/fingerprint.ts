/**
 * Whether two fingerprints are of different machines. A fingerprint is a list of `kind:hash`, the surest kind first, since
 * not every machine has every kind, and not every user may read them all; the first kind that both have decides, and
 * where they have none in common nothing can be told.
 */
export function isOtherHardware(before: string, now: string): boolean {
  const known = new Map(parts(before));
  for (const [kind, hash] of parts(now)) {
    const other = known.get(kind);
    if (other !== undefined) return other !== hash;
  }
  return false;
}

function parts(fingerprint: string): readonly (readonly [kind: string, hash: string])[] {
  return fingerprint.split(' ').flatMap((part) => {
    const [kind, hash] = part.split(':');
    return kind === undefined || hash === undefined ? [] : [[kind, hash] as const];
  });
}
