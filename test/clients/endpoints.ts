/**
 * What real clients are pointed at: one development server over plain HTTP and one over TLS, and the
 * environment variables through which an unmodified client finds them, its credentials and its CA.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Credentials,
  type DevServer,
  neighbour,
  operator,
  startDevServer,
} from '../support/dev-server.ts';
import { CertificateAuthority } from './certificate-authority.ts';

/** For tests that run once on each: the member of `Endpoints`, and what to call it. */
export const transports = [
  ['plain', 'plain HTTP'],
  ['tls', 'TLS'],
] as const;

export interface Endpoint {
  readonly url: string;
  readonly caFile?: string;
}

export interface Endpoints {
  readonly plain: Endpoint;
  readonly tls: Endpoint;
  /** Empty at first; for files that clients need. */
  readonly directory: string;
  stop(): Promise<void>;
}

export async function startEndpoints(): Promise<Endpoints> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-clients-'));
  const authority = new CertificateAuthority(directory);
  const { certificateFile, keyFile } = authority.issue('server');
  const servers: DevServer[] = await Promise.all([
    startDevServer(),
    startDevServer({ args: ['--tls-cert', certificateFile, '--tls-key', keyFile] }),
  ]);
  const [plain, tls] = servers.map(({ endpoint }) => endpoint);
  return {
    plain: { url: plain ?? '' },
    tls: { url: tls ?? '', caFile: authority.caFile },
    directory,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Nothing of the user's own, and what every AWS tool reads. */
export const clientEnvironment = (
  endpoint: Endpoint,
  credentials: Credentials = operator,
): Readonly<Record<string, string>> => ({
  ...bareEnvironment(),
  ...credentialEnvironment(credentials),
  AWS_ENDPOINT_URL_KMS: endpoint.url,
  ...(endpoint.caFile === undefined
    ? {}
    : { AWS_CA_BUNDLE: endpoint.caFile, NODE_EXTRA_CA_CERTS: endpoint.caFile }),
});

/** What `bareEnvironment` lacks for a client to sign requests. */
export const credentialEnvironment = (credentials: Credentials): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
});

/** Real credentials, settings and proxies of who runs the tests must not reach a client. */
export const bareEnvironment = (): Readonly<Record<string, string>> => ({
  PATH: process.env.PATH ?? '',
  HOME: join(tmpdir(), 'holdfast-no-such-home'),
  LC_ALL: 'C.UTF-8',
  // Programs that start often start faster.
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../.cache/node-compile', import.meta.url)),
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
  NO_PROXY: '*',
  no_proxy: '*',
});

/** The variables that a program reads when it needs a second caller beside its own. */
export const neighbourEnvironment = (): Readonly<Record<string, string>> => ({
  NEIGHBOUR_ACCOUNT_ID: neighbour.accountId,
  NEIGHBOUR_ACCESS_KEY_ID: neighbour.accessKeyId,
  NEIGHBOUR_SECRET_ACCESS_KEY: neighbour.secretAccessKey,
});
