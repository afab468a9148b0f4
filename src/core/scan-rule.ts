import type { Pattern } from './pattern.ts';
import type { Role } from './reading.ts';

/** A rule of the configuration that gives scans a role. All that it names must fit; it names at least one thing. */
export interface ScanRule {
  readonly role: Role;
  /** A GS1 application identifier that is among the elements. */
  readonly ai?: string | undefined;
  /** What the text begins with. */
  readonly prefix?: string | undefined;
  /** What the whole text is held against. */
  readonly pattern?: Pattern | undefined;
  /** The check that the text has at its end; after the prefix, where there is one. */
  readonly check?: CheckName | undefined;
  /** The codes that are known. */
  readonly list?: CodeList | undefined;
}

/** Codes that are known, each with a role of its own or none. */
export interface CodeList {
  /** The list's file as the configuration names it. */
  readonly name: string;
  readonly codes: ReadonlyMap<string, Role | undefined>;
}

/** The checks that a rule can ask for. */
export const CHECK_NAMES = ['mod10', 'luhn', 'mod11', 'mod11-isbn', 'mod11-2', 'mod43'] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** The roles that a rule can give. */
export const RULE_ROLES = ['asset', 'badge', 'work-order', 'location', 'part'] as const satisfies readonly Role[];
