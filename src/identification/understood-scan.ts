import type { ScanObservation } from '../core/observation.ts';
import type { ScanContent } from '../core/reading.ts';
import type { ScanRule } from '../core/scan-rule.ts';
import { type Command, commandOf, isCommandText } from './commands.ts';
import { changeBy, type ContextChange } from './context.ts';
import { ruled } from './roles.ts';
import { scanContent } from './scan-content.ts';

/** A scan with everything that it means by itself, before the scans around it are looked at. */
export interface UnderstoodScan {
  readonly content: ScanContent;
  /** Stored all the same, but the person who scanned should look again. */
  readonly isQuestioned: boolean;
  /** What is to be done, where the code is a command. */
  readonly command?: Command | undefined;
  /** What it does to the context of the scans after it. */
  readonly change?: ContextChange | undefined;
}

/** What a scan means. A command code is one whatever the rules say, and asks for nothing when something is wrong with it. */
export function understoodScan(scan: ScanObservation, { device, rules }: { readonly device: string; readonly rules: readonly ScanRule[] }): UnderstoodScan {
  const content = scanContent(scan, { device });
  if (scan.tag === undefined && isCommandText(content.text)) return commanded(content);
  const judged = ruled(content, rules);
  if (scan.presence !== undefined && scan.presence.kind !== 'arrived') return judged;
  const change = changeBy(judged.content);
  if (change === undefined) return judged;
  const isUnfit = 'ends' in change && judged.content.valid !== false;
  if (!isUnfit) return { ...judged, change };
  return { content: withProblem(judged.content, 'the code is empty or too long to be remembered for the scans after it'), isQuestioned: true, change };
}

/** A command is no item, so there is nothing to match it with. */
function commanded(scanned: ScanContent): UnderstoodScan {
  const { identity: _, ...rest } = scanned;
  const content: ScanContent = { ...rest, role: 'command' };
  if (content.valid === false) return { content, isQuestioned: true };
  const command = commandOf(content.text);
  if (command === undefined) return { content: withProblem(content, 'there is no such command code'), isQuestioned: true };
  return { content, isQuestioned: false, command, change: changeByCommand(command) };
}

function changeByCommand(command: Command): ContextChange | undefined {
  switch (command.kind) {
    case 'start':
      return { kind: 'activity', value: command.activity };
    case 'end':
      return { ends: command.ends };
    case 'undo':
    case 'status':
      return undefined;
  }
}

/** The content with one more thing to say of it. */
export function withProblem(content: ScanContent, problem: string): ScanContent {
  return { ...content, problems: [...(content.problems ?? []), problem] };
}
