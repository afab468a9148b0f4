import { spokenLine } from '../src/config/configuration.ts';
import { lineOf } from '../src/config/device.ts';
import type { Driver } from '../src/driver-kit/define-driver.ts';
import { configurationJsonSchema, deviceJsonSchema, hasLine, type JsonSchema, optionsJsonSchema } from './json-schema.ts';
import { optionTable } from './option-table.ts';

/** docs/configuration.md: every key there is. */
export function configurationPage(drivers: readonly Driver[]): string {
  const whole = configurationJsonSchema(drivers);
  const { mqtt, devices, ...top } = (whole.properties ?? {}) as Record<string, JsonSchema>;
  return `${[
    INTRODUCTION,
    '## The file',
    optionTable({ ...whole, properties: { ...top, mqtt: shallow(mqtt), devices: shallow(devices) } }),
    '## mqtt',
    optionTable(mqtt ?? {}),
    '## devices.NAME: every device',
    'The line\'s parameters default to what the driver says. A serial device server has settings of its own; give its `baudRate` here too, since waiting times follow from it.',
    optionTable(deviceJsonSchema()),
    ...drivers.flatMap((driver) => [`## devices.NAME with \`driver: ${driver.name}\``, driverOptions(driver)]),
  ].join('\n\n')}\n`;
}

/** What stands between the option marks of a driver's README. */
export function driverOptions(driver: Driver): string {
  const line = `Line: ${spokenLine(lineOf({}, driver.serial))} unless \`baudRate\`, \`dataBits\`, \`parity\` or \`stopBits\` say otherwise.`;
  return [`${driver.summary}.`, optionTable(optionsJsonSchema(driver)), ...(hasLine(driver) ? [line] : [])].join('\n\n');
}

function shallow(field: JsonSchema | undefined): JsonSchema {
  return { type: 'object', description: `${field?.description ?? ''} See below.` };
}

const INTRODUCTION = `# Configuration

<!-- Written by scripts/generate.ts from the schema in src/config/schema.ts and the drivers' options. Do not edit. -->

One YAML file is the truth: [config/gateway.example.yaml](../config/gateway.example.yaml) is one to start from. \`tailgate check FILE\` says
everything that is wrong with a file, with its place, on any machine and without the devices; it ends with 0, or with 78 when the file
cannot be used. Editors with a YAML language server complete and check the keys by the file's first line,
\`# yaml-language-server: $schema=./gateway.schema.json\`.

- Durations and sizes are written with their unit, such as \`500 ms\`, \`10 min\` or \`2 GiB\`; a bare number is refused.
- Numbers keep the digits that are written. One with more than a number holds, about 16, is refused: write it in quotes.
- An unknown key, a key that stands twice and a wrong value are refused, all of them at once.
- The file ends with a line break. One that ends within a line is refused, since it may be half written: \`address: 11\` cut to
  \`address: 1\` is another meter.
- Secrets never stand in this file. Keys that end in \`File\` name files: by their whole path, or by a bare name for a systemd
  credential (\`LoadCredential=\`). A password or private key that everybody on the machine may read is refused.
- A profile that a device names is looked for as \`NAME.yaml\` in the folder \`profiles\` beside this file, beside this file, and
  among those that the driver brings. A name that is found twice is refused; see [writing a profile](writing-a-profile.md).
- Devices may share a port when all of them are asked (as with \`modbus\`) and their line parameters are equal, \`protocol\` and
  \`echo\` too.`;
