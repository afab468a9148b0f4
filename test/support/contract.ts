import { readdirSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const SCHEMAS = new URL('../../docs/schemas/', import.meta.url);
const validators = new Map<string, ValidateFunction>();
const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
formats.default(ajv);

for (const file of readdirSync(SCHEMAS)) {
  const schema: unknown = JSON.parse(readFileSync(new URL(file, SCHEMAS), 'utf8'));
  validators.set(file.replace('.v1.json', ''), ajv.compile(schema as object));
}

/** The names of the schemas in docs/schemas. */
export const SCHEMA_NAMES: readonly string[] = [...validators.keys()];

/**
 * Throws unless a message fits the schema that docs/mqtt-contract.md gives its topic. `suffix` is the topic below the
 * gateway's root.
 */
export function assertContract(suffix: string, payload: Buffer): void {
  const [head = '', level = '', ...more] = suffix.split('/');
  const validate = validators.get(schemaOf(head, level));
  if (validate === undefined || more.length > 0) throw new Error(`the contract knows no topic ${suffix}`);
  const value: unknown = JSON.parse(payload.toString('utf8'));
  if (validate(value)) {
    const event = value as { subject?: string };
    if ((head === 'scan' || head === 'reading') && event.subject?.split('/')[0] !== level) throw new Error(`${suffix} carries the subject ${event.subject ?? ''}`);
    return;
  }
  const problems = (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  throw new Error(`${suffix} breaks the contract: ${problems.join('; ')}\n${payload.toString('utf8').slice(0, 2000)}`);
}

/** Commands and replies each have a schema of their own; what answers a command that does not exist has the general one. */
function schemaOf(head: string, level: string): string {
  if (head === 'event') return level;
  if (head === 'cmd') return `cmd-${level}`;
  return head === 'reply' && level !== '' && validators.has(`reply-${level}`) ? `reply-${level}` : head;
}

const broken: string[] = [];

/** The same for use in listeners, where nothing would catch an error: the running test fails when it ends. */
export function checkContract(suffix: string, payload: Buffer): void {
  try {
    assertContract(suffix, payload);
  } catch (error) {
    broken.push(String(error));
  }
}

/** Fails the running test at its end if a message broke the contract meanwhile. */
export function expectContractKept(): void {
  onTestFinished(() => {
    if (broken.length > 0) throw new Error(broken.splice(0).join('\n'));
  });
}
