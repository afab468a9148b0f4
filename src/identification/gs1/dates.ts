/**
 * The full year of a two-digit one: the year within 49 years before and 50 years after the reference year (GS1 General
 * Specifications 7.12).
 */
export function fullYear(twoDigits: number, referenceYear: number): number {
  const century = referenceYear - (referenceYear % 100);
  const distance = twoDigits - (referenceYear % 100);
  if (distance >= 51) return century - 100 + twoDigits;
  if (distance <= -50) return century + 100 + twoDigits;
  return century + twoDigits;
}

/**
 * The day that YYMMDD stands for, as "2026-02-28"; undefined when there is no such day. Day 00 is the last day of its month
 * (GS1 General Specifications 3.4).
 */
export function calendarDay(yymmdd: string, referenceYear: number): string | undefined {
  if (!/^\d{6}$/.test(yymmdd)) return undefined;
  const year = fullYear(Number(yymmdd.slice(0, 2)), referenceYear);
  const month = Number(yymmdd.slice(2, 4));
  const last = daysOf(year, month);
  const day = Number(yymmdd.slice(4)) || last;
  if (last === 0 || day > last) return undefined;
  return `${year}-${padded(month)}-${padded(day)}`;
}

/**
 * What is wrong with a date of YYMMDD or YYYYMMDD, in words; undefined when nothing is. It needs no reference year: whether
 * 29 February exists depends on the century only for the year 00, which is 2000 for any reference year until 2049.
 */
export function dateFault(digits: string, { dayMayBeZero }: { readonly dayMayBeZero: boolean }): string | undefined {
  const year = digits.length === 8 ? Number(digits.slice(0, 4)) : 2000 + Number(digits.slice(0, 2));
  const month = digits.slice(-4, -2);
  const day = digits.slice(-2);
  const last = daysOf(year, Number(month));
  if (last === 0) return `there is no month ${month}`;
  if (day === '00') return dayMayBeZero ? undefined : 'the day is 00';
  return Number(day) > last ? `there is no day ${day} in month ${month} of ${year}` : undefined;
}

/** 0 when there is no such month. */
function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 ? (leap ? 29 : 28) : ([31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
}

function padded(number: number): string {
  return String(number).padStart(2, '0');
}
