import { printable } from '../core/printable.ts';
import { ask, socketPath } from '../operations/control-socket.ts';

/** What `tailgate tag reset` needs. */
export interface TagCommandParts {
  /** The outbox's directory of the gateway that is asked. */
  readonly directory: string;
  readonly device: string;
  readonly write: (line: string) => void;
}

/** Has a running gateway forget what it remembers of a tag, after its battery or the tag was changed. Resolves with the exit code. */
export async function resetTag({ directory, device, write }: TagCommandParts): Promise<number> {
  const answer = await ask(socketPath(directory), 'tag-reset', { device });
  const { reset, why } = (typeof answer === 'object' && answer !== null ? answer : {}) as { readonly reset?: boolean; readonly why?: string };
  write(reset === true ? `${printable(device)}: forgotten; the next advertisement counts as its first` : `${printable(device)}: not reset: ${printable(why ?? 'the gateway did not say why')}`);
  return reset === true ? 0 : 1;
}
