/**
 * CRC-16/MODBUS over the bytes: polynomial 0xA001 reflected, initial value 0xFFFF, sent low byte first (Modbus over
 * Serial Line V1.02, section 2.5.1.2 and appendix B). "123456789" gives 0x4B37.
 */
export function crc16Modbus(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let at = from; at < to; at += 1) {
    crc ^= bytes[at] ?? 0;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}
