import { duration, size, z } from '../driver-kit/options.ts';
import { readPattern } from '../core/pattern.ts';
import { CHECK_NAMES, RULE_ROLES } from '../core/scan-rule.ts';
import { brokerUrl } from './broker-url.ts';
import { bleAdapterSchema } from './ble-adapter.ts';
import { assetSchema, meterSchema } from './meter-schema.ts';
import { portSchema } from './port.ts';
import { secretFile } from './secret-file.ts';

/** One level of a topic: the names of gateway, site and devices. Other characters break in some brokers. */
const LEVEL = /^[A-Za-z0-9_-]{1,64}$/;

const LEVEL_WORDS = 'use 1 to 64 letters, digits, "_" and "-", since it becomes part of MQTT topics';
const level = z.string().regex(LEVEL, { error: LEVEL_WORDS });

/** The most levels of `mqtt.root`: two follow it, and AWS allows seven slashes. */
const ROOT_LEVELS_MAX = 6;
const root = z.string().regex(/^[^/]+(?:\/[^/]+){0,5}$/, { error: `write 1 to ${ROOT_LEVELS_MAX} levels with "/" between` }).refine(
  (text) => text.split('/').every((name) => name === '{site}' || name === '{gateway}' || LEVEL.test(name)),
  { error: 'use letters, digits, "_" and "-" in each level, or {site} and {gateway}' },
);

const folder = z.string().regex(/^\/./, { error: 'write the whole path, beginning with "/"' });

/** How the broker is reached and what counts as delivered. */
export const mqttSchema = z.strictObject({
  url: brokerUrl.describe('Where the broker is: mqtts://HOST with TLS or mqtt://HOST without; :8883 or :1883 unless a port is given.'),
  username: z.string().min(1).max(256).optional().describe('The user that the broker knows this gateway by; needs passwordFile.'),
  passwordFile: secretFile.optional().describe('The file that holds the password and nothing else, or the name of a systemd credential.'),
  caFile: secretFile.optional().describe('The file with the authority, in PEM, that signed the broker\'s certificate; the public ones when left out.'),
  certificateFile: secretFile.optional().describe('The file with this gateway\'s own certificate, in PEM; needs keyFile.'),
  keyFile: secretFile.optional().describe('The file with the private key of certificateFile, in PEM.'),
  clientId: z
    .string()
    .regex(/^[!-~]{1,128}$/, { error: 'use 1 to 128 printable ASCII characters without spaces' })
    .optional()
    .describe('The MQTT client id, which no other client of the broker may use; the name of the gateway when left out.'),
  root: root.prefault('tailgate/v1/{site}/{gateway}').describe('What every topic begins with; at most 6 levels.'),
  acknowledgedBy: z
    .enum(['broker', 'receiver'])
    .default('broker')
    .describe('Whose word settles a reading: the broker\'s, or the receiver\'s by its messages on the topic ack. A broker can lose what it confirmed.'),
  version: z
    .literal(['auto', 5, '5', '3.1.1'])
    .prefault('auto')
    .transform((version) => (version === 5 ? '5' : version))
    .describe('The MQTT version: auto tries 5, then 3.1.1.'),
  window: z.int().min(1).max(65_535).default(50).describe('The most readings in flight, that is sent and not confirmed yet; a broker can ask for fewer.'),
  keepalive: duration({ min: '5 s', max: '18 h' }).prefault('60 s').describe('How long the connection may be silent before a ping; shorter notices a dead line sooner and costs traffic.'),
  publishDeadline: duration({ min: '1 s', max: '10 min' }).prefault('30 s').describe('How long the broker may take to confirm a reading before the connection is given up.'),
  receiverOverdue: duration({ min: '1 s', max: '7 d' })
    .prefault('10 min')
    .describe('With acknowledgedBy receiver: what the receiver has not confirmed for this long is sent again.'),
  clockWait: duration({ min: '0 s', max: '1 h' })
    .prefault('2 min')
    .describe('Readings taken before the clock was set are held at most this long after the broker is reached, so that their time can be corrected before they are sent.'),
  drainPerSecond: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('The most meter readings a second out of what has gathered while there was no broker, so that scans and what is new keep the line; no limit when left out.'),
  noSubscribers: z
    .enum(['keep', 'accept'])
    .default('keep')
    .describe('What to do when the broker says that nobody subscribes: keep the readings and try again, or accept it as delivered (for brokers with rules).'),
});

/** Where readings wait until they are delivered. */
export const outboxSchema = z.strictObject({
  directory: folder.default('/var/lib/tailgate').describe('The folder for the readings, on a local disk.'),
  sizeMax: size({ min: '16 MiB', max: '1024 GiB' }).prefault('2 GiB').describe('The most room on the disk that readings may take.'),
  freeSpaceMin: size({ min: '1 MiB', max: '1024 GiB' }).prefault('64 MiB').describe('What stays free on the disk: readings take no more, however much sizeMax would allow.'),
  keepDelivered: duration({ min: '0 s', max: '3650 d' }).prefault('7 d').describe('How long delivered readings are kept, so that they can be sent again.'),
  keepDeliveredMax: size({ min: '0 B', max: '1024 GiB' }).prefault('100 MiB').describe('The most room that delivered readings may take; the oldest go first.'),
  commitsPerSecond: z.int().min(1).max(1000).default(50).describe('The most commits a second under load; fewer spare a flash card, more shorten the wait for a scan.'),
});

/** What is written to the log. */
export const logSchema = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least important messages that are written.'),
});

/** The box's own LED. */
export const ledSchema = z.strictObject({
  path: folder.describe('The folder of the LED in the kernel\'s LED class, such as /sys/class/leds/ACT; `ls /sys/class/leds` shows which there are.'),
});

/** Who in the business answers for the gateway. */
export const ownerSchema = z.strictObject({
  name: z.string().min(1).max(200).describe('The person or department.'),
  contact: z.string().min(1).max(200).optional().describe('How to reach them: a mail address or telephone number.'),
});

/** What every device has, whatever its driver. */
export const deviceSchema = z.strictObject({
  driver: z.string().describe('The kind of device: the name of a driver.'),
  port: portSchema.describe('Where the device is plugged in: a path, a match for a USB adapter, tcp://HOST:PORT for a serial device server, or { ble: ... } for a BLE device.'),
  baudRate: z.int().min(50).max(4_000_000).optional().describe('The speed of the line in baud.'),
  dataBits: z.literal([7, 8]).optional().describe('The data bits of a character.'),
  parity: z.enum(['none', 'even', 'odd']).optional().describe('The parity bit of a character.'),
  stopBits: z.literal([1, 2]).optional().describe('The stop bits of a character.'),
  asset: assetSchema.optional().describe('The asset that the readings of this device belong to.'),
  repeatWindow: duration({ max: '1 h' })
    .prefault('300 ms')
    .describe('How long after a code the same code of this device is the same scan: it gets the same answer and is only counted. "0 s" makes each count.'),
  presence: z
    .boolean()
    .default(true)
    .describe('Whether a reader of radio tags tells when a tag arrives, moves to another antenna and departs. With false, as a hand-held reader wants it, each tag is a scan of its own and `repeatWindow` holds.'),
  departAfter: duration({ min: '100 ms', max: '1 d' })
    .optional()
    .describe('How long a radio tag may go unread before it has departed. When left out, 5 s, or three polls with their response time-outs where these take longer.'),
  contextGroup: level.optional().describe('Scanners with the same name here share what was scanned before: badge, work order, location and activity. Each has its own when left out.'),
  meters: z.record(level, meterSchema).optional().describe('What is to be known of this device\'s meters, by the name that the driver or profile gives them.'),
});

const pattern = z
  .string()
  .min(1)
  .meta({ examples: ['WO-[0-9]{6}'] })
  .transform((source, context) => {
    const found = readPattern(source);
    if (!('what' in found)) return found;
    context.addIssue({ code: 'custom', message: `${found.what}, at character ${found.at + 1}` });
    return z.NEVER;
  });

/** What gives scans a role. */
export const scanRuleSchema = z
  .strictObject({
    role: z.enum(RULE_ROLES).describe('What a code that fits is.'),
    ai: z.string().regex(/^\d{2,4}$/, { error: 'write the two to four digits of a GS1 application identifier, in quotes' }).optional().describe('A GS1 application identifier that the code or tag holds, such as "8004".'),
    prefix: z.string().min(1).max(100).optional().describe('What the text of the code begins with.'),
    pattern: pattern
      .optional()
      .describe('What the whole text is: characters, [A-Z0-9], \\d, \\w, ".", groups, "|", and ?, *, +, {3} or {3,6} after one of these; of texts up to 512 characters.'),
    check: z.enum(CHECK_NAMES).optional().describe('The check character at the end of the text, counted after the prefix; a wrong one makes the code invalid. mod10 is GS1\'s, mod43 Code 39\'s.'),
    list: z.string().min(1).max(500).optional().describe('A CSV file with the codes that are known, one a line, by its whole path or from this file\'s folder; columns "code" and "role", or codes alone.'),
  })
  .refine(({ ai, prefix, pattern: whole, list }) => [ai, prefix, whole, list].some((condition) => condition !== undefined), { error: 'needs "ai", "prefix", "pattern" or "list", which says what fits' });

/** What scans mean here. */
export const scansSchema = z.strictObject({
  rules: z.array(scanRuleSchema).max(200).default([]).describe('The first rule of which everything fits gives a scan its role. A code that is not in a list is stored and questioned.'),
  contextTimeout: duration({ min: '1 min', max: '31 d' })
    .prefault('12 h')
    .describe('How long a badge, work order, location or activity holds for the scans after it.'),
});

/** Where the assets of meters come from. */
export const assetsSchema = z.strictObject({
  list: z.string().min(1).max(500).optional().describe('A CSV file with a line for each meter, by its whole path or from this file\'s folder; columns "device", "meter", "asset", "site", "organization", "name", "min", "max".'),
  complete: z.boolean().optional().describe('Whether every meter that is read must have an asset with number, site, organization and a meter\'s name, as a receiver needs that books by them; what is missing is then an error. With a list it must unless this is false; without one it need not unless this is true.'),
});

/** How a profile is named: the name of a file, which can never lead to another folder. */
export const PROFILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** A gateway has ports for a few dozen at most. */
export const DEVICES_MAX = 256;

/** The whole file. What stands in `mqtt` and in each device is looked at by itself, so that it can be compared. */
export const wholeSchema = z.strictObject({
  gateway: level.describe('The name of this gateway, unique within its site; it becomes part of topics and of the identity of every reading.'),
  site: level.describe('Where the gateway belongs: a yard, plant or fleet. It becomes part of topics and of the identity of every reading.'),
  owner: ownerSchema.optional().describe('Who in the business answers for this gateway; published with its state.'),
  mqtt: z.record(z.string(), z.unknown()).describe('How the broker is reached and what counts as delivered.'),
  outbox: outboxSchema.prefault({}).describe('Where readings wait until they are delivered.'),
  scans: scansSchema.prefault({}).describe('What scanned codes mean.'),
  ble: bleAdapterSchema.prefault({}).describe('The adapter for BLE devices, where there are some.'),
  led: ledSchema.optional().describe('An LED of the box that shows what became of scans, for scanners that cannot tell it themselves. A service needs systemd/tailgate.service.d/led.conf for it.'),
  log: logSchema.prefault({}).describe('What is written to the log.'),
  assets: assetsSchema.optional().describe('A list that says which asset each meter belongs to, in place of saying it at each device.'),
  devices: z
    .record(level, z.unknown())
    .refine((devices) => Object.keys(devices).length > 0, { error: 'expected at least one device, indented below this key' })
    .refine((devices) => Object.keys(devices).length <= DEVICES_MAX, { error: `expected at most ${DEVICES_MAX} devices` })
    .describe('The devices, each by its name, which becomes part of topics.'),
});
