import type { EpcContent, Identity } from '../core/reading.ts';
import type { Element } from './element.ts';

/** What a code or tag means by itself, before the rules of the configuration are asked. */
export interface Meaning {
  readonly text: string;
  readonly elements: readonly Element[];
  readonly epc?: EpcContent | undefined;
  readonly identity?: Identity | undefined;
  /** What is wrong, so that the content cannot be relied on. */
  readonly wrong: readonly string[];
  /** What is worth saying and leaves the content as good as it is. */
  readonly remarks: readonly string[];
}
