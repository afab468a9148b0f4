import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { LinkError, messageOf } from '../core/errors.ts';
import { attachedPorts, listed } from './attached-ports.ts';
import { type PortHolder, type RememberedHolder, spokenHolder } from './port-holder.ts';

/** What was being opened when it failed. */
export interface Opening {
  /** The transport's name. */
  readonly where: string;
  readonly path: string;
  readonly baudRate: number;
  readonly holders: RememberedHolder;
}

/** The failure of an open, in words; serialport gives the system's message as text and no code. */
export function openFault(opening: Opening, error: unknown): LinkError {
  const found = CAUSES.find(({ pattern }) => pattern.test(messageOf(error)));
  const { what, remedy } = found?.say(opening) ?? {
    what: messageOf(error),
    remedy: 'Look at `dmesg` for what the kernel says of this port',
  };
  return new LinkError({ where: opening.where, what, remedy, cause: error });
}

/** The port belongs to somebody else. */
export function heldFault({ where }: Opening, holder: PortHolder | undefined, cause?: unknown): LinkError {
  const remedy =
    holder?.pid === process.pid
      ? 'Give each device a port of its own, or a bus with addresses'
      : 'Stop that program, or keep it off this port (ModemManager: ID_MM_DEVICE_IGNORE=1 in a udev rule; getty: mask serial-getty)';
  return new LinkError({ where, what: `the port is in use by ${spokenHolder(holder)}`, remedy, cause });
}

/** The port is gone. */
export function hangUpFault(where: string, cause?: unknown): LinkError {
  return new LinkError({
    where,
    what: 'the port hung up',
    remedy: 'Check the cable and the adapter; it is opened again when it is back',
    cause,
  });
}

/** The adapter took another speed than the one asked for. */
export function speedFault({ where, baudRate }: Opening, actual?: number): LinkError {
  const instead = actual === undefined ? '' : `; it would use ${actual}`;
  return new LinkError({
    where,
    what: `the adapter cannot do ${baudRate} baud${instead}`,
    remedy: 'Choose a `baudRate` that both the adapter and the device know',
  });
}

interface Cause {
  readonly pattern: RegExp;
  readonly say: (opening: Opening) => { readonly what: string; readonly remedy: string };
}

const CAUSES: readonly Cause[] = [
  {
    pattern: /spawn stty ENOENT/,
    say: () => ({ what: 'the program stty is missing', remedy: 'Install the package coreutils, and look that stty is in the PATH of this program' }),
  },
  {
    pattern: /No such file|No such device/,
    say: ({ path }) => ({
      what: `${path} does not exist`,
      remedy: `Plug the adapter in, or correct \`port\`; ${listed(attachedPorts())}`,
    }),
  },
  {
    pattern: /Permission denied|Operation not permitted/,
    say: ({ path }) => ({
      what: `${userInfo().username} may not open ${path}`,
      remedy: `Add the user to its group (\`usermod -aG ${groupOf(path)} ${userInfo().username}\`) or add a udev rule, then start Tailgate again`,
    }),
  },
  {
    pattern: /Cannot lock port|Device or resource busy/,
    say: (opening) => {
      const { what, remedy = '' } = heldFault(opening, opening.holders.of(opening.path));
      return { what, remedy };
    },
  },
  {
    pattern: /Input\/output error/,
    say: ({ path }) => ({ what: `${path} has no hardware behind it`, remedy: `Correct \`port\`; ${listed(attachedPorts())}` }),
  },
  {
    pattern: /while setting custom baud rate/,
    say: (opening) => {
      const { what, remedy = '' } = speedFault(opening);
      return { what, remedy };
    },
  },
  {
    pattern: /Inappropriate ioctl|Is a directory/,
    say: ({ path }) => ({ what: `${path} is not a serial port`, remedy: `Correct \`port\`; ${listed(attachedPorts())}` }),
  },
];

/** The name of the group that owns a device file; dialout on Debian when it cannot be told. */
function groupOf(path: string): string {
  try {
    const { gid } = statSync(path);
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((entry) => entry.split(':')[2] === String(gid));
    return line?.split(':')[0] ?? 'dialout';
  } catch {
    return 'dialout'; // the message must not fail because of a detail
  }
}
