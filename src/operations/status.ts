import type { DeviceReport } from '../acquisition/device-status.ts';
import type { Configuration } from '../config/configuration.ts';
import { spokenDuration } from '../core/amount.ts';
import type { JsonObject } from '../core/json.ts';
import type { DeliveryReport } from '../delivery/delivery.ts';
import type { Outbox } from '../outbox/outbox.ts';

/** What the status is drawn from. */
export interface StatusParts {
  readonly configuration: Configuration;
  readonly version: string;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  readonly nowMs: number;
  readonly clock: string;
  readonly delivery: DeliveryReport;
  readonly outbox: Pick<Outbox, 'source' | 'gathered' | 'capacity' | 'fault'>;
  /** The adapter for BLE devices, where there are some. */
  readonly radio?: JsonObject | undefined;
  /** The box's own LED, where one is configured. */
  readonly led?: JsonObject | undefined;
  readonly devices: readonly DeviceReport[];
  readonly alarms: readonly string[];
}

/** Everything a person or a monitor wants to know of a running gateway; durations in milliseconds. */
export function statusReport({ configuration, version, startedMs, nowMs, clock, delivery, outbox, radio, led, devices, alarms }: StatusParts): JsonObject {
  const { gateway, site, file, hash, mqtt } = configuration;
  const { tracks: _, alarms: __, connected, why, held, mqttVersion, sinceMs, lastAcknowledgedMs, ...counts } = delivery;
  const { usedBytes, limitBytes, waitingBytes, leftMs } = outbox.capacity;
  const ago = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(nowMs - ms));
  return {
    gateway,
    site,
    version,
    uptimeMs: ago(startedMs),
    configuration: { file, hash },
    clock,
    broker: { connected, url: mqtt.url, mqtt: mqttVersion, forMs: ago(sinceMs), why, held },
    outbox: {
      source: outbox.source,
      ...counts,
      gathered: outbox.gathered,
      lastAcknowledgedMsAgo: ago(lastAcknowledgedMs),
      usedBytes,
      waitingBytes,
      limitBytes,
      leftMs: leftMs === undefined ? undefined : Math.round(leftMs),
      holds: leftMs === undefined ? undefined : `${spokenDuration(leftMs)} more at the present rate`,
      fault: outbox.fault,
    },
    radio,
    led,
    devices: devices.map(({ sinceMs: stateSinceMs, counts: deviceCounts, ...report }) => ({ ...report, forMs: ago(stateSinceMs), ...deviceCounts })),
    alarms,
  };
}
