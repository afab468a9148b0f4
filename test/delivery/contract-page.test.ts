import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assertContract, SCHEMA_NAMES } from '../support/contract.ts';

const PAGE = readFileSync(new URL('../../docs/mqtt-contract.md', import.meta.url), 'utf8');

/** Each example on the page, and the topic that it would come on. */
function examples(): readonly (readonly [suffix: string, json: string])[] {
  const blocks = [...PAGE.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
  return blocks.map((json) => {
    const { type = '', subject = '', accepted, from, device, transaction = '' } = JSON.parse(json) as { type?: string; subject?: string; accepted?: boolean; from?: number; device?: string; transaction?: string };
    const [, kind] = /^tailgate\.(.+)\.v1$/.exec(type) ?? [];
    if (kind === 'scan' || kind === 'reading') return [`${kind}/${subject.split('/')[0] ?? ''}`, json];
    if (kind !== undefined) return [`event/${kind}`, json];
    if (accepted !== undefined) return [transaction.startsWith('p-') ? 'reply/poll' : 'reply/replay', json];
    return [device !== undefined ? 'cmd/poll' : from === undefined ? 'ack' : 'cmd/replay', json];
  });
}

describe('the page of the contract', () => {
  it('shows enough of it', () => {
    expect(new Set(examples().map(([suffix]) => suffix)).size).toBeGreaterThanOrEqual(8);
  });

  it.each(examples())('has an example for %s that its schema takes', (suffix, json) => {
    expect(() => assertContract(suffix, Buffer.from(json))).not.toThrow();
  });

  it.each(SCHEMA_NAMES)('names the schema %s', (name) => {
    expect(PAGE).toContain(`(schemas/${name}.v1.json)`);
  });
});
