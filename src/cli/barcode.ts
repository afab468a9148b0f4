import { code128, drawingSVG } from 'bwip-js/node';

/** A barcode of Code 128 (ISO/IEC 15417) as an SVG element without anything outside of it, as large as it is to be printed. */
export function barcode(text: string): string {
  const svg = code128({ bcid: 'code128', text, scale: 1, height: BARS_HIGH_MM, paddingwidth: QUIET_MODULES, includetext: false }, drawingSVG());
  const [, width = '', height = ''] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  if (width === '' || height === '') throw new TypeError(`no size of the barcode ${text}`);
  const size = `width="${(Number(width) * MODULE_MM).toFixed(2)}mm" height="${BARS_HIGH_MM}mm" preserveAspectRatio="none"`;
  return svg.replace('<svg ', `<svg ${size} `).trim();
}

/** 0.33 mm (13 mil): read by every handheld scanner from a hand's breadth to an arm's length. */
const MODULE_MM = 0.33;
const BARS_HIGH_MM = 15;
/** Code 128 wants ten modules of white at each side. */
const QUIET_MODULES = 10;
