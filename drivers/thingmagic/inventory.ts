import type { Emit, PollingLink } from '../../src/driver-kit/define-driver.ts';
import { ProtocolError } from '../../src/driver-kit/vocabulary.ts';
import { answerFraming, FIELDS, MERCURY, type MercuryAnswer, mercuryAnswerOf, mercuryCommand, portionOf } from './codec.ts';

/** The regions of the Mercury API that name a country's or a region's band. */
export const REGIONS = {
  'north-america': 0x01,
  'north-america-2': 0x0d,
  india: 0x04,
  japan: 0x05,
  china: 0x06,
  europe: 0x08,
  korea: 0x09,
  australia: 0x0b,
  'new-zealand': 0x0c,
} as const;

/** What the module is set to, and how long it looks. */
export interface ThingmagicOptions {
  readonly region: keyof typeof REGIONS;
  readonly power: number;
  readonly antennas: readonly number[];
  readonly readTime: number;
}

/** What a round has learnt: that the module has the antennas of these options. */
export interface SetModule {
  readonly antennas: true;
}

/**
 * One round: sees that the module is set as the options say, lets it look for tags and takes them portion by portion. Rejects with a
 * ProtocolError when the module refuses, or when a tag's own CRC was wrong; what was good has been emitted before.
 */
export async function readRound(link: PollingLink, options: ThingmagicOptions, emit: Emit, learnt: SetModule | undefined): Promise<SetModule> {
  await seeThatItIsSet(link, options, learnt);
  await takeTags(link, options, emit);
  return { antennas: true };
}

async function takeTags(link: PollingLink, options: ThingmagicOptions, emit: Emit): Promise<void> {
  await done(link, 'to forget the tags of before', MERCURY.clearTags);
  const { status, body } = await asked(link, MERCURY.readTags, [0x10, ...word(SEARCH), ...word(options.readTime), ...word(FIELDS)]);
  if (status === NO_TAGS) return;
  if (status !== 0) throw refused('to look for tags', status);
  let left = body.subarray(-4).reduce((count, byte) => count * 256 + byte, 0);
  let damaged = 0;
  for (let portions = 0; left > 0 && portions < PORTIONS_MAX; portions += 1) {
    const answer = await asked(link, MERCURY.takeTags, [...word(FIELDS), 0x00]);
    if (answer.status === NO_TAGS) break;
    if (answer.status !== 0) throw refused('to give its tags', answer.status);
    const { counted, tags } = portionOf(answer.body);
    if (tags.length > 0) emit(tags);
    if (counted === 0) break;
    left -= counted;
    damaged += counted - tags.length;
  }
  if (damaged > 0) throw fault(`${damaged} tags came with a wrong CRC of their own`, 'Bring the tags nearer to the antenna', 'corrupt');
}

/**
 * Region and power are lost with the module's power and are set last, so that they tell whether all was set. They do not tell that
 * other antennas are written now, of a module that kept its power: so those are set once in a run.
 */
async function seeThatItIsSet(link: PollingLink, options: ThingmagicOptions, learnt: SetModule | undefined): Promise<void> {
  const region = await asked(link, MERCURY.region);
  if (region.status === 0 && region.body[0] === REGIONS[options.region]) {
    const power = await asked(link, MERCURY.power, [0x00]);
    if (power.status === 0 && ((power.body[1] ?? 0) << 8 | (power.body[2] ?? 0)) === hundredths(options)) {
      if (learnt === undefined) await done(link, 'its antennas', MERCURY.setAntennas, antennaBytes(options.antennas));
      return;
    }
  }
  if (region.status === IN_BOOT_LOADER) await done(link, 'to start its firmware', MERCURY.boot);
  await done(link, 'the protocol Gen2', MERCURY.setProtocol, word(GEN2));
  await done(link, 'its antennas', MERCURY.setAntennas, antennaBytes(options.antennas));
  await done(link, 'its region', MERCURY.setRegion, [REGIONS[options.region]]);
  await done(link, 'its power', MERCURY.setPower, word(hundredths(options)));
}

/** One antenna sends and receives by itself; of several there is a list. */
function antennaBytes(antennas: readonly number[]): readonly number[] {
  const pairs = antennas.flatMap((antenna) => [antenna, antenna]);
  return antennas.length === 1 ? pairs : [ANTENNA_LIST, ...pairs];
}

async function asked(link: PollingLink, opcode: number, body: readonly number[] = []): Promise<MercuryAnswer> {
  return mercuryAnswerOf(await link.exchange({ request: mercuryCommand(opcode, body), reply: answerFraming(opcode) }));
}

async function done(link: PollingLink, what: string, opcode: number, body: readonly number[] = []): Promise<void> {
  const { status } = await asked(link, opcode, body);
  if (status !== 0) throw refused(what, status);
}

function refused(what: string, status: number): ProtocolError {
  const code = status.toString(16).toUpperCase().padStart(4, '0');
  return fault(`the module refuses ${what}, status ${code}`, 'Check `region`, `power` and `antennas` against what the module can do, and its temperature', 'refused');
}

function fault(what: string, remedy: string, kind: 'corrupt' | 'refused'): ProtocolError {
  return new ProtocolError({ where: 'thingmagic', what, remedy, fault: kind });
}

function hundredths({ power }: ThingmagicOptions): number {
  return Math.round(power * 100);
}

function word(value: number): readonly number[] {
  return [value >> 8, value & 0xff];
}

/** The antennas that were set, for a large number of tags. */
const SEARCH = 0x0013;
const GEN2 = 0x0005;
const ANTENNA_LIST = 0x02;
const NO_TAGS = 0x0400;
/** The boot loader knows no such command. */
const IN_BOOT_LOADER = 0x0101;
/** A portion holds at least one tag; a module keeps a few hundred. */
const PORTIONS_MAX = 512;
