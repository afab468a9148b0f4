import { readSync, writeSync } from 'node:fs';
import { crc16Modbus } from '../src/driver-kit/checksum.ts';
import { codeOf } from '../src/core/errors.ts';
import { openPtyDescriptors } from '../test/support/pty.ts';
import { CHARACTER_MS, FRAME_GAP_MS } from './bus-line.ts';

/**
 * Run as a process of its own by `bench/bus.ts`: any number of Modbus slaves on one line whose bytes come at the pace of the
 * line. A pseudo-terminal takes a question at once, so its time on the wire is waited for here; the slave answers one
 * frame gap later; the answer is handed over in the pieces that a 16550A UART makes of it, each when its last byte
 * is through. It sleeps and reads by itself, without Node's timers, whose grain of 1 ms is too coarse. It tells
 * its port first, then each second the shortest silence before a question so far.
 */
const QUESTION_BYTES = 8;
/** The usual trigger level of a 16550A's 16-byte FIFO. */
const FIFO_BYTES = 14;
/** How often it looks for a question. */
const LOOK_MS = 0.1;
const { master, path } = openPtyDescriptors();
const asleep = new Int32Array(new SharedArrayBuffer(4));
const received = Buffer.alloc(256);
let shortestSilenceMs = Infinity;
console.log(path);
let endMs = -Infinity;

for (let told = nowMs(); ; ) {
  const askedMs = question();
  if (endMs > 0) shortestSilenceMs = Math.min(shortestSilenceMs, askedMs - endMs);
  const answer = answerTo(received);
  const startMs = askedMs + QUESTION_BYTES * CHARACTER_MS + FRAME_GAP_MS;
  for (let at = 0; at < answer.length; at += FIFO_BYTES) {
    const piece = answer.subarray(at, at + FIFO_BYTES);
    sleepUntil(startMs + (at + piece.length) * CHARACTER_MS);
    endMs = nowMs(); // before the write: the system may let this process wait after it
    writeSync(master, piece);
  }
  if (endMs - told > 1000 && shortestSilenceMs < Infinity) {
    console.log(JSON.stringify({ shortestSilenceMs }));
    told = endMs;
  }
}

/** Waits for a whole question and returns when its first byte came. */
function question(): number {
  let firstMs = 0;
  for (let at = 0; at < QUESTION_BYTES; ) {
    try {
      at += readSync(master, received, at, QUESTION_BYTES - at, null);
      if (firstMs === 0) firstMs = nowMs();
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(asleep, 0, 0, LOOK_MS);
    }
  }
  return firstMs;
}

/** Each register holds the unit and its own number. */
function answerTo(asked: Buffer): Buffer {
  const count = asked.readUInt16BE(4);
  const answer = Buffer.alloc(5 + 2 * count);
  answer.set([asked[0] ?? 0, asked[1] ?? 0, 2 * count]);
  for (let index = 0; index < count; index += 1) answer.set([asked[0] ?? 0, asked.readUInt16BE(2) + index], 3 + 2 * index);
  answer.writeUInt16LE(crc16Modbus(answer, 0, answer.length - 2), answer.length - 2);
  return answer;
}

function sleepUntil(atMs: number): void {
  const restMs = atMs - nowMs();
  if (restMs > 0) Atomics.wait(asleep, 0, 0, restMs);
}

function nowMs(): number {
  return performance.now();
}

