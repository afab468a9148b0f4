/**
 * Keeps the order between what changes something for those after it and the rest. What changes nothing goes on beside
 * others of its key; what changes something waits for those before it, and those after it wait for it.
 */
export class Turns {
  readonly #lines = new Map<string, Line>();

  /** Runs an action in its turn: at once and synchronously, when nothing stands in its way. */
  run<Result>(key: string, isAlone: boolean, action: () => Promise<Result>): Promise<Result> {
    const line = this.#line(key);
    if (line.alone !== undefined) return later(line, isAlone, action);
    return isAlone ? alone(line, action) : beside(line, action);
  }

  #line(key: string): Line {
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line: Line = {
      running: 0,
      left: () => {
        line.running -= 1;
        if (line.running === 0) line.idle?.();
      },
    };
    this.#lines.set(key, line);
    return line;
  }
}

/** What goes on under one key; there are as many keys as devices at most. */
interface Line {
  running: number;
  /** One of those that run is over. */
  readonly left: () => void;
  /** Resolves when what runs alone is over. */
  alone?: Promise<void> | undefined;
  /** Called when nothing runs beside others any more. */
  idle?: (() => void) | undefined;
}

/** Those who wait go on in the order in which they came. */
async function later<Result>(line: Line, isAlone: boolean, action: () => Promise<Result>): Promise<Result> {
  while (line.alone !== undefined) await line.alone;
  return isAlone ? alone(line, action) : beside(line, action);
}

/** Nearly every scan goes this way, and under load many wait for their commit at once: so no more is kept of one than must be. */
function beside<Result>(line: Line, action: () => Promise<Result>): Promise<Result> {
  const result = action();
  line.running += 1;
  void result.then(line.left, line.left);
  return result;
}

async function alone<Result>(line: Line, action: () => Promise<Result>): Promise<Result> {
  let over: () => void = () => undefined; // replaced by the promise's own below
  line.alone = new Promise((resolve) => (over = resolve));
  try {
    if (line.running > 0) await new Promise<void>((resolve) => (line.idle = resolve));
    return await action();
  } finally {
    line.alone = undefined;
    line.idle = undefined;
    over();
  }
}
