import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { messageOf, PublishError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { printable } from '../core/printable.ts';
import type { CertificateEnd, ConnectionSettings } from './connection.ts';

/** The PEM texts that a connection is made with. */
export type TlsMaterial = Pick<ConnectionSettings, 'ca' | 'certificate' | 'key'>;

/** Says before a connection is tried that key and certificate are no pair or cannot be read; throws a PublishError. */
export function checkKeyPair({ certificate, key }: TlsMaterial, where: string): void {
  if (certificate === undefined || key === undefined) return;
  let what = 'the key does not belong to the certificate';
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return;
  } catch (error) {
    what = `the certificate or key cannot be used: ${printable(messageOf(error))}`;
  }
  const remedy = 'Check mqtt.caFile, mqtt.certificateFile and mqtt.keyFile: PEM, whole, and a key that belongs to its certificate';
  throw new PublishError({ where, what, remedy, fault: 'transient' });
}

/**
 * Tells early that a certificate will end: the gateway's own, its authority's, and those that the broker shows. Each is
 * logged once at 30, 7 and 1 days before and when it has ended, and is an alarm all that time.
 */
export class CertificateWatch {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #told = new Set<string>();
  #own: readonly Watched[] = [];
  #broker: readonly Watched[] = [];

  constructor(parts: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** What the next connection is made with. */
  read({ ca, certificate }: TlsMaterial): void {
    const [own] = certificate === undefined ? [] : endsOf(certificate);
    // Of several authorities the last to end counts: an old one beside its successor is no reason to worry.
    const [authority] = ca === undefined ? [] : endsOf(ca).toSorted((a, b) => b.endsMs - a.endsMs);
    this.#own = [
      ...(own === undefined ? [] : [{ ...own, role: 'this gateway\'s certificate', remedy: 'Put a new one at mqtt.certificateFile and mqtt.keyFile' }]),
      ...(authority === undefined ? [] : [{ ...authority, role: 'the certificate of the authority', remedy: 'Put a new one at mqtt.caFile' }]),
    ];
    this.look();
  }

  /** What the broker has shown. */
  shown(certificates: readonly CertificateEnd[]): void {
    this.#broker = certificates.map((shown, at) => ({ ...shown, role: at === 0 ? 'the broker\'s certificate' : 'a certificate above the broker\'s', remedy: 'Tell who runs the broker' }));
    this.look();
  }

  /** Logs what has become due; asked now and then, since a connection can last for months. */
  look(): void {
    for (const watched of this.#all()) {
      const days = this.#days(watched);
      const threshold = THRESHOLDS_DAYS.find((candidate) => days <= candidate);
      const key = `${watched.role} ${watched.name} ${watched.endsMs} ${threshold ?? ''}`;
      if (threshold === undefined || this.#told.has(key)) continue;
      if (this.#told.size >= TOLD_MAX) this.#told.clear();
      this.#told.add(key);
      this.#log.warn(this.#words(watched), { certificate: printable(watched.name), ends: new Date(watched.endsMs).toISOString() });
    }
  }

  /** Each certificate that ends within 30 days, in words. */
  alarms(): readonly string[] {
    return this.#all()
      .filter((watched) => this.#days(watched) <= WARN_DAYS)
      .map((watched) => this.#words(watched));
  }

  #all(): readonly Watched[] {
    return [...this.#own, ...this.#broker];
  }

  #days({ endsMs }: Watched): number {
    return (endsMs - this.#clock.stamp().wallMs) / DAY_MS;
  }

  #words(watched: Watched): string {
    const days = this.#days(watched);
    const when = days < 0 ? `ended ${whole(-days)} ago` : `ends in ${whole(days)}`;
    const doubt = this.#clock.stamp().clock === 'unsynced' ? ', if this machine\'s clock is right, which is not synchronised' : '';
    return `${watched.role}, ${printable(watched.name)}, ${when}${doubt}. ${watched.remedy}`;
  }
}

interface Watched extends CertificateEnd {
  readonly role: string;
  readonly remedy: string;
}

/** Every certificate in a PEM text; what cannot be read is said when a connection is made with it. */
function endsOf(pem: string): readonly CertificateEnd[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      const { subject, validTo } = new X509Certificate(block);
      return [{ name: subject.replaceAll('\n', ', '), endsMs: Date.parse(validTo) }];
    } catch {
      return []; // the connection says it, with the remedy
    }
  });
}

function whole(days: number): string {
  return days < 2 ? `${Math.max(0, Math.round(days * 24))} h` : `${Math.floor(days)} d`;
}

const DAY_MS = 86_400_000;
const WARN_DAYS = 30;
const THRESHOLDS_DAYS = [0, 1, 7, WARN_DAYS];
const TOLD_MAX = 1000;
