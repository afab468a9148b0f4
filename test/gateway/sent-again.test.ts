import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DemoBroker } from '../../demo/broker.ts';
import { contractReceiver } from '../support/contract-receiver.ts';
import { ROOT } from '../support/delivery.ts';
import { temporaryFolder } from '../support/folders.ts';
import { TestGateway } from '../support/gateway.ts';
import { openPty } from '../support/pty.ts';
import { SSI_ACK, SSI_SEGMENT_ACK, ssiCode, ssiSegments } from '../support/ssi-frames.ts';
import { COMPILER, StorageShim } from '../support/storage-shim.ts';

const within = { timeout: 20_000, interval: 10 };
const LONG = `LONG-${'0123456789'.repeat(40)}`;

// Not where there is no C compiler: the README's test command has to pass with Node alone, and the pipeline installs one.
describe.skipIf(COMPILER === undefined)('a Zebra scanner whose code was stored but not acknowledged, before a gateway as a process (needs a C compiler)', () => {
  it('has it acknowledged when it sends it again, and it is counted once, over kill -9', async () => {
    const broker = await DemoBroker.start();
    onTestFinished(() => broker.close());
    const receiver = await contractReceiver(broker.url, { root: ROOT });
    const counted: unknown[] = [];
    receiver.counted = ({ type, data }) => void (type === 'tailgate.scan.v1' && counted.push(data['text']));
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'outbox'));
    const shim = StorageShim.over(join(folder, 'outbox'));
    const pty = openPty();
    onTestFinished(() => pty.close());
    let heard = '';
    pty.onData((chunk) => (heard += Buffer.from(chunk).toString('latin1')));
    const send = (frame: string): Promise<void> => pty.write(Buffer.from(frame, 'latin1'));
    const gateway = TestGateway.make({ folder, mqtt: `url: "${broker.url}"`, devices: { ring: `driver: zebra-ssi, port: ${pty.path}, feedback: acknowledge, answerWithin: 300 ms` } });
    const restarted = async (): Promise<void> => {
      gateway.start(shim.environment());
      await gateway.untilOpen();
    };
    /** The card is so slow that the commit comes after the scanner's time-out: no acknowledgement goes out. Then the gateway dies. */
    const diesBeforeAck = async (frames: readonly string[]): Promise<void> => {
      heard = '';
      shim.control.syncMs = 700;
      for (const frame of frames) await send(frame);
      await gateway.until(({ devices: [ring] }) => expect(ring?.readings).toBe(1));
      shim.control.syncMs = 0;
      await gateway.end('SIGKILL');
      expect(heard).toBe(SSI_SEGMENT_ACK.repeat(frames.length - 1));
      heard = '';
    };

    await restarted();
    await diesBeforeAck([ssiCode('PUMP-0042')]);
    await restarted();
    await send(ssiCode('PUMP-0042', 'again'));
    await vi.waitFor(() => expect(heard).toBe(SSI_ACK), within);
    await gateway.until(({ devices: [ring] }) => expect(ring).toMatchObject({ frames: 1, readings: 0, repeats: 1 }));
    await send(ssiCode('PUMP-0042')); // the person means it once more
    await vi.waitFor(() => expect(heard).toBe(SSI_ACK.repeat(2)), within);
    expect(await gateway.end('SIGTERM')).toBe(0);

    await restarted();
    await diesBeforeAck(ssiSegments(LONG));
    await restarted();
    for (const frame of ssiSegments(LONG, 'again')) await send(frame);
    await vi.waitFor(() => expect(heard).toBe(SSI_SEGMENT_ACK + SSI_ACK), within);
    await gateway.until(({ outbox }) => expect(outbox.waiting.scan).toBe(0));
    await vi.waitFor(() => expect(counted).toEqual(['PUMP-0042', 'PUMP-0042', LONG]), within);
  }, 90_000);
});
