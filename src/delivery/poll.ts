import type { PollNow, PollOutcome } from '../core/poll-outcome.ts';
import { type Answer, type Command, refusal } from './commands.ts';

/**
 * `cmd/poll`: has a device read now, or one meter of it, whatever its reading policy says. Its readings come as all others
 * do; the answers say that it is asked, and what became of it.
 */
export function pollCommand(poll: PollNow): Command {
  return ({ device, meter }, answer) => {
    if (typeof device !== 'string' || (meter !== undefined && typeof meter !== 'string')) {
      answer(refusal('malformed', 'device has to be a text, and so has meter where it is given'));
      return;
    }
    const asked = poll(device, meter);
    if (!(asked instanceof Promise)) return tell(asked, answer);
    answer({ accepted: true, done: false });
    void asked.then((outcome) => tell(outcome, answer));
  };
}

function tell(outcome: PollOutcome, answer: Answer): void {
  answer(outcome.kind === 'read' ? { accepted: true, done: true, count: outcome.values } : refusal(outcome.code, outcome.message));
}
