import { printable, printableJson } from '../core/printable.ts';
import { ask, socketPath } from '../operations/control-socket.ts';

/** What every quarantine command needs. */
export interface QuarantineCommandParts {
  /** The outbox's directory of the gateway that is asked. */
  readonly directory: string;
  readonly json: boolean;
  readonly write: (line: string) => void;
}

/** A row as `quarantine` of a running gateway tells it. */
interface ListedRow {
  /** Stream and sequence, such as "1/18340": what the other commands take. */
  readonly row: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly since: string;
  readonly code: string;
  readonly message: string;
  readonly overtaken: boolean;
}

/** Lists what the other side refused for good, oldest first, with its reasons. Resolves with the exit code. */
export async function listQuarantine({ directory, json, write }: QuarantineCommandParts): Promise<number> {
  const { rows } = (await asked(directory, 'quarantine', {})) as { readonly rows: readonly ListedRow[] };
  if (json) write(printableJson(rows));
  else if (rows.length === 0) write('nothing is in quarantine');
  else for (const line of rows.flatMap(spoken)) write(line);
  return 0;
}

/** Sends rows once more, or gives them up; `all` takes everything that is listed. The exit code is 1 when one was not taken. */
export async function decideQuarantine(decision: 'retry' | 'drop', rows: readonly string[], parts: QuarantineCommandParts & { readonly all: boolean; readonly force: boolean }): Promise<number> {
  const { directory, json, write, all, force } = parts;
  if (rows.length === 0 && !all) {
    write('name the rows as tailgate quarantine list shows them, such as 1/18340, or write --all');
    return 1;
  }
  const { answers } = (await asked(directory, `quarantine-${decision}`, { rows, all, force })) as { readonly answers: readonly { readonly row: string; readonly taken: boolean; readonly why?: string }[] };
  if (json) write(printableJson(answers));
  else for (const { row, taken, why } of answers) write(taken ? `${row}  ${decision === 'retry' ? 'goes once more' : 'given up'}` : `${row}  not taken: ${printable(why ?? '')}`);
  return answers.every(({ taken }) => taken) ? 0 : 1;
}

async function asked(directory: string, command: string, request: { readonly rows?: readonly string[]; readonly all?: boolean; readonly force?: boolean }): Promise<object> {
  const answer = await ask(socketPath(directory), command, request);
  return typeof answer === 'object' && answer !== null ? answer : {};
}

/** Codes and messages come from the other side. */
function spoken({ row, source, subject, time, since, code, message, overtaken }: ListedRow): readonly string[] {
  return [
    `${row.padEnd(12)} ${subject}, taken ${time}`,
    `${' '.repeat(12)} ${printable(code)}: ${printable(message, MESSAGE_CHARACTERS_MAX)} (since ${since})`,
    ...(overtaken ? [`${' '.repeat(12)} a later reading of this meter was delivered: retry needs --force`] : []),
    `${' '.repeat(12)} ${source}`,
  ];
}

const MESSAGE_CHARACTERS_MAX = 500;
