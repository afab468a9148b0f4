/** A device that a name is wanted for. */
export interface Unnamed {
  readonly driver: string;
  readonly address: string;
}

/** A name for each of these devices, whose addresses differ: its driver and as much of the end of its address as tells it from the others and from the names that are taken. */
export function suggestedNames(devices: readonly Unnamed[], taken: Iterable<string>): readonly string[] {
  const used = new Set(taken);
  const uses = new Map<string, number>();
  for (const name of devices.flatMap((device) => LENGTHS.map((digits) => nameOf(device, digits)))) uses.set(name, (uses.get(name) ?? 0) + 1);
  return devices.map((device) => {
    const names = LENGTHS.map((digits) => nameOf(device, digits));
    return names.find((name) => uses.get(name) === 1 && !used.has(name)) ?? numbered(nameOf(device, WHOLE), used);
  });
}

function nameOf({ driver, address }: Unnamed, digits: number): string {
  return `${driver}-${address.replaceAll(':', '').slice(-digits).toLowerCase()}`;
}

/** The configuration has all of its names already. */
function numbered(name: string, used: ReadonlySet<string>): string {
  let number = 2;
  while (used.has(`${name}-${number}`)) number += 1;
  return `${name}-${number}`;
}

const WHOLE = 12;
const LENGTHS = [4, 6, 8, 10, WHOLE];
