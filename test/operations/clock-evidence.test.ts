import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type EvidencePlaces, type Moment, systemEvidence } from '../../src/operations/clock-evidence.ts';
import { temporaryFolder } from '../support/folders.ts';
import { onlyPrograms } from '../support/programs.ts';

const NOW_MS = Date.parse('2026-11-23T08:15:30.123Z');
const MOMENT = { nowMs: NOW_MS, steppedMs: undefined };
const NOTHING = { file: '/does/not/exist', path: '/does/not/exist' };

function touched(ms: number): string {
  const file = join(temporaryFolder(), 'synchronized');
  writeFileSync(file, '');
  utimesSync(file, ms / 1000, ms / 1000);
  return file;
}

/** A line of `chronyc -c tracking` as chrony 4.3 prints it. */
function tracking({ reference = 'C0A80001', stratum = 3, measuredMs = NOW_MS - 60_000, leap = 'Normal' } = {}): string {
  return `echo '${reference},192.168.0.1,${stratum},${(measuredMs / 1000).toFixed(9)},-0.000012,0.000034,0.000090,-18.123,0.001,0.045,0.012,0.0009,64.5,${leap}'`;
}

function look(places: EvidencePlaces, moment: Moment = MOMENT): Promise<string | undefined> {
  return systemEvidence({ ...NOTHING, ...places }).look(moment);
}

describe('evidence that the clock is synchronised', () => {
  it('is none where nothing keeps the clock', async () => {
    expect(await look({})).toBeUndefined();
    expect(systemEvidence(NOTHING).atOnce(MOMENT)).toBeUndefined();
  });

  it('is the file of systemd-timesyncd, at once, as long as it is touched now and then', async () => {
    const file = touched(NOW_MS - 34 * 60_000);
    expect(systemEvidence({ ...NOTHING, file }).atOnce(MOMENT)).toBe('timesyncd');
    expect(await look({ file })).toBe('timesyncd');
    expect(await look({ file: touched(NOW_MS - 4 * 3_600_000) })).toBeUndefined();
  });

  it('is not a file that was touched before the clock was set, or in its future', async () => {
    const file = touched(NOW_MS - 34 * 60_000);
    expect(await look({ file }, { nowMs: NOW_MS, steppedMs: NOW_MS })).toBeUndefined();
    expect(await look({ file: touched(NOW_MS - 500) }, { nowMs: NOW_MS, steppedMs: NOW_MS })).toBe('timesyncd');
    expect(await look({ file: touched(NOW_MS + 3_600_000) })).toBeUndefined();
  });

  it('is what the kernel says through timedatectl', async () => {
    expect(await look({ path: onlyPrograms({ timedatectl: '[ "$*" = "show --property=NTPSynchronized --value" ] && echo yes' }) })).toBe('kernel');
    expect(await look({ path: onlyPrograms({ timedatectl: 'echo no' }) })).toBeUndefined();
    expect(await look({ path: onlyPrograms({ timedatectl: 'echo yes; exit 1' }) })).toBeUndefined();
    expect(await look({ path: onlyPrograms({ timedatectl: 'echo System has not been booted with systemd >&2; exit 1' }) })).toBeUndefined();
  });

  it.each<[string, string, string | undefined]>([
    ['follows a source', tracking(), 'chrony'],
    ['is about to insert a leap second', tracking({ leap: 'Insert second' }), 'chrony'],
    ['follows nothing', tracking({ leap: 'Not synchronised' }), undefined],
    ['has no stratum', tracking({ stratum: 0 }), undefined],
    ['vouches for itself', tracking({ reference: '7F7F0101' }), undefined],
    ['has measured nothing for four hours', tracking({ measuredMs: NOW_MS - 4 * 3_600_000 }), undefined],
    ['has measured in the future', tracking({ measuredMs: NOW_MS + 3_600_000 }), undefined],
    ['says something else', 'echo 506 Cannot talk to daemon', undefined],
    ['says nothing', 'true', undefined],
    ['prints without end', 'exec yes 1,2,3', undefined],
    ['cannot be reached', `${tracking()}; exit 1`, undefined],
  ])('is chronyd where it %s, or none', async (_, chronyc, witness) => {
    expect(await look({ path: onlyPrograms({ chronyc: `PATH=/usr/bin:/bin; [ "$*" = "-c tracking" ] || exit 9; ${chronyc}` }) })).toBe(witness);
  });

  it('is not waited for: a program that hangs and will not be asked to end is none', async () => {
    const hang = 'trap "" TERM; PATH=/usr/bin:/bin; exec sleep 600';
    const path = onlyPrograms({ chronyc: hang, timedatectl: hang });
    const startedMs = performance.now();
    expect(await look({ path, answerWithinMs: 100 })).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    const child = 'PATH=/usr/bin:/bin; sleep 600';
    expect(await look({ path: onlyPrograms({ chronyc: child, timedatectl: 'echo yes' }), answerWithinMs: 100 })).toBe('kernel');
  });
});
