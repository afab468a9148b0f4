import type { Commands } from './control-socket.ts';

/**
 * The command by which a person says that a tag was changed. `reset` resolves after the commit, or with the reason why
 * there was none; it rejects with a StorageError.
 */
export function tagCommands(reset: (device: string) => Promise<string | undefined>): Commands {
  return {
    'tag-reset': async ({ device }) => {
      if (typeof device !== 'string') return { reset: false, why: 'the request names no device' };
      const why = await reset(device);
      return why === undefined ? { reset: true } : { reset: false, why };
    },
  };
}
