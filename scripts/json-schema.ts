import { lineOf } from '../src/config/device.ts';
import { deviceSchema, mqttSchema, wholeSchema } from '../src/config/schema.ts';
import type { Driver } from '../src/driver-kit/define-driver.ts';
import { z } from '../src/driver-kit/options.ts';

/** JSON Schema as zod writes it. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of a whole configuration file for editors, with the options of every driver. */
export function configurationJsonSchema(drivers: readonly Driver[]): JsonSchema {
  const [first, ...others] = drivers.map(deviceOf);
  if (first === undefined) throw new Error('there is no driver to make a schema of');
  const names = wholeSchema.shape.devices.keyType;
  const whole = wholeSchema.extend({
    mqtt: mqttSchema.describe(descriptionOf(wholeSchema.shape.mqtt)),
    devices: z.record(names, z.discriminatedUnion('driver', [first, ...others])).describe(descriptionOf(wholeSchema.shape.devices)),
  });
  return jsonSchemaOf(whole.meta({ title: 'Tailgate configuration' }));
}

/** The schema of a driver's own options. */
export function optionsJsonSchema(driver: Driver): JsonSchema {
  return jsonSchemaOf(driver.options);
}

/** The schema of what every device has; the driver is any. */
export function deviceJsonSchema(): JsonSchema {
  return jsonSchemaOf(deviceSchema);
}

/** Draft 7, which the editors' YAML language server knows best. What is written is described, not what comes of it. */
function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
}

/** Whether a driver speaks over a line, which has parameters, in place of a radio. */
export function hasLine({ form }: Driver): boolean {
  return form === 'listening' || form === 'polling';
}

function deviceOf(driver: Driver): z.ZodObject<{ driver: z.ZodLiteral<string> }> {
  const taken = Object.keys(driver.options.shape).filter((key) => key in deviceSchema.shape);
  if (taken.length > 0) throw new Error(`drivers/${driver.name}: every device has a key "${taken.join('", "')}"; choose another name`);
  if (!hasLine(driver)) {
    const { baudRate: _b, dataBits: _d, parity: _p, stopBits: _s, ...common } = deviceSchema.shape;
    return z.strictObject({ ...common, driver: z.literal(driver.name).describe(driver.summary), ...driver.options.shape });
  }
  const line = lineOf({}, driver.serial);
  const { baudRate, dataBits, parity, stopBits } = deviceSchema.shape;
  return z.strictObject({
    ...deviceSchema.shape,
    driver: z.literal(driver.name).describe(driver.summary),
    baudRate: baudRate.meta({ description: descriptionOf(baudRate), default: line.baudRate }),
    dataBits: dataBits.meta({ description: descriptionOf(dataBits), default: line.dataBits }),
    parity: parity.meta({ description: descriptionOf(parity), default: line.parity }),
    stopBits: stopBits.meta({ description: descriptionOf(stopBits), default: line.stopBits }),
    ...driver.options.shape,
  });
}

function descriptionOf(schema: z.ZodType): string {
  return schema.description ?? '';
}
