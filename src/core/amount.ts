/**
 * The milliseconds of a duration written with its unit, such as "500 ms", "1.5 s", "10 min", "2 h" or "7 d";
 * undefined when it is not one.
 */
export function parseDuration(text: string): number | undefined {
  return parseAmount(text, DURATION_MS);
}

/** The bytes of a size written with its unit, such as "4 KiB" or "2 GiB"; undefined when it is not one. */
export function parseSize(text: string): number | undefined {
  return parseAmount(text, SIZE_BYTES);
}

/** A duration as a person says it: "450 ms", "12 s", "3 min", "41 h", "9 d". */
export function spokenDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

const DURATION_MS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const SIZE_BYTES = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

function parseAmount(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]+)$/.exec(text);
  const factor = units.get(match?.[2] ?? '');
  if (match === null || factor === undefined) return undefined;
  return Math.round(Number(match[1]) * factor);
}
