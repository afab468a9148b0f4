import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { z } from '../driver-kit/options.ts';
import type { ProfileReference } from './configuration.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';
import { readFileBounded } from './read-file.ts';
import { validate, type Validated } from './validate.ts';
import { type ParsedYaml, parseYaml } from './yaml-source.ts';

/** A profile that was found, with what its file says; or why there is none. */
export type FoundProfile =
  | { readonly kind: 'found'; readonly reference: ProfileReference; readonly content: unknown; readonly problems: readonly Problem[] }
  | { readonly kind: 'unknown'; readonly what: string };

/** A driver's profiles: their shape, and where those that it brings are. */
export interface ProfileSet {
  readonly schema: z.ZodType;
  readonly folder: string;
}

/** Finds profiles beside the configuration file and among those that a driver brings; a name that both have is refused. */
export class ProfileShelf {
  readonly #configurationFile: string;
  readonly #found = new Map<string, Promise<FoundProfile>>();

  constructor(configurationFile: string) {
    this.#configurationFile = resolve(configurationFile);
  }

  /** Looks a profile up and checks it, once however often it is asked for. The name is checked before. */
  find(name: string, set: ProfileSet): Promise<FoundProfile> {
    const key = `${set.folder}\n${name}`;
    const known = this.#found.get(key) ?? this.#look(name, set);
    this.#found.set(key, known);
    return known;
  }

  async #look(name: string, { schema, folder }: ProfileSet): Promise<FoundProfile> {
    const beside = dirname(this.#configurationFile);
    const folders = [join(beside, 'profiles'), beside, folder];
    const files = folders.map((place) => join(place, `${name}.yaml`)).filter((file) => file !== this.#configurationFile && existsSync(file));
    const [file, other] = files;
    if (other !== undefined) return { kind: 'unknown', what: `there are two profiles of this name: ${files.map((found) => printable(found, 1000)).join(' and ')}; rename your own` };
    if (file !== undefined) return readProfile(name, file, schema);
    const names = (await Promise.all([folders[0], folder].map(profileNames))).flat().sort();
    const near = nearest(name, names);
    const meant = near === undefined ? `there is ${names.slice(0, NAMES_SHOWN_MAX).join(', ') || 'none'}` : `did you mean "${near}"?`;
    const looked = folders.map((place) => printable(place)).join(', ');
    return { kind: 'unknown', what: `there is no ${printable(name)}.yaml in ${looked}; ${meant}` };
  }
}

const PROFILE_BYTES_MAX = 256 * 1024;
const NAMES_SHOWN_MAX = 40;

async function readProfile(name: string, file: string, schema: z.ZodType): Promise<FoundProfile> {
  const { source, problems } = await readYaml(file);
  const checked: Validated<unknown> = source === undefined ? { problems: [] } : validate(schema, { source, path: [] });
  return {
    kind: 'found',
    reference: { name, file, unverified: unverifiedOf(source?.value) },
    content: checked.output,
    problems: [...problems, ...checked.problems],
  };
}

async function readYaml(file: string): Promise<ParsedYaml> {
  try {
    return parseYaml(file, (await readFileBounded(file, PROFILE_BYTES_MAX)).bytes);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { problems: [{ file, key: '', what: error.what }] };
  }
}

async function profileNames(folder: string | undefined): Promise<readonly string[]> {
  try {
    const names = await readdir(folder ?? '');
    return names.filter((name) => name.endsWith('.yaml')).map((name) => basename(name, '.yaml'));
  } catch {
    return []; // no such folder: then it holds no profiles
  }
}

function unverifiedOf(profile: unknown): string | undefined {
  if (typeof profile !== 'object' || profile === null || !('unverified' in profile)) return undefined;
  if (profile.unverified === true) return 'nobody compared it with a second source or a device';
  return typeof profile.unverified === 'string' ? profile.unverified : undefined;
}
