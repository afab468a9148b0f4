import type { ForwarderParts } from '../../src/delivery/forwarder-parts.ts';
import { Forwarder } from '../../src/delivery/forwarder.ts';
import { Outlet } from '../../src/delivery/outlet.ts';
import { FORWARDING } from './delivery.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeConnection } from './fake-connection.ts';
import { FakeOutbox } from './fake-outbox.ts';

/** A forwarder between an outbox, a connection and a clock that the test holds in its hands. */
export function makeForwarder(parts: Partial<ForwarderParts> & { readonly outbox?: FakeOutbox } = {}) {
  const clock = new FakeClock();
  const outbox = parts.outbox ?? new FakeOutbox();
  const forwarder = new Forwarder({
    clock,
    random: () => 1,
    ...FORWARDING,
    ...parts,
    outbox,
  });
  const connect = async (connection = new FakeConnection()): Promise<FakeConnection> => {
    forwarder.attach(new Outlet(connection));
    await clock.advance(0);
    return connection;
  };
  return { clock, outbox, forwarder, connect };
}
