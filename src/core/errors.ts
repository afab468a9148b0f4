/** What every Tailgate error tells a person: where it happened, what happened, and how to mend it. */
export interface Fault {
  /** The device, file, port or broker, as the configuration names it. */
  readonly where: string;
  /** What went wrong, in one clause. */
  readonly what: string;
  /** What the reader can do about it, in one clause. */
  readonly remedy?: string | undefined;
  /** The library's or system's own error. */
  readonly cause?: unknown;
}

/** The common shape of the five error classes; anything else that is thrown is a bug. */
abstract class TailgateError extends Error {
  readonly where: string;
  readonly what: string;
  readonly remedy: string | undefined;

  constructor(fault: Fault) {
    super(sentence(fault), fault.cause === undefined ? undefined : { cause: fault.cause });
    this.where = fault.where;
    this.what = fault.what;
    this.remedy = fault.remedy;
  }
}

/** The configuration cannot be used; the command line says why and exits with 78. */
export class ConfigurationError extends TailgateError {
  override readonly name = 'ConfigurationError';
}

/** A link could not be opened, or broke; its session closes it, backs off and opens it again. */
export class LinkError extends TailgateError {
  override readonly name = 'LinkError';
}

/** Why a device's answer could not be used. */
export const PROTOCOL_FAULTS = ['silent', 'corrupt', 'refused', 'unexpected'] as const;

/** One of these reasons. */
export type ProtocolFault = (typeof PROTOCOL_FAULTS)[number];

/** A device answered wrongly or not at all; its session counts it and goes on. */
export class ProtocolError extends TailgateError {
  override readonly name = 'ProtocolError';
  readonly fault: ProtocolFault;

  constructor(fault: Fault & { readonly fault: ProtocolFault }) {
    super(fault);
    this.fault = fault.fault;
  }
}

/** What a broker's refusal means for the reading, after the table of reason codes in docs/mqtt-contract.md. */
export type PublishFault = 'transient' | 'back-pressure' | 'not-authorised' | 'poison' | 'nobody-listens';

/** A reading could not be handed to the broker; the forwarder keeps it, slows down or puts it aside. */
export class PublishError extends TailgateError {
  override readonly name = 'PublishError';
  readonly fault: PublishFault;
  readonly reasonCode: number | undefined;

  constructor(fault: Fault & { readonly fault: PublishFault; readonly reasonCode?: number | undefined }) {
    super(fault);
    this.fault = fault.fault;
    this.reasonCode = fault.reasonCode;
  }
}

/** A reading could not be stored; the person at the device is told *refused*. */
export class StorageError extends TailgateError {
  override readonly name = 'StorageError';
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error, such as ENOENT, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

function sentence({ where, what, remedy }: Fault): string {
  return remedy === undefined ? `${where}: ${what}` : `${where}: ${what}. ${remedy}`;
}
