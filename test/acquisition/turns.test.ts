import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/acquisition/turns.ts';

interface Job {
  readonly name: string;
  readonly end: () => void;
  readonly fail: () => void;
}

/** Starts jobs in turns and tells which have begun. */
function watched() {
  const turns = new Turns();
  const begun: string[] = [];
  const jobs = new Map<string, Job>();
  const start = (name: string, isAlone: boolean, key = 'a'): Promise<void> =>
    turns.run(key, isAlone, () => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => jobs.set(name, { name, end: resolve, fail: () => reject(new Error(name)) }));
    });
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return { begun, start, settle, end: (name: string) => jobs.get(name)?.end(), fail: (name: string) => jobs.get(name)?.fail() };
}

describe('turns', () => {
  it('run at once and side by side what changes nothing', () => {
    const { begun, start } = watched();
    void start('1', false);
    void start('2', false);
    expect(begun).toEqual(['1', '2']);
  });

  it('let what changes something wait for those before it, and those after it for it, in their order', async () => {
    const { begun, start, settle, end } = watched();
    for (const [name, isAlone] of [['1', false], ['2', false], ['alone', true], ['3', false], ['4', false], ['alone 2', true], ['5', false]] as const) void start(name, isAlone);
    end('1');
    await settle();
    expect(begun).toEqual(['1', '2']);
    end('2');
    await settle();
    expect(begun).toEqual(['1', '2', 'alone']);
    end('alone');
    await settle();
    expect(begun).toEqual(['1', '2', 'alone', '3', '4']);
    end('3');
    end('4');
    await settle();
    expect(begun.at(-1)).toBe('alone 2');
    end('alone 2');
    await settle();
    expect(begun.at(-1)).toBe('5');
  });

  it('go on after what failed', async () => {
    const { begun, start, settle, fail } = watched();
    const failing = start('alone', true);
    void start('1', false);
    fail('alone');
    await expect(failing).rejects.toThrow('alone');
    await settle();
    expect(begun).toEqual(['alone', '1']);
  });

  it('of one key do not hold up another', () => {
    const { begun, start } = watched();
    void start('alone', true, 'a');
    void start('other', false, 'b');
    expect(begun).toEqual(['alone', 'other']);
  });
});
