import { LinkError } from '../../src/core/errors.ts';
import type { Link, Transport } from '../../src/driver-kit/link.ts';

/** A link that the test holds the far end of. */
export interface FakeLink {
  readonly open: boolean;
  /** What was written to it, one text a write. */
  readonly written: readonly string[];
  /** Sends bytes as the device. */
  receive(text: string): void;
  /** Breaks it. */
  lose(fault: LinkError): void;
}

/** A transport in memory, for tests where time is fake; real ports are in test/transports. */
export interface FakeTransport extends Transport {
  /** Whether opens fail. */
  refuse: boolean;
  /** Every link that was opened, the newest last. */
  readonly links: readonly FakeLink[];
}

/** Opens links whose far end is the test. */
export function fakeTransport(): FakeTransport {
  const links: FakeLink[] = [];
  const transport: FakeTransport = {
    name: 'fake',
    refuse: false,
    links,
    async open(receive) {
      if (transport.refuse) throw new LinkError({ where: 'fake', what: 'not there', remedy: 'Plug it in' });
      const { link, far } = linkPair(receive, `fake/${links.length}`);
      links.push(far);
      return link;
    },
  };
  return transport;
}

function linkPair(receive: (chunk: Uint8Array) => void, name: string): { link: Link; far: FakeLink } {
  const written: string[] = [];
  let open = true;
  let settle: (fault: LinkError | undefined) => void = () => undefined;
  const closed = new Promise<LinkError | undefined>((resolve) => (settle = resolve));
  const end = (fault?: LinkError): void => {
    open = false;
    settle(fault);
  };
  return {
    link: {
      name,
      closed,
      async write(bytes) {
        if (!open) throw new LinkError({ where: name, what: 'closed' });
        written.push(Buffer.from(bytes).toString('latin1'));
      },
      close: async () => end(),
    },
    far: {
      get open() {
        return open;
      },
      written,
      receive: (text) => open && receive(Buffer.from(text, 'latin1')),
      lose: end,
    },
  };
}
