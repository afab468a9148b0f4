import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';

/** A moment of the clock that is to be vouched for, in wall milliseconds. */
export interface Moment {
  readonly nowMs: number;
  /** When the clock was last stepped: what was said of it before is void. */
  readonly steppedMs: number | undefined;
}

/** Who says that the clock is synchronised. */
export type Witness = 'timesyncd' | 'chrony' | 'kernel';

/** Where to look for those who keep the clock. */
export interface ClockEvidence {
  /** What can be seen without waiting. */
  atOnce(moment: Moment): Witness | undefined;
  /** Asks everybody, and never rejects: a program that is missing, fails or hangs is no evidence. */
  look(moment: Moment): Promise<Witness | undefined>;
}

/** What the evidence is looked for in; tests put fakes there. */
export interface EvidencePlaces {
  /** What systemd-timesyncd touches. */
  readonly file?: string;
  /** The folders with `timedatectl` and `chronyc`, as in PATH. */
  readonly path?: string | undefined;
  readonly answerWithinMs?: number;
}

/** Evidence from the three who know on Linux: systemd-timesyncd, chronyd and the kernel. */
export function systemEvidence({ file = TIMESYNC_FILE, path = process.env['PATH'], answerWithinMs = ANSWER_WITHIN_MS }: EvidencePlaces = {}): ClockEvidence {
  const output = (program: string, args: readonly string[]): Promise<string> => outputOf({ program, args, path, answerWithinMs });
  const atOnce = (moment: Moment): Witness | undefined => (fresh(touchedMs(file), moment) ? 'timesyncd' : undefined);
  return {
    atOnce,
    async look(moment) {
      const witness = atOnce(moment);
      if (witness !== undefined) return witness;
      // Before the kernel, since asking that one starts systemd-timedated.
      if (chronySays(await output('chronyc', ['-c', 'tracking']), moment)) return 'chrony';
      const kernel = await output('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
      return kernel.trim() === 'yes' ? 'kernel' : undefined;
    },
  };
}

/** systemd-timesyncd touches this file at each synchronisation (systemd-timesyncd.service(8)); it never removes it. */
const TIMESYNC_FILE = '/run/systemd/timesync/synchronized';

function touchedMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** Told of this clock, not of the one before a step, and not so long ago that several more should have come since. */
function fresh(toldMs: number | undefined, { nowMs, steppedMs }: Moment): boolean {
  if (toldMs === undefined || !Number.isFinite(toldMs)) return false;
  if (steppedMs !== undefined && toldMs < steppedMs - STEP_NOTICED_WITHIN_MS) return false;
  return toldMs <= nowMs + STEP_NOTICED_WITHIN_MS && nowMs - toldMs <= EVIDENCE_AGE_MAX_MS;
}

/**
 * `chronyc -c tracking` (chronyc(1)): the reference's id, its name, the stratum, the time of the last measurement in
 * seconds since 1970, nine figures, and last the leap status. 7F7F0101 is the clock vouching for itself (`local`).
 */
function chronySays(line: string, moment: Moment): boolean {
  const fields = line.trim().split(',');
  const [reference, , stratum, measuredSeconds] = fields;
  if (fields.length < CHRONY_FIELDS_MIN || reference === '7F7F0101' || stratum === '0' || fields.at(-1) === 'Not synchronised') return false;
  return fresh(Number(measuredSeconds) * 1000, moment);
}

interface Question {
  readonly program: string;
  readonly args: readonly string[];
  readonly path: string | undefined;
  readonly answerWithinMs: number;
}

function outputOf({ program, args, path, answerWithinMs }: Question): Promise<string> {
  const options = { env: { ...process.env, PATH: path }, timeout: answerWithinMs, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES_MAX } as const;
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout) => resolve(error === null ? stdout : ''));
  });
}

/** Both daemons measure at least once in 34 minutes unless they are told otherwise (2048 s, and 1024 s). */
const EVIDENCE_AGE_MAX_MS = 3 * 3_600_000;

/** A step is noticed a second after it happened, and the file or measurement that goes with it may be older by that. */
const STEP_NOTICED_WITHIN_MS = 2000;

const CHRONY_FIELDS_MIN = 13;
const ANSWER_WITHIN_MS = 5000;
const OUTPUT_BYTES_MAX = 64 * 1024;
