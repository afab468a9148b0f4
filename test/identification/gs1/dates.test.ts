import { describe, expect, it } from 'vitest';
import { calendarDay, dateFault, fullYear } from '../../../src/identification/gs1/dates.ts';

describe('the century of a two-digit year', () => {
  it('is chosen between 49 years before and 50 years after the reference year', () => {
    expect([76, 77, 26, 0, 99].map((year) => fullYear(year, 2026))).toEqual([2076, 1977, 2026, 2000, 1999]);
    expect([1, 0, 49, 50, 51].map((year) => fullYear(year, 2050))).toEqual([2001, 2100, 2049, 2050, 2051]);
    expect([0, 48, 49, 99].map((year) => fullYear(year, 2098))).toEqual([2100, 2148, 2049, 2099]);
  });

  it('gives every year within the window back, for any reference year', () => {
    for (let reference = 1990; reference < 2110; reference += 1) {
      for (let year = reference - 49; year <= reference + 50; year += 1) expect(fullYear(year % 100, reference)).toBe(year);
    }
  });
});

describe('a calendar day', () => {
  it('is the last of its month when the day is 00', () => {
    expect(calendarDay('260200', 2026)).toBe('2026-02-28');
    expect(calendarDay('280200', 2026)).toBe('2028-02-29');
    expect(calendarDay('261231', 2026)).toBe('2026-12-31');
    expect(calendarDay('991130', 2026)).toBe('1999-11-30');
  });

  it('does not exist when the calendar has none', () => {
    for (const text of ['260229', '261301', '260001', '260431', '26043', '26o430', '']) expect(calendarDay(text, 2026)).toBeUndefined();
  });
});

describe('a date that is wrong', () => {
  it('is told in words', () => {
    expect(dateFault('251399', { dayMayBeZero: true })).toBe('there is no month 13');
    expect(dateFault('250230', { dayMayBeZero: true })).toBe('there is no day 30 in month 02 of 2025');
    expect(dateFault('19000229', { dayMayBeZero: false })).toBe('there is no day 29 in month 02 of 1900');
    expect(dateFault('260700', { dayMayBeZero: false })).toBe('the day is 00');
  });

  it('is not told of a date that is right', () => {
    expect(dateFault('260700', { dayMayBeZero: true })).toBeUndefined();
    expect(dateFault('000229', { dayMayBeZero: false })).toBeUndefined();
    expect(dateFault('20240229', { dayMayBeZero: false })).toBeUndefined();
  });
});
