import { readFileSync } from 'node:fs';

/** One call of the traced program under the watched folder, in order. */
export type TraceRecord =
  | { readonly type: 'create'; readonly inode: number; readonly name: string }
  | { readonly type: 'write'; readonly inode: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly inode: number; readonly length: number }
  /** Of a file or of the folder itself; `failed` if the program was told so. */
  | { readonly type: 'sync'; readonly inode: number; readonly failed: boolean }
  | { readonly type: 'unlink'; readonly name: string }
  | { readonly type: 'rename'; readonly name: string; readonly to: string }
  /** Not a call: what the program said at this moment. */
  | { readonly type: 'mark'; readonly text: string };

/** Reads what the shim traced (struct record in storage-shim/storage-shim.c). */
export function readTrace(file: string): TraceRecord[] {
  const content = readFileSync(file);
  const records: TraceRecord[] = [];
  for (let at = 0; at < content.length; ) {
    const type = TYPES[content.readUInt32LE(at)];
    const failed = content.readUInt32LE(at + 4) !== 0;
    const inode = Number(content.readBigUInt64LE(at + 8));
    const position = Number(content.readBigUInt64LE(at + 16));
    const nameEnd = at + HEAD_BYTES + content.readUInt32LE(at + 24);
    const name = content.toString('utf8', at + HEAD_BYTES, nameEnd);
    const bytes = content.subarray(nameEnd, nameEnd + content.readUInt32LE(at + 28));
    at = nameEnd + bytes.length;
    switch (type) {
      case 'create':
        records.push({ type, inode, name });
        break;
      case 'write':
        records.push({ type, inode, at: position, bytes });
        break;
      case 'truncate':
        records.push({ type, inode, length: position });
        break;
      case 'sync':
        records.push({ type, inode, failed });
        break;
      case 'unlink':
        records.push({ type, name });
        break;
      case 'rename':
        records.push({ type, name, to: bytes.toString('utf8') });
        break;
      case 'mark':
        records.push({ type, text: bytes.toString('utf8') });
        break;
      case undefined:
        throw new Error(`${file} is not a trace, or ends in the middle of a record`);
    }
  }
  return records;
}

const TYPES = [undefined, 'create', 'write', 'truncate', 'sync', 'unlink', 'rename', 'mark'] as const;

const HEAD_BYTES = 32;
