import { encodeJson, type JsonObject } from '../core/json.ts';
import type { ForwarderReport } from './forwarder-parts.ts';

/** What the `state` topic says beside what the forwarder knows. */
export interface GatewayFacts {
  readonly version: string;
  /** A short hash of the configuration file. */
  readonly configuration: string;
  readonly owner?: JsonObject | undefined;
  readonly clock: string;
  readonly devices: JsonObject;
  readonly alarms: readonly string[];
}

/** The retained message while the gateway is connected. */
export function onlineMessage(facts: GatewayFacts, report: ForwarderReport): string {
  return encodeJson({
    state: 'online',
    version: facts.version,
    configuration: facts.configuration,
    owner: facts.owner,
    clock: { state: facts.clock },
    backlog: report.waiting,
    streams: streamsOf(report),
    devices: facts.devices,
    alarms: [...facts.alarms],
  });
}

/** The retained message that the gateway leaves, or that the broker publishes as its last will. */
export function offlineMessage(facts: Pick<GatewayFacts, 'version' | 'configuration'>): string {
  return encodeJson({ state: 'offline', version: facts.version, configuration: facts.configuration });
}

function streamsOf({ tracks }: ForwarderReport): readonly JsonObject[] {
  const sources = [...new Set(tracks.map(({ source }) => source))];
  return sources.map((source) => {
    const lanes = tracks.filter((track) => track.source === source);
    return {
      source,
      first: 1,
      last: Math.max(...lanes.map(({ last }) => last)),
      lanes: Object.fromEntries(
        lanes.map(({ lane, settledUpto, waiting, firstUnsent }) => [lane, { watermark: settledUpto, waiting, firstUnsent: firstUnsent ?? null }]),
      ),
    };
  });
}
