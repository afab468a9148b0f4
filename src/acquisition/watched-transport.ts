import type { Deadlines } from '../core/deadlines.ts';
import type { Link, Transport } from '../driver-kit/link.ts';

/**
 * The same transport, with opening, writing and closing remembered for the watchdog. Each has a deadline of its own that
 * fails the link and no more; one that has not worked leaves a session that waits for ever. Over the radio one device is
 * opened after the other, so `openWithinMs` grows with their number.
 */
export function watchedTransport(transport: Transport, deadlines: Deadlines, openWithinMs = OPEN_WITHIN_MS): Transport {
  const { name, endsUnnoticed } = transport;
  return {
    name,
    endsUnnoticed,
    open: async (receive, signal) => watchedLink(await deadlines.watch(`${name}: opening`, openWithinMs, transport.open(receive, signal)), name, deadlines),
  };
}

function watchedLink(link: Link, where: string, deadlines: Deadlines): Link {
  return {
    name: link.name,
    closed: link.closed,
    write: (bytes) => deadlines.watch(`${where}: writing`, WRITE_WITHIN_MS, link.write(bytes)),
    close: () => deadlines.watch(`${where}: closing`, CLOSE_WITHIN_MS, link.close()),
  };
}

/** Opening a port, asking for its settings and releasing it if they are wrong take 5 s each at the most. */
const OPEN_WITHIN_MS = 20_000;
/** A write may wait for one before it; each takes some seconds at the most. */
const WRITE_WITHIN_MS = 30_000;
const CLOSE_WITHIN_MS = 10_000;
