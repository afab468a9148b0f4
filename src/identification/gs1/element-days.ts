import type { Element } from '../element.ts';
import { applicationIdentifier } from './ai-table.ts';
import { calendarDay } from './dates.ts';
import { CONTENT_CHECKS } from './content-checks.ts';
import { valueFaults } from './value-faults.ts';

/** The days that an element's dates of two-digit years stand for, as "2026-11-30", in their order; none where its value is wrong. */
export function calendarDaysOf({ ai, value }: Element, referenceYear: number): readonly string[] {
  const entry = applicationIdentifier(ai);
  if (entry === undefined || valueFaults(entry, value).length > 0) return [];
  const days: string[] = [];
  let at = 0;
  for (const { charactersMax, checks } of entry.parts) {
    const text = value.slice(at, at + charactersMax);
    at += text.length;
    const day = checks.some((check) => check === CONTENT_CHECKS['yymmd0'] || check === CONTENT_CHECKS['yymmdd']) ? calendarDay(text, referenceYear) : undefined;
    if (day !== undefined) days.push(day);
  }
  return days;
}
