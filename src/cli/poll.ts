import { printable, printableJson } from '../core/printable.ts';
import { ask, socketPath } from '../operations/control-socket.ts';

/** What `tailgate poll` needs. */
export interface PollParts {
  /** The outbox's directory of the gateway that is asked. */
  readonly directory: string;
  /** DEVICE, or DEVICE/METER. */
  readonly meter: string;
  readonly json: boolean;
  readonly write: (line: string) => void;
}

/** Has a running gateway read a device now. Resolves with the exit code: 1 when it was not read. */
export async function pollDevice({ directory, meter, json, write }: PollParts): Promise<number> {
  const answer = (await ask(socketPath(directory), 'poll', { meter })) as { readonly values?: number | null; readonly error?: string };
  const { values } = answer;
  if (json) write(printableJson(answer));
  else if (values === undefined) write(`${printable(meter)}  not read: ${printable(answer.error ?? 'no answer', ERROR_CHARACTERS_MAX)}`);
  else if (values === null) write(`${printable(meter)}  is asked, and takes longer than a few seconds; see: tailgate status`);
  else write(`${printable(meter)}  read, ${values === 1 ? '1 value' : `${values} values`}`);
  return values === undefined ? 1 : 0;
}

const ERROR_CHARACTERS_MAX = 2000;
