import type { Words } from '../messages.ts';

/** Why an adapter cannot be used, in words. */
export class AdapterFault extends Error {
  override readonly name = 'AdapterFault';
  readonly words: Words;

  constructor(words: Words) {
    super(words.what);
    this.words = words;
  }
}
