import { describe, expect, it } from 'vitest';
import type { Outcome, Report } from '../../src/acquisition/commits.ts';
import { toldOutcomes } from '../../src/acquisition/told-outcomes.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { ScanObservation } from '../../src/core/observation.ts';
import { CLOCK } from '../support/open-outbox.ts';

const report = (more: Partial<ScanObservation> = {}): Report => ({ observations: [{ kind: 'scan', bytes: Buffer.from('A-1'), ...more }], stamp: CLOCK.stamp() });

async function told(store: () => Promise<'questioned' | undefined>, given: Report): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  await toldOutcomes(store, (outcome) => outcomes.push(outcome))(given).catch(() => undefined);
  return outcomes;
}

describe('what became of the scans of a reader that is asked', () => {
  it('is told once it is known', async () => {
    const refused = () => Promise.reject(new StorageError({ where: 'outbox', what: 'full' }));
    expect(await told(() => Promise.resolve(undefined), report())).toEqual(['stored']);
    expect(await told(() => Promise.resolve('questioned'), report({ presence: { kind: 'arrived' } }))).toEqual(['questioned']);
    expect(await told(refused, report())).toEqual(['refused']);
    expect(await told(() => Promise.reject(new TypeError('a bug')), report())).toEqual([]);
  });

  it('is not told of tags that move or depart, nor of reports without scans', async () => {
    for (const kind of ['moved', 'departed'] as const) expect(await told(() => Promise.resolve(undefined), report({ presence: { kind } }))).toEqual([]);
    expect(await told(() => Promise.resolve(undefined), { observations: [], stamp: CLOCK.stamp() })).toEqual([]);
  });
});
