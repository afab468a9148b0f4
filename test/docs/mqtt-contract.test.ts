import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assertContract, SCHEMA_NAMES } from '../support/contract.ts';

const PAGE = readFileSync(new URL('../../docs/mqtt-contract.md', import.meta.url), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/^```json\n(\{"specversion".*\})\n```$/gm)].map(([, text = '']) => text);

/** The topic that an event goes to, below the root. */
function topicOf(text: string): string {
  const { type, subject } = JSON.parse(text) as { type: string; subject: string };
  const name = type.split('.')[1] ?? '';
  return name === 'scan' || name === 'reading' ? `${name}/${subject.split('/')[0] ?? ''}` : `event/${name}`;
}

describe('the page of the contract', () => {
  it('has examples of scan, reading and clock', () => {
    expect(EXAMPLES.map(topicOf)).toEqual(expect.arrayContaining(['scan/cab-scanner', 'scan/door-reader', 'reading/generator', 'event/clock']));
  });

  it.each(EXAMPLES.map((text) => [topicOf(text), text]))('gives an example of %s that fits its schema', (topic, text) => {
    expect(() => assertContract(topic, Buffer.from(text))).not.toThrow();
  });

  it.each(SCHEMA_NAMES)('links the schema %s', (name) => {
    expect(PAGE).toContain(`(schemas/${name}.v1.json)`);
  });
});
