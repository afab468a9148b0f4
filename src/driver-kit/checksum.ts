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

/**
 * CRC-16 of readers of the UHFReader18 family: polynomial 0x8408 reflected, initial value 0xFFFF, the result as it is, sent low
 * byte first (wabson/chafon-rfid, checksum.py; the CRC-16/MCRF4XX of the catalogues). "123456789" gives 0x6F91.
 */
export function crc16Chafon(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let at = from; at < to; at += 1) {
    crc ^= bytes[at] ?? 0;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  return crc;
}

/**
 * CRC-16 of ThingMagic's Mercury serial protocol: polynomial 0x1021, initial value 0xFFFF, the message's bits shifted in at the
 * low end and nothing behind them, so it is not the CRC-16 of CCITT; sent high byte first (SparkFun Simultaneous RFID Tag
 * Reader Library, calculateCRC). "123456789" gives 0xA69D.
 */
export function crc16Mercury(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let at = from; at < to; at += 1) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const shifted = ((crc << 1) | (((bytes[at] ?? 0) >> bit) & 1)) & 0xffff;
      crc = (crc & 0x8000) === 0 ? shifted : shifted ^ 0x1021;
    }
  }
  return crc;
}
