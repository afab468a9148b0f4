import { setTimeout as wait } from 'node:timers/promises';
import { EmulatedController } from '../test/support/ble/controller.ts';
import { type AirOrder, type AirReport, tagAddress } from './air.ts';
import { monotonicMs } from './monotonic.ts';

/**
 * Run as a process of its own by `AirProcess`, so that it is in nobody's figures: an emulated controller and all that it
 * hears. It tells its port first, then what it sent for each order.
 */
/** Not connectable (Core 5.4, volume 4, part E, section 7.7.65.2). */
const HEADING = { type: 3, addressType: 'random', rssi: -60 } as const;
const NAME = Buffer.from('\u0009\u0009stranger', 'latin1');
const nothing = (): void => undefined;
const controller = new EmulatedController('00:11:22:33:44:55', { advertisingChanged: nothing, connectWanted: nothing, carry: nothing, hungUp: nothing, resetBy: nothing });
let values = 0;
let strangers = 0;
process.on('message', (order: AirOrder) => void advertise(order).then((report) => process.send?.(report)));
process.on('disconnect', () => process.exit(0));
process.send?.(controller.path);

async function advertise({ count, perSecond, tags, tagEvery }: AirOrder): Promise<AirReport> {
  const sentMs = new Map<number, number>();
  const startMs = monotonicMs();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.floor(((monotonicMs() - startMs) / 1000) * perSecond) + 1);
    for (; sent < due; sent += 1) {
      if (tagEvery > 0 && sent % tagEvery === 0) {
        sentMs.set(values, monotonicMs());
        controller.report({ ...HEADING, address: tagAddress(values % tags), data: counting(Math.floor(values / tags), values) });
        values += 1;
      } else {
        controller.report({ ...HEADING, address: strangeAddress(), data: Buffer.concat([counting(1, strangers), NAME]) });
        strangers += 1;
      }
    }
    await wait(1);
  }
  return { sentMs, tookMs: monotonicMs() - startMs };
}

/** Random and resolvable by nobody, as telephones have. */
function strangeAddress(): string {
  const digits = strangers.toString(16).padStart(8, '0').toUpperCase();
  return `40:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}:${digits.slice(6)}`;
}

/** BTHome's count with a packet id. */
function counting(packet: number, value: number): Buffer {
  const data = Buffer.from('0201060B16D2FC4000003E00000000', 'hex');
  data.writeUInt8(packet & 0xff, 9);
  data.writeUInt32LE(value, 11);
  return data;
}

