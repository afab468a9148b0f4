import type { ContextKind } from './context.ts';

/** What a technician can be about. */
export const ACTIVITIES = ['install', 'repair', 'inspect', 'respond'] as const;
export type Activity = (typeof ACTIVITIES)[number];

/** What a command code asks for. */
export type Command =
  | { readonly kind: 'start'; readonly activity: Activity }
  | { readonly kind: 'end'; readonly ends: readonly ContextKind[] }
  | { readonly kind: 'undo' }
  | { readonly kind: 'status' };

/** A command code as it is printed. */
export interface CommandCode {
  /** The whole text of the barcode. */
  readonly code: string;
  readonly command: Command;
  /** What it is called on the sheet. */
  readonly title: string;
  /** What it does, in a sentence for the technician. */
  readonly words: string;
}

/**
 * What every command code begins with. A GS1 element string begins with a digit (General Specifications, 3.2), a Digital
 * Link with "http", a radio tag's text is hexadecimal, and asset numbers have no "!".
 */
export const COMMAND_PREFIX = 'TG!';

/** Every command code; the codes are printed and hang in trucks, so they never change their meaning. */
export const COMMAND_CODES: readonly CommandCode[] = [
  ...ACTIVITIES.map((activity): CommandCode => {
    const name = `${activity.charAt(0).toUpperCase()}${activity.slice(1)}`;
    return { code: `${COMMAND_PREFIX}${activity.toUpperCase()}`, command: { kind: 'start', activity }, title: name, words: `I begin to ${activity}. What I scan next belongs to it.` };
  }),
  { code: `${COMMAND_PREFIX}END-ACTIVITY`, command: { kind: 'end', ends: ['activity'] }, title: 'End of activity', words: 'The activity is over; work order, location and badge stay.' },
  { code: `${COMMAND_PREFIX}END-WORK-ORDER`, command: { kind: 'end', ends: ['workOrder'] }, title: 'End of work order', words: 'What I scan next belongs to no work order.' },
  { code: `${COMMAND_PREFIX}END-LOCATION`, command: { kind: 'end', ends: ['location'] }, title: 'End of location', words: 'I leave this place.' },
  { code: `${COMMAND_PREFIX}END-JOB`, command: { kind: 'end', ends: ['workOrder', 'location', 'activity'] }, title: 'End of job', words: 'Work order, location and activity are over; my badge stays.' },
  { code: `${COMMAND_PREFIX}OUT`, command: { kind: 'end', ends: ['technician', 'workOrder', 'location', 'activity'] }, title: 'Technician out', words: 'I am done here. My badge, work order, location and activity are over.' },
  { code: `${COMMAND_PREFIX}UNDO`, command: { kind: 'undo' }, title: 'Undo the last scan', words: 'The last code that this scanner read was a mistake.' },
  { code: `${COMMAND_PREFIX}STATUS`, command: { kind: 'status' }, title: 'Delivery status', words: 'Good tone: every scan has been delivered. Warning tone: some still wait; they are stored and will go.' },
];

/** Whether a code is meant as a command, known or not. */
export function isCommandText(text: string): boolean {
  return text.startsWith(COMMAND_PREFIX);
}

/** The command that a code's whole text stands for; undefined when there is none. */
export function commandOf(text: string): Command | undefined {
  return COMMANDS.get(text);
}

const COMMANDS: ReadonlyMap<string, Command> = new Map(COMMAND_CODES.map(({ code, command }) => [code, command]));
