import { z } from 'zod';
import { parseDuration, parseSize } from '../core/amount.ts';

/**
 * The one door to zod. A driver's options are a strict object of these, every field with `.describe(...)`; from it
 * come the TypeScript type, the validation, the JSON Schema for editors and the option table in the driver's README.
 */
export { z };

/** A duration written with its unit, such as "500 ms" or "10 min"; the driver gets milliseconds. */
export function duration(limits: { readonly min?: string; readonly max?: string } = {}): z.ZodType<number, string> {
  return amount('duration', 'like "500 ms", "10 s", "5 min", "2 h" or "7 d"', parseDuration, limits);
}

/** A size written with its unit, such as "4 KiB"; the driver gets bytes. */
export function size(limits: { readonly min?: string; readonly max?: string } = {}): z.ZodType<number, string> {
  return amount('size', 'like "512 B", "4 KiB", "100 MiB" or "2 GiB"', parseSize, limits);
}

function amount(
  noun: string,
  likeThis: string,
  parse: (text: string) => number | undefined,
  { min, max }: { readonly min?: string; readonly max?: string },
): z.ZodType<number, string> {
  const least = min === undefined ? undefined : parse(min);
  const most = max === undefined ? undefined : parse(max);
  return z
    .string({ error: `write a ${noun} with its unit, ${likeThis}` })
    .meta({ examples: [min ?? likeThis.split('"')[1] ?? ''] })
    .transform((text, context) => {
      const value = parse(text);
      if (value === undefined) {
        context.addIssue({ code: 'custom', message: `write a ${noun} with its unit, ${likeThis}` });
      } else if (least !== undefined && value < least) {
        context.addIssue({ code: 'custom', message: `at least ${min ?? ''} is needed` });
      } else if (most !== undefined && value > most) {
        context.addIssue({ code: 'custom', message: `at most ${max ?? ''} is allowed` });
      } else {
        return value;
      }
      return z.NEVER;
    });
}
