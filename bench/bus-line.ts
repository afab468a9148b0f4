/** Start, eight data bits, parity or a second stop bit, stop, at 115200 baud (Modbus over Serial Line V1.02, section 2.5.1). */
export const CHARACTER_MS = (11 * 1000) / 115_200;
/** Between frames above 19200 baud (the same, section 2.5.1.1). */
export const FRAME_GAP_MS = 1.75;
export const SLAVES = 32;
export const POINTS = 50;
/** One exchange on the wire, at the best: question, gap, answer with a register a point, gap. */
export const EXCHANGE_MS = (8 + 5 + 2 * POINTS) * CHARACTER_MS + 2 * FRAME_GAP_MS;
