import { describe, expect, it } from 'vitest';
import { FEEDBACK_NAMES, feedbackOf, PRESET_NAMES } from '../../drivers/line-scanner/feedback.ts';

describe('how a line scanner is told', () => {
  it.each(PRESET_NAMES)('is what the preset %s stands for', (preset) => {
    const profile = { honeywell: 'honeywell-host-ack', datalogic: 'datalogic-mode-02', zebra: 'zebra-ack-nak', psc: 'psc-on-file' } as const;
    expect(feedbackOf({ preset, answerPrefix: '' })).toEqual(feedbackOf({ feedback: profile[preset], answerPrefix: '' }));
    expect(feedbackOf({ preset, answerPrefix: '' })).toBeDefined();
    expect(feedbackOf({ preset, feedback: 'none', answerPrefix: '' })).toBeUndefined();
  });

  it.each(FEEDBACK_NAMES.filter((name) => name !== 'none'))('%s has as long as the options say', (feedback) => {
    expect(feedbackOf({ feedback, answerPrefix: '', answerWithin: 700 })?.answerWithinMs).toBe(700);
    expect(feedbackOf({ feedback, answerPrefix: '' })?.answerWithinMs).toBe(feedback === 'honeywell-host-ack' ? 9000 : 1800);
  });
});
