import type { Duplex } from 'node:stream';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { CertificateEnd } from './connection.ts';

/** The certificates that the other end of a TLS connection has shown, its own first; none without TLS. */
export function peerCertificatesOf(stream: Duplex): readonly CertificateEnd[] {
  if (!(stream instanceof TLSSocket)) return [];
  const ends: CertificateEnd[] = [];
  let certificate: DetailedPeerCertificate | undefined = stream.getPeerCertificate(true);
  while (certificate?.valid_to !== undefined && ends.length < CHAIN_MAX) {
    const endsMs = Date.parse(certificate.valid_to);
    const name = certificate.subject?.CN ?? certificate.subject?.O ?? 'without a name';
    if (!Number.isNaN(endsMs)) ends.push({ name: Array.isArray(name) ? name.join(', ') : name, endsMs });
    // The root is its own issuer.
    certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate;
  }
  return ends;
}

/** A chain is three or four long; what a broker shows is not trusted to end. */
const CHAIN_MAX = 10;
