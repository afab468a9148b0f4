import type { JsonObject } from '../core/json.ts';
import { printable } from '../core/printable.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { QuarantinedRow, RowIdentity } from '../outbox/calls.ts';
import type { Commands } from './control-socket.ts';

/** The commands by which a person looks at the quarantine and decides what becomes of it. */
export function quarantineCommands(delivery: Pick<Delivery, 'quarantined' | 'retry' | 'drop'>): Commands {
  const wanted = async ({ rows, all }: Readonly<Record<string, unknown>>): Promise<readonly RowIdentity[]> => {
    if (all === true) return delivery.quarantined();
    return namedRows(rows);
  };
  return {
    quarantine: async () => ({ rows: (await delivery.quarantined()).slice(0, LISTED_MAX).map(listed) }),
    'quarantine-retry': async (request) => ({ answers: (await delivery.retry(await wanted(request), { force: request['force'] === true })).map(answered) }),
    'quarantine-drop': async (request) => ({ answers: (await delivery.drop(await wanted(request))).map(answered) }),
  };
}

function listed({ stream, sequence, source, subject, takenMs, quarantinedMs, code, message, overtaken }: QuarantinedRow): JsonObject {
  return { row: `${stream}/${sequence}`, source, subject, time: timestamp(takenMs), since: timestamp(quarantinedMs), code: printable(code), message: printable(message), overtaken };
}

function answered({ stream, sequence, taken, why }: RowIdentity & { readonly taken: boolean; readonly why?: string | undefined }): JsonObject {
  return { row: `${stream}/${sequence}`, taken, why };
}

/** The request comes from whoever may open the socket; what is no row in it is left out, and so is answered by nothing. */
function namedRows(rows: unknown): readonly RowIdentity[] {
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    const match = typeof row === 'string' ? /^(\d{1,4})\/(\d{1,13})$/.exec(row) : null;
    return match === null ? [] : [{ stream: Number(match[1]), sequence: Number(match[2]) }];
  });
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

const LISTED_MAX = 1000;
