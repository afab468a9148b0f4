/**
 * Reads a barcode of Code 128 out of an SVG as bwip-js draws it: bars are vertical strokes. Throws when anything is wrong with
 * it: a width, the check character, the quiet zones. The table is that of ISO/IEC 15417, table 1.
 */
export function readCode128(svg: string): string {
  const runs = runsOf(svg);
  const widths = runs.join('');
  if (!widths.endsWith(STOP) || widths.length % 6 !== 1) throw new Error(`no stop: ${widths}`);
  const values = (widths.slice(0, -STOP.length).match(/.{6}/g) ?? []).map((pattern) => {
    const value = PATTERNS.indexOf(pattern);
    if (value === -1) throw new Error(`no character ${pattern}`);
    return value;
  });
  const check = values.pop();
  const sum = values.reduce((total, value, at) => total + value * Math.max(at, 1), 0);
  if (sum % 103 !== check) throw new Error('the check character is wrong');
  return textOf(values);
}

/** Bars and gaps in modules, beginning with a bar. */
function runsOf(svg: string): readonly number[] {
  const width = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  const bars = [...svg.matchAll(/stroke-width="([\d.]+)" d="([^"]*)"/g)].flatMap(([, stroke, path = '']) =>
    [...path.matchAll(/M([\d.]+) /g)].map(([, centre]) => ({ from: Number(centre) - Number(stroke) / 2, to: Number(centre) + Number(stroke) / 2 })),
  );
  bars.sort((a, b) => a.from - b.from);
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined || first.from < QUIET || width - last.to < QUIET) throw new Error('no quiet zone');
  return bars.flatMap(({ from, to }, at) => (at === 0 ? [to - from] : [from - (bars[at - 1]?.to ?? 0), to - from]));
}

function textOf([start = 0, ...values]: readonly number[]): string {
  let set = start;
  let text = '';
  for (const value of values) {
    if (value >= 99 && value <= 101) set = { 99: START_C, 100: START_B, 101: START_A }[value] ?? set;
    else if (set === START_C) text += String(value).padStart(2, '0');
    else text += String.fromCharCode(set === START_A && value >= 64 ? value - 64 : value + 32);
  }
  return text;
}

const QUIET = 10;
const START_A = 103;
const START_B = 104;
const START_C = 105;
const STOP = '2331112';
const PATTERNS =
  '212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232'.split(' ');
