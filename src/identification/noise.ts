import type { ScanObservation } from '../core/observation.ts';
import { countUnprintable } from '../core/text-bytes.ts';

/**
 * Whether a scan looks like noise on the line, such as a wrong baud rate makes: a quarter or more of it is not text. A
 * rule of thumb, so never alone a reason to lose a scan: a short code with umlauts in Latin-1 falls under it too. An AIM
 * identifier says that the line is sound, whatever the code holds.
 */
export function looksLikeNoise({ bytes, aim, binary }: ScanObservation): boolean {
  if (binary === true || aim !== undefined) return false;
  const unprintable = countUnprintable(bytes);
  return unprintable > 0 && unprintable >= bytes.length * NOISE_SHARE;
}

const NOISE_SHARE = 0.25;
