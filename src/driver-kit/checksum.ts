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

/**
 * CRC-16 of a Gen2 tag's control word and EPC, as the tag sends it after them (GS1 EPC UHF Gen2 Air Interface Protocol,
 * section 6.3.1.5, the CRC-16 of ISO/IEC 13239): polynomial 0x1021, initial value 0xFFFF, the result inverted, sent
 * high byte first. "123456789" gives 0xD64E.
 */
export function gen2Crc(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let at = from; at < to; at += 1) {
    crc ^= (bytes[at] ?? 0) << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc ^ 0xffff;
}
