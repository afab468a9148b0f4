import type { ProtocolError } from '../core/errors.ts';
import type { MeterKind, Observation } from '../core/observation.ts';
import type { Quantity } from '../core/quantity.ts';
import type { Advertisement } from './advertisement.ts';
import type { Framing } from './framing.ts';
import type { z } from './options.ts';

/** One kind of device: data and pure functions. See docs/writing-a-driver.md. */
export type Driver = ListeningDriver | PollingDriver | AdvertisingDriver | GattDriver;

/** The drivers that there are, by name, each loaded when it is needed: a gateway has devices of a few kinds. */
export type DriverCatalogue = Readonly<Record<string, () => Promise<Driver>>>;

/** What every driver says of itself. */
interface About {
  /** The folder's name and the word after `driver:` in the configuration. */
  readonly name: string;
  /** One line for lists: what it is for. */
  readonly summary: string;
  /** What it reports, which says where its readings are published: codes that were scanned, or values of meters. */
  readonly reports: 'scans' | 'meters';
  /** A strict zod object in which every field carries a description. */
  readonly options: z.ZodObject;
  /**
   * The options that name a file with a secret, as all keys ending in `File` do; where one is given, the driver gets the
   * text in the file in place of its name.
   */
  readonly secrets?: readonly string[] | undefined;
  /** How the port is opened unless the configuration says otherwise. */
  readonly serial?: SerialDefaults | undefined;
}

/** The line parameters a device leaves the factory with. */
export interface SerialDefaults {
  readonly baudRate?: number;
  readonly dataBits?: 7 | 8;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
}

/**
 * A device that sends by itself: scanners, push meters. The types are erased here, since a list holds drivers of many
 * options; `defineListeningDriver` keeps them inside the driver.
 */
export interface ListeningDriver extends About {
  readonly form: 'listening';
  framing(options: unknown): Framing;
  /**
   * Pure. Throws a ProtocolError when the frame makes no sense. `state` is what the last call returned, or undefined;
   * `atGap` is true when silence ended the frame, in place of a terminator or a length.
   */
  decode(frame: Uint8Array, options: unknown, state: unknown, atGap: boolean): Decoded;
  feedback?(options: unknown): Feedback | undefined;
}

/** What a frame says, and the small, bounded, serialisable state to decode the next one with. */
export interface Decoded<State = unknown> {
  readonly observations: readonly Observation[];
  readonly state?: State;
  /**
   * Sent at once, before any commit: what the protocol wants so that the device goes on, such as the acknowledgement of
   * a segment. Never what a person would take for "stored".
   */
  readonly reply?: Uint8Array | undefined;
  /** The answer to these observations, in place of the driver's: for devices whose answer names the scan. */
  readonly feedback?: Feedback | undefined;
  /**
   * Names what was sent, where the device marks what it sends again. What comes again gets the outcome of its first time, over a
   * lost link and a restart too; only if that was refused is it handed over to be stored.
   */
  readonly sent?: SentCode | undefined;
  /**
   * What could not be understood, where the state changes by it, or where it may be the part of a code that is known: unless it
   * is, it is counted and shown as if it had been thrown.
   */
  readonly fault?: ProtocolError | undefined;
}

/** A code, or a part of one, by the name under which it is known when it comes again; `fingerprintOf` makes names. */
export interface SentCode {
  /** Names the whole code; left out while parts of it are missing. */
  readonly code?: string | undefined;
  /** Names the part that came now, of a code that comes in parts: the last may be all that is sent again. */
  readonly part?: string | undefined;
  /** Whether the device says that it sent this before and no answer reached it. */
  readonly again: boolean;
}

/** The bytes that tell the person at the device what became of the scan. */
export interface Feedback {
  /** Sent after the commit. */
  readonly stored: Uint8Array;
  /** Sent after the far side's acknowledgement, where the device can show it. */
  readonly delivered?: Uint8Array | undefined;
  /** Sent in place of `stored` for a scan that is stored but looks wrong: a positive answer, then a warning. */
  readonly questioned?: Uint8Array | undefined;
  /** Sent when the scan is not stored, the only case of a negative answer. */
  readonly refused: Uint8Array;
  /**
   * How long after the frame's last byte an answer may still be sent: the device's own time-out minus a margin. A later
   * one could confirm a newer scan that is not stored yet, so it is not sent. Left out where the device waits for ever.
   */
  readonly answerWithinMs?: number | undefined;
}

/** A device that answers questions: most meters. */
export interface PollingDriver extends About {
  readonly form: 'polling';
  /** The shape of this driver's profiles, where it has some; the configuration names one under `profile:`. */
  readonly profile?: z.ZodType | undefined;
  /** How often to ask and how to treat the line, out of the options. */
  schedule(options: unknown): PollSchedule;
  /**
   * The names of the meters it reads with these options, in order, so that the check of the configuration finds names
   * that are misspelt. Throws a ProtocolError, `where` naming the option, when the options ask for one that there is not.
   */
  meters(options: unknown): readonly string[];
  /** What these meters are, where the driver knows it beforehand, so that the check finds settings that do not fit. */
  described?(options: unknown): readonly MeterDescription[];
  /** The options that read one of these meters and no other but the serial number, for a reading on demand; without it all are read. */
  narrowed?(options: unknown, meter: string): unknown;
  /**
   * Asks for everything once, and emits what each exchange brought before the next one begins. Rejects with a
   * ProtocolError when the device did not answer at all; what it refused is an observation without a value. Resolves
   * with what it has learnt about the device, small and bounded, which the next poll of this run gets as `learnt`; a
   * poll that rejects has learnt nothing.
   */
  poll(link: PollingLink, options: unknown, emit: Emit, learnt: unknown): Promise<unknown>;
}

/** A meter as it is known before it is read. */
export interface MeterDescription {
  readonly meter: string;
  readonly quantity: Quantity;
  readonly kind: MeterKind;
}

/** When and how patiently a device is asked. All times in milliseconds. */
export interface PollSchedule {
  /**
   * Who is asked, as the line knows them. Devices of one address share the wait after a failure: a late answer to one
   * would pass for an answer to the other.
   */
  readonly address: string;
  readonly everyMs: number;
  /** From the request's last byte on the wire to the reply's. */
  readonly responseTimeoutMs: number;
  /** Silence on the line before each request. */
  readonly silenceMs: number;
  /** How often a question that failed is asked again at once. */
  readonly retries: number;
  /** Whether the adapter gives every request back before the reply. */
  readonly echo: boolean;
  /** Whether every answer carries the number of its question, so that a late one cannot be taken for another's. */
  readonly numbered?: boolean | undefined;
  /**
   * By how many response time-outs an answer may be behind the one before it, 7 unless said. Where a wrong value does
   * harm, leave it; a reader alone on its cable is never so late, and people wait for it.
   */
  readonly lateWaits?: number | undefined;
}

/**
 * Takes what an answer said. The session stamps it at the last byte of the answer before, since a poll with retries
 * can take minutes; what is emitted after an exchange that failed gets the present time.
 */
export type Emit = (observations: readonly Observation[]) => void;

/** What goes out, how its answer is found, and which answers are none yet. */
export interface PollingQuestion {
  readonly request: Uint8Array;
  readonly reply: Framing;
  /**
   * Whether a frame says that the device is busy now. Then the question is asked again after a pause, as often as one that
   * is left unanswered; what the device says to the last try is the answer, busy or not.
   */
  readonly isBusy?: ((frame: Uint8Array) => boolean) | undefined;
}

/** What a polling driver sees of its bus. */
export interface PollingLink {
  /**
   * Sends the request and resolves with the first frame that `reply` finds in what comes back. Rejects with a
   * ProtocolError: `silent` when nothing fitting came in time, `corrupt` when only damaged bytes came; and with a
   * LinkError when the line broke.
   */
  exchange(question: PollingQuestion): Promise<Uint8Array>;
  /** A number one higher than at the last call by anybody on this bus, for protocols whose questions are numbered. */
  nextNumber(): number;
}

/** A BLE device that says everything in its advertisements: tags, beacons, sensors. Nobody connects to it. */
export interface AdvertisingDriver extends About {
  readonly form: 'advertising';
  /** Whether an advertisement is in this driver's format, which is told by its ids alone. Never throws. */
  matches(advertisement: Advertisement): boolean;
  /** What the payload calls its sender, for devices whose address changes; undefined where it says nothing. Never throws. */
  identify?(advertisement: Advertisement): string | undefined;
  /** The names of the meters that there can be with these options; undefined where the device decides. */
  meters(options: unknown): readonly string[] | undefined;
  /**
   * Pure. Throws a ProtocolError when nothing of the advertisement can be used, and then the state stays as it was. `state`
   * is what the last call returned, or what was restored from a note, or undefined. `sinceMs` is how long ago the
   * advertisement before was decoded, Infinity for the first.
   */
  decode(advertisement: Advertisement, options: unknown, state: unknown, sinceMs: number): Heard;
  /** The part of the state that outlives the gateway, where there is one. */
  readonly note?: DriverNote | undefined;
}

/** What an advertisement or a characteristic says, and the small, bounded, serialisable state to decode the next one with. */
export interface Heard<State = unknown> {
  /** Empty for a repeat of what was reported already. */
  readonly observations: readonly Observation[];
  readonly state?: State;
  /** What stood behind the observations and could not be understood: counted and shown as if it had been thrown. */
  readonly fault?: ProtocolError | undefined;
  /** Whether the device says that its battery is low, or no more; left out where it says nothing. */
  readonly batteryLow?: boolean | undefined;
}

/**
 * What must not be forgotten of a state: it is committed in one transaction with the observations that changed it. A person
 * can have it forgotten with `tailgate tag reset`.
 */
export interface DriverNote<State = unknown> {
  /** The note's text, short and the same as long as nothing changed; undefined when there is nothing to remember. */
  text(state: State): string | undefined;
  /** The state that a note stands for, all else as at the first time. A note that cannot be read throws a ProtocolError. */
  restored(text: string): State;
}

/** A BLE device that is connected to, and read or listened to. */
export interface GattDriver extends About {
  readonly form: 'gatt';
  /** When and how patiently it is connected to, out of the options. */
  schedule(options: unknown): GattSchedule;
  /** What is read or subscribed to, in this order. */
  characteristics(options: unknown): readonly GattPlace[];
  /** The names of the meters that there are with these options; undefined where the device decides. */
  meters(options: unknown): readonly string[] | undefined;
  /** Those of the meters that are read though the options do not name them: nobody has to say whose they are. */
  unasked?(options: unknown): readonly string[];
  /** Pure. Throws a ProtocolError when the bytes make no sense, and then the state stays as it was. */
  decode(value: GattValue, options: unknown, state: unknown): Heard;
}

/** When a GATT device is connected to. All times in milliseconds. */
export interface GattSchedule {
  /** From one connection to the next; with a subscription the connection is kept, and reads are repeated in it. */
  readonly everyMs: number;
  /** How long each call may take: connecting, discovering, each read. */
  readonly callTimeoutMs: number;
}

/** One characteristic, its UUIDs written as `uuidOf` does. */
export interface GattPlace {
  /** Left out where the characteristic may be in any service. */
  readonly service?: string | undefined;
  readonly characteristic: string;
  readonly how: 'read' | 'notify';
  /** A device without it is well all the same. */
  readonly optional?: true | undefined;
}

/** What was read from a characteristic or notified by it. */
export interface GattValue {
  readonly service: string;
  readonly characteristic: string;
  readonly bytes: Uint8Array;
  /** The characteristic's descriptors that were read, by UUID: 2904 (format) and 2909 (number of digitals) matter. */
  readonly descriptors: Readonly<Record<string, Uint8Array>>;
}

/** Defines a driver that listens. */
export function defineListeningDriver<Options extends z.ZodObject, State = undefined>(
  driver: About & {
    readonly options: Options;
    framing(options: z.output<Options>): Framing;
    decode(frame: Uint8Array, options: z.output<Options>, state: State | undefined, atGap: boolean): Decoded<State>;
    feedback?(options: z.output<Options>): Feedback | undefined;
  },
): ListeningDriver {
  return { ...driver, form: 'listening' };
}

/**
 * Defines a driver that asks. With a `profile`, the options hold a field `profile`, in which the configuration gives
 * the name of one and the driver gets what it says.
 */
export function definePollingDriver<Options extends z.ZodObject, Profile extends z.ZodType = z.ZodUndefined, Learnt = void>(
  driver: About & {
    readonly options: Options;
    readonly profile?: Profile;
    schedule(options: z.output<Options>): PollSchedule;
    meters(options: WithProfile<Options, Profile>): readonly string[];
    described?(options: WithProfile<Options, Profile>): readonly MeterDescription[];
    narrowed?(options: WithProfile<Options, Profile>, meter: string): WithProfile<Options, Profile>;
    poll(link: PollingLink, options: WithProfile<Options, Profile>, emit: Emit, learnt: Learnt | undefined): Promise<Learnt>;
  },
): PollingDriver {
  return { ...driver, form: 'polling' };
}

/** Defines a driver that hears advertisements. */
export function defineAdvertisingDriver<Options extends z.ZodObject, State = undefined>(
  driver: About & {
    readonly options: Options;
    matches(advertisement: Advertisement): boolean;
    identify?(advertisement: Advertisement): string | undefined;
    meters(options: z.output<Options>): readonly string[] | undefined;
    decode(advertisement: Advertisement, options: z.output<Options>, state: State | undefined, sinceMs: number): Heard<State>;
    readonly note?: DriverNote<State>;
  },
): AdvertisingDriver {
  return { ...driver, form: 'advertising' };
}

/** Defines a driver that reads or is notified by characteristics. */
export function defineGattDriver<Options extends z.ZodObject, State = undefined>(
  driver: About & {
    readonly options: Options;
    schedule(options: z.output<Options>): GattSchedule;
    characteristics(options: z.output<Options>): readonly GattPlace[];
    meters(options: z.output<Options>): readonly string[] | undefined;
    unasked?(options: z.output<Options>): readonly string[];
    decode(value: GattValue, options: z.output<Options>, state: State | undefined): Heard<State>;
  },
): GattDriver {
  return { ...driver, form: 'gatt' };
}

/** The options as the driver gets them: what the profile says in place of its name. */
type WithProfile<Options extends z.ZodObject, Profile extends z.ZodType> = Omit<z.output<Options>, 'profile'> & {
  readonly profile: z.output<Profile>;
};
