import type { PublishError } from '../core/errors.ts';

/** MQTT 5.0, or 3.1.1 for brokers that know no better. */
export type MqttVersion = '5' | '3.1.1';

/** Everything a connection is made with; files have been read. */
export interface ConnectionSettings {
  readonly url: string;
  readonly version: MqttVersion;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly keepaliveSeconds: number;
  /** What the broker publishes, retained, when this connection dies. */
  readonly will: { readonly topic: string; readonly payload: string };
}

/** One message to publish at QoS 1. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain?: boolean;
  readonly contentType?: string;
}

/** Told once what became of a message: nothing after a PUBACK, a PublishError after a refusal. */
export type Settled = (fault: PublishError | undefined) => void;

/** One certificate as a person knows it, and the wall time in milliseconds at which it ends. */
export interface CertificateEnd {
  readonly name: string;
  readonly endsMs: number;
}

/** One connection to a broker, from CONNACK to its end. It never reconnects and never stores. */
export interface Connection {
  readonly version: MqttVersion;
  /** Where it leads: the configured address, or the one that the broker has named. */
  readonly url: string;
  /** How many messages the broker takes unacknowledged (MQTT 5 receive maximum; 65,535 where it does not say). */
  readonly receiveMaximum: number;
  /** The largest packet the broker takes, in bytes, where it says. */
  readonly packetBytesMax: number | undefined;
  /** The certificates that the broker has shown, its own first; empty without TLS. */
  readonly peerCertificates: readonly CertificateEnd[];
  /**
   * Sends one message. `settled` is called once with what became of it; `nobody-listens` is PUBACK 0x10. It is not
   * called when the connection ends first: then the outcome is unknown and the message has to go again.
   */
  publish(message: Message, settled: Settled): void;
  /** Subscribes at QoS 1; what arrives goes to the listener given at connect. A broker that does not answer within 30 s ends the connection. */
  subscribe(topic: string, failed: (fault: PublishError) => void): void;
  /** Settles once when the connection is over, with the reason, or with undefined after `end()`. */
  readonly closed: Promise<PublishError | undefined>;
  /**
   * Ends it: `politely` with a DISCONNECT, so that no last will is sent, and by force if that takes two seconds;
   * `abruptly` at once. Resolves when the socket is gone.
   */
  end(how: 'politely' | 'abruptly'): Promise<void>;
}

/** What came on a subscribed topic. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** The broker had kept it from before. */
  readonly retained: boolean;
}
