import { crc32 } from 'node:zlib';

/** The stream id that follows on another: eight hexadecimal digits that look as random as the first. */
export function streamIdAfter(streamId: string): string {
  return crc32(`${streamId}/next`).toString(16).padStart(8, '0');
}
