import type { Words } from '../messages.ts';

/** What the library says when a connection ended: the reason's number over HCI, a word through BlueZ. */
export function spokenEnd(reason: string): Words {
  return /^\d+$/.test(reason) ? spokenCode('the device disconnected', Number(reason)) : { what: 'the device disconnected: BlueZ does not say why', remedy: IN_GENERAL };
}

/** What the library says when a call failed. */
export function spokenFault(said: string): Words {
  const reason = /^Disconnected (\w+)$/i.exec(said)?.[1];
  if (reason !== undefined) return spokenEnd(reason);
  const code = /\(0x([0-9a-f]{1,2})\)$/.exec(said)?.[1];
  return code === undefined ? { what: said, remedy: IN_GENERAL } : spokenCode('connecting failed', Number.parseInt(code, 16));
}

/** The code with which a device refused a request, in what BlueZ makes of it (src/gatt-client.c, `create_gatt_dbus_error`); undefined when it is no refusal. */
export function refusalIn(said: string): number | undefined {
  const code = /ATT error: 0x([0-9a-f]{2})/i.exec(said)?.[1];
  return code === undefined ? BLUEZ_REFUSALS.find(([pattern]) => pattern.test(said))?.[1] : Number.parseInt(code, 16);
}

/** What a device's refusal means (Core 5.4, volume 3, part F, section 3.4.1.1). */
export function spokenRefusal(code: number): Words {
  const { what, remedy } = REFUSALS.get(code) ?? { what: 'the device refuses', remedy: 'Its maker can say why; restart the device, and leave out what it does not give' };
  return { what: `${what} (${hex(code)})`, remedy };
}

function spokenCode(head: string, code: number): Words {
  const { what, remedy } = CODES.get(code) ?? { what: 'it gave no reason that has a remedy of its own', remedy: IN_GENERAL };
  return { what: `${head}: ${what} (${hex(code)})`, remedy };
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

const IN_GENERAL = 'It is tried again by itself; if that goes on, check that the device is on, in range and connected to nothing else, and switch it off and on';
const UNPAIR = 'Remove the pairing on both sides, here with `bluetoothctl remove` and its address, and switch the device off and on';
const NEARER = 'It is tried again by itself; if that goes on, bring the device nearer, look at its battery, and keep the adapter away from USB 3 and Wi-Fi';
const PAIR = 'Tailgate does not pair: let the device work without, or use it through BlueZ (`ble.adapter: bluez`) and pair it once with `bluetoothctl pair` and its address';

/** The codes that occur when connecting and reading (Core 5.4, volume 1, part F, section 2). */
const CODES: ReadonlyMap<number, Words> = new Map([
  [0x02, { what: 'the connection is gone already', remedy: 'It is made again by itself; if that goes on, switch the device off and on' }],
  [0x05, { what: 'it does not accept the key of its pairing', remedy: UNPAIR }],
  [0x06, { what: 'the key of its pairing is missing, here or there', remedy: UNPAIR }],
  [0x08, { what: 'it was no longer heard', remedy: 'It is tried again by itself; if that goes on, check that the device is on and in range, and its battery' }],
  [0x13, { what: 'it hung up', remedy: 'It is tried again by itself; if that goes on, check that no telephone and no other gateway connects to it, and its battery' }],
  [0x16, { what: 'it was hung up on from here', remedy: 'It is tried again by itself; if that goes on, check that no other program uses the adapter' }],
  [0x22, { what: 'it was too slow to answer', remedy: `${NEARER}, and switch the device off and on` }],
  [0x3b, { what: 'it does not accept the timing of the connection', remedy: 'Look for newer firmware of the device and of the adapter, or use another adapter' }],
  [0x3d, { what: 'a packet was not encrypted with the key of its pairing', remedy: UNPAIR }],
  [0x3e, { what: 'the connection did not come about, though the device was heard', remedy: NEARER }],
]);

const REFUSALS: ReadonlyMap<number, Words> = new Map([
  [0x02, { what: 'the device does not let this be read', remedy: 'Leave it out, or have it notified where the device does that' }],
  [0x03, { what: 'the device does not let this be written', remedy: 'Check which characteristic is written to' }],
  [0x05, { what: 'the device wants to be paired with first', remedy: PAIR }],
  [0x08, { what: 'the device does not allow this to everybody', remedy: 'Its maker can say how a gateway is admitted, or leave it out' }],
  [0x0c, { what: 'the device wants a longer key than its pairing has', remedy: PAIR }],
  [0x0f, { what: 'the device wants to be paired with first', remedy: PAIR }],
]);

const BLUEZ_REFUSALS: readonly (readonly [RegExp, number])[] = [
  [/^not paired$/i, 0x05],
  [/^read not permitted$/i, 0x02],
  [/^write not permitted$/i, 0x03],
  [/^operation not authorized$/i, 0x08],
];
