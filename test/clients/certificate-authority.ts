/** A certificate authority made by openssl for one test run, and certificates of it for the loopback address. */
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export class CertificateAuthority {
  readonly #directory: string;
  /** In PEM, to give to clients. */
  readonly caFile: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.caFile = join(directory, 'ca.pem');
    openssl(
      ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2'],
      ...['-subj', '/CN=Holdfast test CA', '-keyout', this.#path('ca.key'), '-out', this.caFile],
      ...['-addext', 'keyUsage=critical,keyCertSign'],
    );
  }

  /** Makes a key and its certificate, or puts a new pair in the place of the one of that name. */
  issue(name: string): CertificateFiles {
    const [keyFile, certificateFile] = [this.#path(`${name}.key`), this.#path(`${name}.pem`)];
    openssl(
      ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '1'],
      ...['-CA', this.caFile, '-CAkey', this.#path('ca.key'), '-subj', `/CN=${name}`],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-addext', 'basicConstraints=CA:FALSE'],
      ...['-keyout', `${keyFile}.new`, '-out', `${certificateFile}.new`],
    );
    renameSync(`${keyFile}.new`, keyFile);
    renameSync(`${certificateFile}.new`, certificateFile);
    return { certificateFile, keyFile };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'pipe' });
};
