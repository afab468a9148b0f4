import type { MqttVersion } from '../../../src/delivery/connection.ts';

/** A broker on a port of this machine that tests can take away and bring back. */
export interface Broker {
  readonly port: number;
  readonly url: string;
  /** Starts it, on the same port each time and with what it has kept on disk; resolves when it listens. */
  start(): Promise<void>;
  /** Ends it, by default in an orderly way; resolves when it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Ends it for good and removes what it has kept. */
  remove(): Promise<void>;
}

/** A kind of broker that the delivery suite runs against. */
export interface BrokerKind {
  readonly name: string;
  /** Why it cannot be tried on this machine, in words that name the remedy; undefined where it can. */
  readonly missing: string | undefined;
  /** The MQTT version that a gateway ends up with when it may choose. */
  readonly mqttVersion: MqttVersion;
  /** One that does not run yet, for the caller to remove. */
  readonly prepare: () => Promise<Broker>;
}
