/** One GS1 element: an application identifier and its value, as in (01)09520123456788. */
export interface Element {
  readonly ai: string;
  readonly value: string;
}
