/** X.509 certificates as the operator sees them; parsed by OpenSSL. */
import { X509Certificate } from 'node:crypto';

export interface CertificateSummary {
  readonly subject: string;
  /** SHA-256 of the DER form, upper-case hex in pairs. */
  readonly fingerprint256: string;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Reads the first certificate of a PEM chain; throws when there is none. */
export function readCertificate(pem: string): CertificateSummary {
  const certificate = new X509Certificate(pem);
  return {
    subject: certificate.subject ?? '',
    fingerprint256: certificate.fingerprint256,
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
  };
}
