import type { PollNow, PollOutcome } from '../core/poll-outcome.ts';
import type { Commands } from './control-socket.ts';

/** The command by which a person has a device read now. The request comes from whoever may open the socket. */
export function pollCommands(poll: PollNow): Commands {
  return {
    poll: async ({ meter: wanted }) => {
      const [device = '', meter, ...more] = typeof wanted === 'string' ? wanted.split('/') : [];
      if (device === '' || meter === '' || more.length > 0) return { error: 'write DEVICE or DEVICE/METER' };
      const outcome = await within(poll(device, meter));
      if (outcome === undefined) return { values: null };
      return outcome.kind === 'read' ? { values: outcome.values } : { error: outcome.message };
    },
  };
}

/** Undefined when it takes longer than the control socket gives a command. */
function within(outcome: PollOutcome | Promise<PollOutcome>): Promise<PollOutcome | undefined> {
  return new Promise((resolve) => {
    AbortSignal.timeout(ANSWER_WITHIN_MS).addEventListener('abort', () => resolve(undefined), { once: true });
    void Promise.resolve(outcome).then(resolve);
  });
}

const ANSWER_WITHIN_MS = 4500;
