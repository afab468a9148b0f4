import type { Message, MqttVersion } from './connection.ts';

/** The bytes of a PUBLISH packet at QoS 1 (MQTT 5.0 and 3.1.1, section 3.3), which a broker's limit counts from the first. */
export function publishBytes({ topic, payload, contentType }: Message, version: MqttVersion): number {
  const properties = version === '5' && contentType !== undefined ? 1 + 2 + Buffer.byteLength(contentType) : 0;
  const propertiesField = version === '5' ? lengthBytes(properties) + properties : 0;
  const remaining = 2 + Buffer.byteLength(topic) + PACKET_ID_BYTES + propertiesField + Buffer.byteLength(payload);
  return 1 + lengthBytes(remaining) + remaining;
}

/** The largest remaining length that MQTT can write (MQTT 5.0, section 1.5.5). */
export const REMAINING_LENGTH_MAX = 268_435_455;

/** How many bytes a variable byte integer takes. */
function lengthBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

const PACKET_ID_BYTES = 2;
