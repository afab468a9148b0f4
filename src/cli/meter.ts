import { printable, printableJson } from '../core/printable.ts';
import { ask, socketPath } from '../operations/control-socket.ts';

/** What `tailgate meter replaced` needs. */
export interface MeterReplacedParts {
  /** The outbox's directory of the gateway that is asked. */
  readonly directory: string;
  /** DEVICE/METER. */
  readonly meter: string;
  readonly json: boolean;
  readonly write: (line: string) => void;
}

/** Tells a running gateway that a meter was replaced. Resolves with the exit code: 1 when it was not taken. */
export async function meterReplaced({ directory, meter, json, write }: MeterReplacedParts): Promise<number> {
  const answer = (await ask(socketPath(directory), 'meter-replaced', { meter })) as { readonly epoch?: number; readonly error?: string };
  const { epoch } = answer;
  if (json) write(printableJson(answer));
  else if (epoch === undefined) write(`not taken: ${printable(answer.error ?? 'no answer', ERROR_CHARACTERS_MAX)}`);
  else write(`${printable(meter)}  epoch ${epoch} begins; its first value is the next one that is read`);
  return epoch === undefined ? 1 : 0;
}

const ERROR_CHARACTERS_MAX = 1000;
