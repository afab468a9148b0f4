import type { Commands } from './control-socket.ts';

/**
 * The command by which a person says that a tag was changed. `reset` resolves after the commit, with false when no device of
 * that name advertises; it rejects with a StorageError.
 */
export function tagCommands(reset: (device: string) => Promise<boolean>): Commands {
  return {
    'tag-reset': async ({ device }) => {
      if (typeof device !== 'string') return { reset: false, why: 'the request names no device' };
      return (await reset(device)) ? { reset: true } : { reset: false, why: 'no device of this name advertises' };
    },
  };
}
