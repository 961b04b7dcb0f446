/**
 * The listener's side of TLS: which versions, suites and groups it accepts, where its certificate comes
 * from, and how a renewed certificate takes over without closing a connection.
 */
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import type { HttpRequest } from '../base/http-message.ts';
import { readCertificate } from '../crypto/certificate.ts';

export interface TlsFiles {
  /** PEM: the server's certificate, then the intermediates. */
  readonly certificateFile: string;
  /** PEM, not encrypted. */
  readonly keyFile: string;
}

export interface TlsOptions extends TlsFiles {
  readonly minVersion: 'TLSv1.3' | 'TLSv1.2';
  /** OpenSSL group names, best first; empty for `defaultGroups`. */
  readonly groups: readonly string[];
}

export type CertificateEvent =
  | {
      readonly kind: 'loaded';
      readonly subject: string;
      readonly fingerprint256: string;
      readonly validToMs: number;
    }
  /** The files hold no usable certificate: the one in use stays. */
  | { readonly kind: 'kept'; readonly reason: string };

/**
 * OpenSSL's group list: `/` ends a tuple, and a group of an earlier tuple is taken even if the client sent
 * a key share only for a later one, at the price of one more round trip. So every client that knows the
 * hybrid group gets it. `?` skips what the linked OpenSSL does not offer.
 */
export const defaultGroups = '?X25519MLKEM768/?SecP256r1MLKEM768:X25519:P-256:P-384';

const suites13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
/** For TLS 1.2, only forward secrecy and authenticated encryption. */
const suites12 =
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305';

export interface LoadedTls {
  readonly context: SecureContextOptions & { readonly honorCipherOrder: true };
  readonly event: CertificateEvent & { readonly kind: 'loaded' };
}

/** Reads and checks the certificate and its key; throws an error that says which file is wrong and how. */
export async function loadTls(options: TlsOptions, clock: Clock): Promise<LoadedTls> {
  const cert = await readPem('certificate', options.certificateFile);
  const key = await readPem('private key', options.keyFile);
  const context = {
    cert,
    key,
    minVersion: options.minVersion,
    ciphers: options.minVersion === 'TLSv1.3' ? suites13 : `${suites13}:${suites12}`,
    ecdhCurve: options.groups.length > 0 ? options.groups.join(':') : defaultGroups,
    honorCipherOrder: true,
  } as const;
  let event: LoadedTls['event'];
  try {
    const { subject, fingerprint256, validToMs } = readCertificate(cert);
    event = { kind: 'loaded', subject, fingerprint256, validToMs };
    // Fails when the key is not the certificate's, or a group is unknown.
    createSecureContext(context);
  } catch (error) {
    throw new Error(
      `cannot use the certificate \`${options.certificateFile}\` with the key \`${options.keyFile}\`: ${describe(error)}`,
    );
  }
  if (event.validToMs <= clock.nowMs()) {
    throw new Error(
      `the certificate \`${options.certificateFile}\` expired on ${new Date(event.validToMs).toISOString()}`,
    );
  }
  return { context, event };
}

/**
 * What the client negotiated, for the audit record. Node tells a server no key-exchange group, so it is
 * known only where the configuration leaves one.
 */
export function negotiated(socket: TLSSocket, groups: readonly string[]): NonNullable<HttpRequest['tls']> {
  const version = socket.getProtocol() ?? '';
  const cipherSuite = socket.getCipher().standardName;
  const [only] = groups;
  return groups.length === 1 && only !== undefined && version === 'TLSv1.3'
    ? { version, cipherSuite, keyExchange: only }
    : { version, cipherSuite };
}

/**
 * Calls `reload` on SIGHUP and when the files have changed and then stayed the same for one interval
 * (a certificate and its key are rarely replaced in one step). Polls, because a mounted secret is replaced
 * by moving a link, which file notifications miss.
 */
export function watchCertificate(files: TlsFiles, intervalMs: number, reload: () => void): { stop(): void } {
  let settled: string | undefined;
  let seen: string | undefined;
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    const now = await stamp(files);
    busy = false;
    if (settled === undefined) settled = now;
    else if (now !== settled && now === seen) {
      settled = now;
      reload();
    }
    seen = now;
  };
  void look();
  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  process.on('SIGHUP', reload);
  return {
    stop() {
      clearInterval(timer);
      process.removeListener('SIGHUP', reload);
    },
  };
}

/** Changes whenever one of the files does; a file that is missing for a moment is a state like any other. */
async function stamp(files: TlsFiles): Promise<string> {
  const parts = [files.certificateFile, files.keyFile].map(async (path) => {
    try {
      const { ino, size, mtimeMs } = await stat(path);
      return `${ino}/${size}/${mtimeMs}`;
    } catch {
      return 'missing';
    }
  });
  return (await Promise.all(parts)).join(' ');
}

const pemBytesMax = 1_048_576;

async function readPem(what: string, path: string): Promise<string> {
  try {
    if ((await stat(path)).size > pemBytesMax) throw new Error(`larger than ${pemBytesMax} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read the ${what} \`${path}\`: ${describe(error)}`);
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
