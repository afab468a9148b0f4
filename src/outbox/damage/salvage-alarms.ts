import type { Salvage } from './salvage.ts';

/** What a person should know of damaged files: those that are being copied, and the folders of those that wait to be looked at. */
export function salvageAlarms(salvages: readonly Salvage[], salvaged: readonly string[]): readonly string[] {
  if (salvages.length > 0) {
    return salvages.map(({ copied }) => `the outbox was damaged; it goes on with a new one, and ${copied} readings of the old one are salvaged so far`);
  }
  return salvaged.map((folder) => `the outbox was damaged; what could be read is salvaged. Check the disk, then remove ${folder}`);
}
