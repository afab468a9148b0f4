/** Something that the library was asked for did not come in time. */
export class OutOfPatience extends Error {
  override readonly name = 'OutOfPatience';
}

/** Settles as the work does, or rejects with OutOfPatience: half of the library's calls have no time-out of their own. */
export function patient<Result>(work: Promise<Result>, deadlineMs: number, what: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new OutOfPatience(`${what} took longer than ${deadlineMs / 1000} s`)), deadlineMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
