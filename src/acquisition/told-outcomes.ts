import { StorageError } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import type { Outcome, Report } from './commits.ts';

/** Has a report stored. */
type Store = (report: Report) => Promise<'questioned' | undefined>;

/**
 * Tells beside what became of each report that brought a code or tag for the first time: for readers that are asked, which
 * name a tag in every answer as long as it is there.
 */
export function toldOutcomes(store: Store, told: (outcome: Outcome) => void): Store {
  return (report) => {
    const stored = store(report);
    if (report.observations.some(isScanned)) {
      stored.then(
        (verdict) => told(verdict ?? 'stored'),
        (error: unknown) => {
          if (error instanceof StorageError) told('refused'); // what else it can be is for the one who has it stored
        },
      );
    }
    return stored;
  };
}

/** A tag that moves or departs was scanned by nobody. */
function isScanned(observation: Observation): boolean {
  return observation.kind === 'scan' && (observation.presence === undefined || observation.presence.kind === 'arrived');
}
