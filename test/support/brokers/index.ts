import { aedes } from './aedes.ts';
import type { BrokerKind } from './broker.ts';
import { mosquitto } from './mosquitto.ts';
import { nats } from './nats.ts';
import { rabbitMq } from './rabbitmq.ts';

/** Every broker that the delivery suite runs against. */
export const BROKERS: readonly BrokerKind[] = [mosquitto, rabbitMq, nats, aedes];
