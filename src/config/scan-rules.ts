import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import type { CodeList, ScanRule } from '../core/scan-rule.ts';
import type { z } from '../driver-kit/options.ts';
import { readCodeList } from './code-list.ts';
import type { Problem } from './problem.ts';
import { readFileBounded } from './read-file.ts';
import type { scanRuleSchema, scansSchema } from './schema.ts';
import type { YamlSource } from './yaml-source.ts';

/** The rules for scans, in their order, and what is wrong with their lists. */
export interface ReadRules {
  readonly rules: readonly ScanRule[];
  readonly problems: readonly Problem[];
}

/** Reads the lists that the rules name; a list's path is taken from the folder of the configuration file. */
export async function readScanRules(source: YamlSource, scans: z.output<typeof scansSchema> | undefined): Promise<ReadRules> {
  const lists = new Map<string, Promise<CodeList | string | readonly Problem[]>>();
  const read = await Promise.all(
    (scans?.rules ?? []).map(async (rule, index) => {
      if (rule.list === undefined) return { rules: [ruleOf(rule, undefined)], problems: [] };
      const list = lists.get(rule.list) ?? readList(source.file, rule.list);
      const isFirst = !lists.has(rule.list);
      lists.set(rule.list, list);
      const found = await list;
      if (typeof found === 'string') return { rules: [], problems: [source.problem(['scans', 'rules', index, 'list'], found)] };
      return 'codes' in found ? { rules: [ruleOf(rule, found)], problems: [] } : { rules: [], problems: isFirst ? found : [] };
    }),
  );
  return { rules: read.flatMap(({ rules }) => rules), problems: read.flatMap(({ problems }) => problems) };
}

function ruleOf({ role, ai, prefix, pattern, check }: z.output<typeof scanRuleSchema>, list: CodeList | undefined): ScanRule {
  return { role, ai, prefix, pattern, check, list };
}

async function readList(configurationFile: string, name: string): Promise<CodeList | string | readonly Problem[]> {
  const file = resolve(dirname(resolve(configurationFile)), name);
  try {
    const { codes, problems } = readCodeList(file, (await readFileBounded(file, LIST_BYTES_MAX)).bytes);
    return problems.length > 0 ? problems : { name, codes };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.message;
  }
}

const LIST_BYTES_MAX = 16 * 1024 * 1024;
