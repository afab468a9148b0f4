import type { LinkError } from '../core/errors.ts';

/** Opens links to one place: a serial port, a TCP address. It holds no state between two opens. */
export interface Transport {
  /** The place in a person's words, such as "serial /dev/ttyUSB0" or "tcp 10.0.0.5:4001". */
  readonly name: string;
  /** Whether a link can stay open although nothing comes over it any more and a new one would work, as over TCP. */
  readonly endsUnnoticed?: boolean | undefined;
  /**
   * Opens one link, whose bytes go to `receive` from the first on; rejects with a LinkError. Each chunk is the
   * receiver's to keep.
   */
  open(receive: (chunk: Uint8Array) => void, signal: AbortSignal): Promise<Link>;
}

/** One open connection. */
export interface Link {
  /** Where it really leads, such as the device file that a match found. */
  readonly name: string;
  /**
   * Resolves when the kernel has taken the bytes and, on a serial port, the time has passed that they take on the wire; an
   * adapter can still be holding them back, and nothing says that the device got them. Rejects with a LinkError.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes the link, at most once; resolves when it is released. It never rejects. */
  close(): Promise<void>;
  /** Settles once, when the link is gone: with the fault, or with undefined after `close()`. */
  readonly closed: Promise<LinkError | undefined>;
}
