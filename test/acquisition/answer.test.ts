import { describe, expect, test } from 'vitest';
import { Answer, type StampedFrame } from '../../src/acquisition/answer.ts';
import { type Framing, frameOf, INCOMPLETE } from '../../src/driver-kit/framing.ts';
import { FakeClock } from '../support/fake-clock.ts';

const REQUEST = 'ask!';
/** A line that ends with a line feed. */
const LINE: Framing = {
  bytesMax: 16,
  overflow: 'frame',
  next(buffer) {
    const at = buffer.indexOf(0x0a);
    return at < 0 ? INCOMPLETE : frameOf(buffer, at + 1, 0, at);
  },
};
/** Whatever comes until the device falls silent. */
const UNTIL_SILENCE: Framing = { ...LINE, gapMs: 50, next: (buffer, atGap) => (atGap ? frameOf(buffer, buffer.length) : INCOMPLETE) };

function searching(parts: { reply?: Framing; echo?: boolean }) {
  const clock = new FakeClock();
  const discards: string[] = [];
  const found: StampedFrame[] = [];
  const discarded = (bytes: number, reason: string): void => void discards.push(`${bytes} ${reason}`);
  const answer = new Answer({ request: Buffer.from(REQUEST), reply: LINE, echo: false, clock, discarded, ...parts });
  void answer.arrived.then((frame) => found.push(frame));
  const receive = (text: string): void => answer.receive(Buffer.from(text));
  const texts = async (): Promise<string[]> => {
    await clock.advance(0);
    return found.map(({ frame }) => Buffer.from(frame).toString());
  };
  return { clock, answer, discards, found, receive, texts };
}

describe('an answer that silence ends', () => {
  test('is whole after the gap, counted from its last byte, and stamped there', async () => {
    const { clock, found, receive, texts } = searching({ reply: UNTIL_SILENCE });
    receive('12');
    await clock.advance(40);
    receive('34');
    await clock.advance(49);
    expect(await texts()).toEqual([]);
    await clock.advance(1);
    expect(await texts()).toEqual(['1234']);
    expect(found[0]?.stamp.monotonicMs).toBe(1040);
  });

  test('leaves no timer behind when the search is over', async () => {
    const { clock, answer, discards, receive, texts } = searching({ reply: UNTIL_SILENCE });
    receive('12');
    answer.end();
    expect(clock.timers).toBe(0);
    await clock.advance(1000);
    expect(await texts()).toEqual([]);
    expect(discards).toEqual(['2 cut off']);
  });

  test('needs no timer where the framing needs none', () => {
    const { clock, receive } = searching({});
    receive('12');
    expect(clock.timers).toBe(0);
  });
});

describe('the echo', () => {
  test.each([['ask!12\n'], ['a', 'sk', '!12', '\n'], ['ask!', '12\n'], ['ask', '!', '12\n']])('is dropped in whatever pieces it comes: %j', async (...chunks) => {
    const { answer, discards, receive, texts } = searching({ echo: true });
    for (const chunk of chunks) receive(chunk);
    answer.end();
    expect(await texts()).toEqual(['12']);
    expect(discards).toEqual(['4 echo']);
  });

  test.each([['12\n'], ['as', 'X!12\n'], ['X', '12\n', '34\n']])('that is another spoils all that comes, in whatever pieces: %j', async (...chunks) => {
    const { answer, discards, receive, texts } = searching({ echo: true });
    for (const chunk of chunks) receive(chunk);
    expect(answer.shortfall).toBe('another echo');
    answer.end();
    expect(await texts()).toEqual([]);
    expect(discards.every((line) => line.endsWith('not the echo'))).toBe(true);
    expect(discards.map((line) => Number.parseInt(line)).reduce((sum, bytes) => sum + bytes, 0)).toBe(chunks.join('').length);
  });

  test('that is cut off is counted and told from one that never came', () => {
    const { answer, discards, receive } = searching({ echo: true });
    expect(answer.shortfall).toBe('no echo');
    receive('as');
    expect(answer.shortfall).toBe('no echo');
    answer.end();
    expect(discards).toEqual(['2 not the echo']);
  });

  test('alone is silence of the device', () => {
    const { answer, receive } = searching({ echo: true });
    receive('ask!');
    expect(answer.shortfall).toBe('silence');
    receive('1');
    expect(answer.shortfall).toBe('unusable bytes');
  });

  test('is not looked for unless it is expected', async () => {
    const { answer, receive, texts } = searching({});
    expect(answer.shortfall).toBe('silence');
    receive('ask!\n');
    expect(await texts()).toEqual(['ask!']);
  });
});

describe('what comes behind the answer', () => {
  test.each([[['12\n34\n']], [['12\n', '34\n']], [['12\n', '3', '4\n']], [['12\n34', '\n']]])('is counted and not used: %j', async (chunks) => {
    const { answer, discards, receive, texts } = searching({});
    for (const chunk of chunks) receive(chunk);
    answer.end();
    expect(await texts()).toEqual(['12']);
    expect(discards.every((line) => line.endsWith('after the answer'))).toBe(true);
  });
});
