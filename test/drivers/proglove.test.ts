import { describe, expect, it } from 'vitest';
import { decodeEvent } from '../../drivers/proglove/codec.ts';

const EVENT = { event_type: 'scan', scan_code: 'X', event_id: 'e-1', device_serial: 'MDMR1', time_created: 1546300800000 };

function answersTo(event: object): { readonly stored: unknown; readonly refused: unknown; readonly lines: readonly string[]; readonly answerWithinMs?: number | undefined } | undefined {
  const { feedback } = decodeEvent(new Uint8Array(Buffer.from(JSON.stringify(event))), { aim: 'auto', answerWithin: 5000 });
  if (feedback === undefined) return undefined;
  const lines = [feedback.stored, feedback.refused].map((bytes) => Buffer.from(bytes).toString('latin1'));
  return { stored: JSON.parse(lines[0] ?? ''), refused: JSON.parse(lines[1] ?? ''), lines, answerWithinMs: feedback.answerWithinMs };
}

describe('the answer to a ProGlove scan', () => {
  it('names the scan and the device, and is positive or negative', () => {
    const common = { api_version: '1.0', event_type: 'feedback!', event_id: 'e-1', device_serial: 'MDMR1', time_created: 1546300800000 };
    expect(answersTo(EVENT)).toMatchObject({ stored: { ...common, feedback_action_id: 'FEEDBACK_POSITIVE' }, refused: { ...common, feedback_action_id: 'FEEDBACK_NEGATIVE' }, answerWithinMs: 5000 });
  });

  it('is positive and then yellow where the scan is questioned, in two lines', () => {
    const { feedback } = decodeEvent(new Uint8Array(Buffer.from(JSON.stringify(EVENT))), { aim: 'auto', answerWithin: 5000 });
    const lines = Buffer.from(feedback?.questioned ?? '').toString('latin1').split('\n');
    expect(lines.map((line) => line && (JSON.parse(line) as Record<string, unknown>)['feedback_action_id'])).toEqual(['FEEDBACK_POSITIVE', 'FEEDBACK_SPECIAL_YELLOW', '']);
  });

  it('leaves a time out that is no number', () => {
    expect(answersTo({ ...EVENT, time_created: { $x: 1 } })?.stored).not.toHaveProperty('time_created');
  });

  it('is one line of ASCII whatever the event says', () => {
    const answers = answersTo({ ...EVENT, event_id: 'ä\u007f\u2028\n', device_serial: '\u00ff' });
    expect(answers?.stored).toMatchObject({ event_id: 'ä\u007f\u2028\n', device_serial: '\u00ff' });
    for (const line of answers?.lines ?? []) expect(line).toMatch(/^[\x20-\x7e]+\n$/);
  });

  it.each([{ event_id: 'x'.repeat(129) }, { device_serial: 'x'.repeat(129) }, { event_id: 7 }, { device_serial: null }])('is not given to %j', (change) => {
    expect(answersTo({ ...EVENT, ...change })).toBeUndefined();
    expect(answersTo({ ...EVENT, event_id: 'x'.repeat(128) })).toBeDefined();
  });

  it.each(['null', '[]', '"scan"', '{"event_type":"scan","scan_code":7}'])('does not come of %s, which is refused', (text) => {
    expect(() => decodeEvent(new Uint8Array(Buffer.from(text)), { aim: 'auto', answerWithin: 5000 })).toThrow(/no JSON object|without "scan_code"/);
  });
});
