/** Where messages go. Text that came from a device or the network goes through `printable` first. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Facts beside the sentence, for machines. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
