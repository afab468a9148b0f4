import { createRequire } from 'node:module';
import type * as Bleno from '@stoprocent/bleno';
import type { PeripheralNews, PeripheralOrder, PeripheralPlan } from './peripheral.ts';

/** A peripheral of the real bleno on an emulated controller; the plan is the first argument, `Peripheral` starts it. */
const plan = JSON.parse(process.argv[2] ?? '') as PeripheralPlan;
// Not the package's main file, which opens the kernel's Bluetooth.
const withBindings = createRequire(import.meta.url)('@stoprocent/bleno/lib/resolve-bindings.js') as typeof Bleno.withBindings;
const bleno = withBindings('hci', { hciDriver: 'uart', bindParams: { uart: { port: plan.port, baudRate: 1_000_000 } } });
const notifiers = new Map<string, (bytes: Buffer) => void>();

function tell(news: PeripheralNews): void {
  process.send?.(news);
}

const services = plan.services.map(
  (service) =>
    new bleno.PrimaryService({
      uuid: service.uuid,
      characteristics: service.characteristics.map(
        (characteristic) =>
          new bleno.Characteristic({
            uuid: characteristic.uuid,
            properties: characteristic.properties,
            onReadRequest: (_handle, offset, answer) => answer(characteristic.refusal ?? 0, Buffer.from(characteristic.value ?? '', 'hex').subarray(offset)),
            onWriteRequest: (_handle, data, _offset, _withoutResponse, answer) => {
              tell({ kind: 'written', characteristic: characteristic.uuid, hex: data.toString('hex') });
              answer(characteristic.refusal ?? 0);
            },
            onSubscribe: (_handle, _size, update) => {
              notifiers.set(characteristic.uuid, (bytes) => update(bytes));
              tell({ kind: 'subscribed', characteristic: characteristic.uuid });
            },
          }),
      ),
    }),
);

function advertise(): void {
  bleno.setServices(services);
  bleno.startAdvertising(plan.name, plan.services.map(({ uuid }) => uuid).slice(0, 1), () => tell({ kind: 'advertising' }));
}

let begun = false;
bleno.on('stateChange', (state: string) => {
  if (state !== 'poweredOn' || begun) return;
  begun = true;
  advertise();
});
process.on('message', (order: PeripheralOrder) => {
  for (const [uuid, notify] of notifiers) if (uuid === order.characteristic) notify(Buffer.from(order.hex, 'hex'));
});
process.on('disconnect', () => process.exit());
