import { spokenDuration } from '../core/amount.ts';
import { printableJson } from '../core/printable.ts';
import { ask, socketPath } from '../operations/control-socket.ts';

/** What `tailgate status` prints of a running gateway; the answer of its `status` command. */
interface Status {
  readonly gateway: string;
  readonly site: string;
  readonly version: string;
  readonly uptimeMs: number;
  readonly configuration: { readonly file: string; readonly hash: string };
  readonly clock: string;
  readonly broker: { readonly connected: boolean; readonly url: string; readonly mqtt?: string; readonly forMs: number; readonly why?: string; readonly held?: string };
  readonly outbox: {
    readonly source: string;
    readonly waiting: { readonly scan: number; readonly meter: number };
    readonly settled: number;
    readonly quarantined: number;
    readonly holds?: string;
    readonly fault?: string;
  };
  readonly led?: { readonly path: string; readonly state: string; readonly why?: string };
  readonly devices: readonly { readonly device: string; readonly state: string; readonly forMs: number; readonly why?: string; readonly link?: string; readonly readings: number; readonly unchanged: number; readonly tooSoon: number; readonly refused: number; readonly faults: number; readonly repeats: number; readonly feedbackLost: number; readonly discarded: Readonly<Record<string, number>> }[];
  readonly alarms: readonly string[];
}

/**
 * Asks the gateway whose outbox lies in the directory and prints the answer in words, or as JSON. Text of devices and
 * the network was made printable by the gateway, at its source.
 */
export async function statusCommand({ directory, json, write }: { readonly directory: string; readonly json: boolean; readonly write: (line: string) => void }): Promise<number> {
  const answer = await ask(socketPath(directory), 'status');
  if (json) {
    write(printableJson(answer));
    return 0;
  }
  for (const line of spoken(answer as Status)) write(line);
  return 0;
}

function spoken(status: Status): readonly string[] {
  const { broker, outbox, led, devices, alarms } = status;
  const { scan, meter } = outbox.waiting;
  return [
    `${status.gateway} at ${status.site}, Tailgate ${status.version}, running for ${spokenDuration(status.uptimeMs)}, clock ${status.clock}`,
    `configuration  ${status.configuration.file} (${status.configuration.hash})`,
    `broker         ${broker.connected ? `connected to ${broker.url} with MQTT ${broker.mqtt ?? ''}` : 'not connected'} for ${spokenDuration(broker.forMs)}`,
    ...(broker.why === undefined ? [] : [`               ${broker.why}`]),
    ...(broker.held === undefined ? [] : [`               nothing is sent: ${broker.held}`]),
    `outbox         ${scan} scans and ${meter} meter readings wait, ${outbox.settled} delivered since the start${outbox.quarantined === 0 ? '' : `, ${outbox.quarantined} in quarantine`}`,
    ...(outbox.holds === undefined ? [] : [`               holds ${outbox.holds}`]),
    ...(outbox.fault === undefined ? [] : [`               cannot store: ${outbox.fault}`]),
    ...(led === undefined ? [] : [`led            ${led.state}${led.why === undefined ? ` on ${led.path}` : `: ${led.why}`}`]),
    'devices',
    ...devices.flatMap(deviceLines),
    ...(alarms.length === 0 ? ['no alarms'] : ['alarms', ...alarms.map((alarm) => `  ! ${alarm}`)]),
  ];
}

function deviceLines({ device, state, forMs, why, link, readings, unchanged, tooSoon, refused, faults, repeats, feedbackLost, discarded }: Status['devices'][number]): readonly string[] {
  const counts = [`${readings} readings`, ...(unchanged > 0 ? [`${unchanged} measured again, same`] : []), ...(tooSoon > 0 ? [`${tooSoon} too soon to publish`] : []), ...(refused > 0 ? [`${refused} refused`] : []), ...(faults > 0 ? [`${faults} faults`] : []), ...(repeats > 0 ? [`${repeats} repeats`] : []), ...(feedbackLost > 0 ? [`${feedbackLost} answers too late`] : [])];
  const dropped = Object.entries(discarded).map(([reason, bytes]) => `${bytes} bytes ${reason}`);
  const place = state === 'open' && link !== undefined ? ` on ${link}` : '';
  return [
    `  ${device.padEnd(20)} ${state} for ${spokenDuration(forMs)}${place}: ${[...counts, ...dropped].join(', ')}`,
    ...(why === undefined ? [] : [`  ${' '.repeat(20)} ${why}`]),
  ];
}
