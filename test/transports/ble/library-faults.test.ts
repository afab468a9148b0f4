import { describe, expect, it } from 'vitest';
import { refusalIn, spokenEnd, spokenFault, spokenRefusal } from '../../../src/transports/ble/child/library-faults.ts';

describe('what the BLE library says of a connection', () => {
  it.each([
    [0x02, 'the connection is gone already (0x02)', /made again/],
    [0x05, 'it does not accept the key of its pairing (0x05)', /bluetoothctl remove/],
    [0x06, 'the key of its pairing is missing, here or there (0x06)', /bluetoothctl remove/],
    [0x08, 'it was no longer heard (0x08)', /battery/],
    [0x13, 'it hung up (0x13)', /telephone/],
    [0x16, 'it was hung up on from here (0x16)', /no other program/],
    [0x22, 'it was too slow to answer (0x22)', /nearer/],
    [0x3b, 'it does not accept the timing of the connection (0x3b)', /firmware/],
    [0x3d, 'a packet was not encrypted with the key of its pairing (0x3d)', /bluetoothctl remove/],
    [0x3e, 'the connection did not come about, though the device was heard (0x3e)', /nearer/],
  ])('is a meaning and a remedy for the code %i, however it is said', (code, what, remedy) => {
    for (const [said, head] of [
      [spokenEnd(String(code)), 'the device disconnected'],
      [spokenFault(`Disconnected ${code}`), 'the device disconnected'],
      [spokenFault(`Some Name of It (0x${code.toString(16)})`), 'connecting failed'],
    ] as const) {
      expect(said.what).toBe(`${head}: ${what}`);
      expect(said.remedy).toMatch(remedy);
    }
  });

  it('has a remedy for any other code and any other words, which are told as they are', () => {
    expect(spokenEnd('31')).toEqual({ what: 'the device disconnected: it gave no reason that has a remedy of its own (0x1f)', remedy: expect.stringContaining('switch it off and on') });
    expect(spokenEnd('remote').what).toBe('the device disconnected: BlueZ does not say why');
    expect(spokenFault('Disconnected remote').what).toBe('the device disconnected: BlueZ does not say why');
    expect(spokenFault('le-connection-abort-by-local')).toEqual({ what: 'le-connection-abort-by-local', remedy: expect.stringContaining('switch it off and on') });
  });

  it.each([
    ['Not paired', 0x05],
    ['Read not permitted', 0x02],
    ['Write not permitted', 0x03],
    ['Operation Not Authorized', 0x08],
    ['Operation failed with ATT error: 0x80', 0x80],
    ['Not Connected', undefined],
    ['Disconnected 5', undefined],
  ])('is what the device answered where BlueZ says "%s"', (said, code) => {
    expect(refusalIn(said)).toBe(code);
  });

  it.each([
    [0x02, 'the device does not let this be read (0x02)', /Leave it out/],
    [0x03, 'the device does not let this be written (0x03)', /characteristic/],
    [0x05, 'the device wants to be paired with first (0x05)', /bluetoothctl pair/],
    [0x08, 'the device does not allow this to everybody (0x08)', /maker/],
    [0x0f, 'the device wants to be paired with first (0x0f)', /bluetoothctl pair/],
    [0x80, 'the device refuses (0x80)', /maker/],
  ])('has words and a remedy for the refusal %i', (code, what, remedy) => {
    expect(spokenRefusal(code).what).toBe(what);
    expect(spokenRefusal(code).remedy).toMatch(remedy);
  });
});
