/**
 * The table of options that make a `Config`: parsing, environment variables, help and the configuration
 * page all come from it.
 */
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import type { Option, Section } from './option.ts';
import { defaultQuotas, type Quotas } from './quotas.ts';

const running = ['dev', 'server'] as const;
/** The commands that open a data directory. */
const withState = ['dev', 'server', 'init', 'doctor'] as const;

const network: readonly Option[] = [
  { name: 'host', value: 'ADDRESS', fallback: '127.0.0.1', help: 'address to listen on' },
  {
    name: 'port',
    value: 'PORT',
    fallback: '4600',
    min: 0,
    max: 65_535,
    help: 'port to listen on; 0 takes a free one',
  },
  {
    name: 'tls-cert',
    value: 'FILE',
    help: 'certificate chain in PEM; taken again when it changes and on SIGHUP',
  },
  { name: 'tls-key', value: 'FILE', help: 'private key of the certificate in PEM' },
  {
    name: 'tls-min-version',
    value: 'VERSION',
    fallback: '1.3',
    help: 'oldest TLS version to speak: 1.3 or 1.2',
  },
  {
    name: 'tls-groups',
    value: 'LIST',
    help: 'key-exchange groups, best first, separated by commas; by default the post-quantum hybrids first',
  },
  {
    name: 'insecure-plaintext-listener',
    help: 'listen beyond loopback without TLS: requests and answers, plaintext keys included, can be read on the way',
  },
].map((option) => ({ ...option, section: 'Network', commands: running }));

const state: readonly Option[] = [
  {
    name: 'data-dir',
    value: 'DIR',
    commands: withState,
    help: 'directory of all state; `dev` has one under your home directory by default, the other commands need it',
  },
  {
    name: 'ephemeral',
    commands: ['dev'],
    relaxation: true,
    help: 'keep state for this run only, in a directory removed at its end',
  } as const,
  {
    name: 'seal',
    value: 'KIND',
    commands: withState,
    help: 'what holds the root key: `passphrase`, or in `dev` `file`, which lies beside the data',
  },
  {
    name: 'passphrase-file',
    value: 'FILE|FD',
    commands: withState,
    help: 'file, or number of an open descriptor, to read the passphrase from',
  },
].map((option) => ({ ...option, section: 'State and root key' }));

const accounts: readonly Option[] = [
  {
    name: 'account-id',
    value: 'ID',
    commands: [...running, 'init'],
    fallback: '000000000000',
    help: 'the account of the operator, 12 digits',
  },
  {
    name: 'region',
    value: 'REGION',
    commands: running,
    fallback: 'us-east-1',
    help: 'the Region that is meant when a request names none',
  },
  {
    name: 'regions',
    value: 'LIST',
    commands: running,
    help: 'the Regions to serve, separated by commas; by default any in `dev`, `--region` alone in `server`',
  },
  {
    name: 'access-key-id',
    value: 'ID',
    commands: [...running, 'init'],
    help: "access key id of the account's root; made when not given",
  },
  {
    name: 'secret-access-key',
    value: 'SECRET',
    commands: [...running, 'init'],
    secret: true,
    help: 'its secret; better given by the variable or the next option',
  } as const,
  {
    name: 'secret-access-key-file',
    value: 'FILE|FD',
    commands: [...running, 'init'],
    help: 'file or descriptor to read the secret from',
  },
  {
    name: 'credential',
    value: 'ACCOUNT:ID:SECRET',
    commands: running,
    repeatable: true,
    secret: true,
    help: 'root credential of a further account; again for more. In the variable, separate with spaces',
  } as const,
  {
    name: 'credentials-file',
    value: 'FILE|FD',
    commands: running,
    help: 'file or descriptor with one ACCOUNT:ID:SECRET a line',
  },
].map((option) => ({ ...option, section: 'Accounts and credentials' }));

const relaxations: readonly Option[] = [
  {
    name: 'seed',
    value: 'FILE',
    env: 'HOLDFAST_SEED_FILE',
    help: 'JSON file of keys, with key material, to start with',
  },
  { name: 'settable-clock', help: 'let the operator set the time (SetClock)' },
  { name: 'fault-injection', help: 'let the operator make durable writes fail (InjectFault)' },
  {
    name: 'fault',
    value: 'SPEC',
    repeatable: true,
    help: 'make a durable write fail from the start; again for more',
  } as const,
  { name: 'no-durable-audit', help: 'answer before the audit event is on disk' },
].map((option) => ({
  ...option,
  section: 'For tests: never in production',
  commands: ['dev'],
  relaxation: true,
}));

const day = 86_400_000;

/** One row for each limit, so that a new one cannot be forgotten here. */
const limitRows: Readonly<
  Record<keyof HttpLimits, readonly [name: string, min: number, max: number, help: string]>
> = {
  bodyBytesMax: ['body-bytes-max', 1_024, 16_777_216, 'bytes of a request body'],
  bodyBytesHeldMax: [
    'body-bytes-held-max',
    1_048_576,
    2 ** 40,
    'bytes of all bodies whose requests are not answered yet',
  ],
  headerBytesMax: ['header-bytes-max', 4_096, 1_048_576, 'bytes of a request line and its headers'],
  headersMax: ['headers-max', 16, 1_000, 'headers of a request'],
  headersMs: ['headers-ms', 100, day, 'milliseconds for the headers of a request to arrive'],
  requestMs: ['request-ms', 100, day, 'milliseconds for a whole request to arrive'],
  idleMs: ['idle-ms', 1_000, day, 'milliseconds a connection may stay open without a request'],
  unreadAnswerMs: [
    'unread-answer-ms',
    100,
    day,
    'milliseconds an answer waits for a client that does not read',
  ],
  connectionsMax: ['connections-max', 1, 1_000_000, 'open connections'],
  connectionsPerAddressMax: [
    'connections-per-address-max',
    1,
    1_000_000,
    'open connections from one address',
  ],
  pipelinedRequestsMax: ['pipelined-requests-max', 1, 1_000, 'unanswered requests on one connection'],
  requestsPerConnectionMax: [
    'requests-per-connection-max',
    1,
    2 ** 40,
    'requests on one connection before it is closed',
  ],
  stopMs: ['stop-ms', 0, day, 'milliseconds a stopping server waits for what it has accepted'],
};

const quotaRows: Readonly<
  Record<keyof Quotas, readonly [name: string, min: number, max: number, help: string]>
> = {
  keysPerAccountRegion: ['quota-keys', 1, 10_000_000, 'customer keys of an account in a Region'],
  aliasesPerKey: ['quota-aliases-per-key', 1, 10_000, 'aliases of a key'],
  tagsPerKey: ['quota-tags-per-key', 1, 50, 'tags of a key'],
  onDemandRotationsPerKey: [
    'quota-on-demand-rotations',
    1,
    1_000,
    'on-demand rotations in the life of a key',
  ],
  keyPolicyBytes: ['quota-key-policy-bytes', 1_024, 32_768, 'bytes of a key policy'],
};

function numbers<T extends Readonly<Record<keyof T, number>>>(
  section: Section,
  rows: Readonly<Record<keyof T, readonly [name: string, min: number, max: number, help: string]>>,
  fallbacks: T,
): readonly (Option & { readonly field: keyof T })[] {
  const options: (Option & { readonly field: keyof T })[] = [];
  for (const field in rows) {
    const [name, min, max, help] = rows[field];
    options.push({
      name,
      value: 'N',
      min,
      max,
      help,
      fallback: String(fallbacks[field]),
      field,
      section,
      commands: running,
    });
  }
  return options;
}

export const limitOptions = numbers('Limits of the listener', limitRows, defaultHttpLimits);
export const quotaOptions = numbers('Quotas', quotaRows, defaultQuotas);

/** Every option that makes a `Config`, in the order of help. */
export const configOptions: readonly Option[] = [
  ...network,
  ...state,
  ...accounts,
  ...relaxations,
  ...limitOptions,
  ...quotaOptions,
];
