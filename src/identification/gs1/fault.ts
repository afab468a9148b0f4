/** Something wrong inside one value or one part of it. */
export interface Fault {
  /** The index of the first character concerned, from 0. */
  readonly at: number;
  readonly words: string;
  /** Only the check digit or pair is wrong; everything else is as it should be. */
  readonly checkOnly?: boolean;
}
