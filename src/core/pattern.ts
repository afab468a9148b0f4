/** A pattern that texts are held against as a whole. */
export interface Pattern {
  readonly source: string;
  matches(text: string): boolean;
}

/** Why a text is no pattern, and at which character, from 0. */
export interface PatternFault {
  readonly what: string;
  readonly at: number;
}

/**
 * Reads a pattern: characters, `.`, classes such as `[A-Z0-9-]` and `[^ ]`, `\d`, `\w`, a backslash before a sign, groups,
 * `|`, and `?`, `*`, `+`, `{3}`, `{3,}`, `{3,6}` after one of these. That is what can be matched in one pass over the text
 * whatever the text is (Thompson, Regular Expression Search Algorithm, CACM 11(6), 1968); a scanned code never decides how
 * long its own judgement takes, as it would with back-references, looking around, or JavaScript's own expressions.
 */
export function readPattern(source: string): Pattern | PatternFault {
  if (source.length > SOURCE_MAX) return { what: `a pattern has at most ${SOURCE_MAX} characters`, at: SOURCE_MAX };
  try {
    const program = programOf(new Reader(source).whole());
    return { source, matches: (text) => text.length <= TEXT_MAX && run(program, text) };
  } catch (error) {
    if (error instanceof PatternError) return { what: error.message, at: error.at };
    throw error;
  }
}

/** Codes that are longer fit no pattern. */
const TEXT_MAX = 512;
const SOURCE_MAX = 200;
const STEPS_MAX = 2000;
const REPEATS_MAX = 512;
const DEPTH_MAX = 20;

class PatternError extends Error {
  readonly at: number;

  constructor(what: string, at: number) {
    super(what);
    this.at = at;
  }
}

type Test = (code: number) => boolean;

type Tree =
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly of: Tree; readonly least: number; readonly most: number };

class Reader {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  whole(): Tree {
    const tree = this.#alternatives();
    if (this.#at < this.#source.length) throw this.#fault('a ")" without "("');
    return tree;
  }

  #alternatives(): Tree {
    const of = [this.#sequence()];
    while (this.#take('|')) of.push(this.#sequence());
    return { kind: 'any', of };
  }

  #sequence(): Tree {
    const of: Tree[] = [];
    while (this.#at < this.#source.length && this.#next !== '|' && this.#next !== ')') of.push(this.#repeated(this.#atom()));
    return { kind: 'all', of };
  }

  #atom(): Tree {
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return { kind: 'one', test: this.#set() };
    if (this.#take('.')) return { kind: 'one', test: () => true };
    if (/[\]?*+{}^$]/.test(this.#next)) throw this.#fault(`"${this.#next}" has a meaning of its own here; write "\\${this.#next}" for the sign (a pattern is held against the whole code, without ^ and $)`);
    return { kind: 'one', test: this.#character() };
  }

  #group(): Tree {
    if (this.#next === '?') throw this.#fault('"(?" is not known; groups are plain');
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw this.#fault('too many groups in groups');
    const tree = this.#alternatives();
    this.#depth -= 1;
    if (!this.#take(')')) throw this.#fault('a "(" without ")"');
    return tree;
  }

  #set(): Test {
    const isOutside = this.#take('^');
    const tests: Test[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#source.length) throw this.#fault('a "[" without "]"');
      tests.push(this.#setMember());
    }
    if (tests.length === 0) throw this.#fault('"[]" holds nothing');
    return (code) => tests.some((test) => test(code)) !== isOutside;
  }

  #setMember(): Test {
    const first = this.#source.charCodeAt(this.#at);
    const escaped = this.#next === '\\';
    const test = this.#character();
    if (escaped || this.#next !== '-' || this.#source.charAt(this.#at + 1) === ']') return test;
    this.#at += 1;
    const last = this.#source.charCodeAt(this.#at);
    if (!(last >= first) || last === BACKSLASH) throw this.#fault('the end of a range comes before its beginning');
    this.#at += 1;
    return (code) => code >= first && code <= last;
  }

  #character(): Test {
    const code = this.#source.charCodeAt(this.#at);
    this.#at += 1;
    if (code !== BACKSLASH) return (other) => other === code;
    const sign = this.#next;
    if (sign === 'd') return this.#class(/\d/);
    if (sign === 'w') return this.#class(/\w/);
    if (sign === '' || /[A-Za-z0-9]/.test(sign)) throw this.#fault(`"\\${sign}" is not known; there are \\d and \\w`);
    const own = sign.charCodeAt(0);
    this.#at += 1;
    return (other) => other === own;
  }

  #class(expression: RegExp): Test {
    this.#at += 1;
    return (code) => expression.test(String.fromCharCode(code));
  }

  #repeated(of: Tree): Tree {
    const bounds = this.#bounds();
    if (bounds === undefined) return of;
    if (bounds[1] < bounds[0] || bounds[0] > REPEATS_MAX || (bounds[1] > REPEATS_MAX && bounds[1] !== Infinity)) throw this.#fault(`repeats go from a smaller to a larger number, at most ${REPEATS_MAX}`);
    if (/[?*+{]/.test(this.#next)) throw this.#fault('one sign for repeating is enough');
    return { kind: 'repeat', of, least: bounds[0], most: bounds[1] };
  }

  #bounds(): readonly [least: number, most: number] | undefined {
    if (this.#take('?')) return [0, 1];
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#next !== '{') return undefined;
    const [whole = '', least = '', comma, most] = /^\{(\d{1,3})(,?)(\d{0,3})\}/.exec(this.#source.slice(this.#at)) ?? [];
    if (whole === '' || (comma === '' && most !== '')) throw this.#fault('write a count as {3}, {3,} or {3,6}');
    this.#at += whole.length;
    if (comma === '') return [Number(least), Number(least)];
    return [Number(least), most === '' ? Infinity : Number(most)];
  }

  get #next(): string {
    return this.#source.charAt(this.#at);
  }

  #take(sign: string): boolean {
    if (this.#next !== sign) return false;
    this.#at += 1;
    return true;
  }

  #fault(what: string): PatternError {
    return new PatternError(what, Math.min(this.#at, this.#source.length));
  }
}

/** One step: takes a character that fits, or goes on at several places at once. The end is the step after the last. */
type Step = { readonly test: Test } | { to: readonly number[] };

function programOf(tree: Tree): readonly Step[] {
  const steps: Step[] = [];
  write(tree, steps);
  return steps;
}

function write(tree: Tree, steps: Step[]): void {
  if (steps.length > STEPS_MAX) throw new PatternError('the pattern is too large: fewer or smaller counts are needed', 0);
  switch (tree.kind) {
    case 'one':
      steps.push({ test: tree.test });
      return;
    case 'all':
      if (tree.of.length === 0) writeNothing(steps);
      for (const part of tree.of) write(part, steps);
      return;
    case 'any':
      writeAny(tree.of, steps);
      return;
    case 'repeat':
      writeRepeat(tree, steps);
      return;
  }
}

/** A step all the same, so that the bound on steps bounds the work of nothing repeated within nothing, too. */
function writeNothing(steps: Step[]): void {
  steps.push({ to: [steps.length + 1] });
}

function writeAny(of: readonly Tree[], steps: Step[]): void {
  const ends: { to: readonly number[] }[] = [];
  for (const [index, part] of of.entries()) {
    if (index === of.length - 1) {
      write(part, steps);
      continue;
    }
    const fork = { to: [] as readonly number[] };
    const end = { to: [] as readonly number[] };
    steps.push(fork);
    write(part, steps);
    steps.push(end);
    ends.push(end);
    fork.to = [steps.indexOf(fork) + 1, steps.length];
  }
  for (const end of ends) end.to = [steps.length];
}

function writeRepeat({ of, least, most }: Extract<Tree, { kind: 'repeat' }>, steps: Step[]): void {
  if (most === 0) writeNothing(steps);
  for (let count = 0; count < least; count += 1) write(of, steps);
  const forks: { fork: { to: readonly number[] }; at: number }[] = [];
  for (let count = least; count < (most === Infinity ? least + 1 : most); count += 1) {
    const fork = { to: [] as readonly number[] };
    forks.push({ fork, at: steps.length });
    steps.push(fork);
    write(of, steps);
  }
  const [first] = forks;
  if (most === Infinity && first !== undefined) steps.push({ to: [first.at] });
  for (const { fork, at } of forks) fork.to = [at + 1, steps.length];
}

/** All places at once, each at most once a character: the text's length times the steps bounds the work. */
function run(program: readonly Step[], text: string): boolean {
  let places = reached(program, [0]);
  for (let at = 0; at < text.length && places.length > 0; at += 1) {
    const code = text.charCodeAt(at);
    places = reached(program, places.filter((place) => fits(program[place], code)).map((place) => place + 1));
  }
  return places.includes(program.length);
}

function fits(step: Step | undefined, code: number): boolean {
  return step !== undefined && 'test' in step && step.test(code);
}

/** The places that take a character, and the end, as far as they are reached without one. */
function reached(program: readonly Step[], from: readonly number[]): readonly number[] {
  const seen = new Set<number>();
  const open = [...from];
  const places: number[] = [];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const step = program[place];
    if (step === undefined || 'test' in step) places.push(place);
    else open.push(...step.to);
  }
  return places;
}

const BACKSLASH = 0x5c;
