import { describe, expect, it } from 'vitest';
import { everyDriver } from '../../drivers/index.ts';
import { CHUNK_SIZES, expectedOf, replay, transcriptsOf } from '../support/transcript.ts';

const drivers = await everyDriver();

describe.each(drivers.map((driver) => [driver.name, driver] as const))('transcripts of %s', (name, driver) => {
  const transcripts = transcriptsOf(name);

  it('hold a good and a bad conversation at least', () => {
    const kinds = transcripts.flatMap(({ transcript }) => transcript.expected.map(({ kind }) => kind));
    expect(kinds).toContain('observation');
    expect(kinds.includes('error') || kinds.includes('discard')).toBe(true);
  });

  it('say where their bytes come from', () => {
    expect(transcripts.filter(({ transcript }) => transcript.origin.length === 0).map((file) => file.name)).toEqual([]);
  });

  const runs = transcripts.flatMap((file) => CHUNK_SIZES.map((size) => [file.name, size, file.transcript] as const));
  it.each(runs)('%s holds in chunks of %d', async (_, size, transcript) => {
    expect(await replay(driver, transcript, size)).toEqual(expectedOf(transcript));
  });
});
