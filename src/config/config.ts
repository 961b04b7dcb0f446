/**
 * The one configuration of a run: built once from arguments, environment variables and defaults, checked
 * as a whole, and frozen. `dev` and `server` are the same program with different values here.
 */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { isAccountId, isRegion } from '../base/arn.ts';
import type { Credential } from './credentials.ts';
import { readCredentials } from './credentials.ts';
import { type Environment, gatherOptions } from './given-options.ts';
import type { HttpLimits } from './http-limits.ts';
import { isLoopback } from './loopback.ts';
import type { Option } from './option.ts';
import { OptionReader } from './option-reader.ts';
import { configOptions, limitOptions, quotaOptions } from './options.ts';
import type { Quotas } from './quotas.ts';
import { parseSecretSource, type SecretSource } from './secret-source.ts';

/** The commands that run on a `Config`. */
export type ConfiguredCommand = 'dev' | 'server' | 'init' | 'doctor';

export interface Config {
  readonly command: ConfiguredCommand;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly tls?: {
      readonly certificateFile: string;
      readonly keyFile: string;
      readonly minVersion: 'TLSv1.3' | 'TLSv1.2';
      /** Empty for the listener's own choice. */
      readonly groups: readonly string[];
    };
  };
  readonly data: { readonly kind: 'directory'; readonly path: string } | { readonly kind: 'ephemeral' };
  readonly seal:
    | { readonly kind: 'file' }
    | { readonly kind: 'passphrase'; readonly passphrase: SecretSource };
  /** The operator's account. */
  readonly accountId: string;
  /** The Region meant when a request names none. */
  readonly region: string;
  /** The Regions served. */
  readonly regions: readonly string[] | 'any';
  /** Root credentials given from outside, the operator's first; may be empty. */
  readonly credentials: readonly Credential[];
  readonly limits: HttpLimits;
  readonly quotas: Quotas;
  /** Everything that gives up a promise. Only `dev` can have one that is not the strict value. */
  readonly relaxations: {
    readonly seedFile?: string;
    readonly settableClock: boolean;
    readonly faultInjection: boolean;
    readonly faults: readonly string[];
    readonly durableAudit: boolean;
  };
}

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/**
 * Throws `ConfigRefused`. `commandOptions` are further options that the command line takes for itself;
 * they are checked here, with the rest, and not part of the configuration.
 */
export function loadConfig(
  command: ConfiguredCommand,
  args: readonly string[],
  environment: Environment,
  commandOptions: readonly Option[] = [],
): LoadedConfig {
  const options = [...configOptions, ...commandOptions];
  const given = gatherOptions(command, args, environment, options);
  const problems = [...given.problems];
  const warnings = [...given.warnings];
  const [operand] = given.operands;
  if (operand !== undefined)
    problems.push(`\`holdfast ${command}\` takes no operand, and \`${operand}\` is one`);
  const read = new OptionReader(given.values, configOptions, problems);

  const accountId = read.text('account-id', isAccountId, 'must be an account id of 12 digits');
  const region = read.text('region', isRegion, 'must be a Region name such as us-east-1');
  const config: Config = {
    command,
    listen: readListen(command, read, problems, warnings),
    data: readData(command, read, environment, problems),
    seal: readSeal(command, read, problems),
    accountId,
    region,
    regions: readRegions(command, region, read, problems),
    credentials: readCredentials(command, accountId, read, problems),
    limits: readLimits(read, problems),
    quotas: read.numbers(quotaOptions),
    relaxations: {
      ...read.maybe('seedFile', 'seed'),
      settableClock: read.flag('settable-clock'),
      faultInjection: read.flag('fault-injection'),
      faults: read.texts('fault'),
      durableAudit: !read.flag('no-durable-audit'),
    },
  };
  read.refuseProblems();
  return { config: deepFreeze(config), warnings };
}

function readListen(
  command: ConfiguredCommand,
  read: OptionReader,
  problems: string[],
  warnings: string[],
): Config['listen'] {
  const host = read.text('host');
  const port = read.number('port');
  const certificateFile = read.optional('tls-cert');
  const keyFile = read.optional('tls-key');
  const minVersion = read.text(
    'tls-min-version',
    (text) => text === '1.3' || text === '1.2',
    'must be 1.3 or 1.2',
  );
  const groups = list(read.optional('tls-groups'));
  if (!groups.every((group) => /^[\w-]{1,40}$/.test(group))) {
    problems.push(
      `${read.source('tls-groups')} must be names of groups separated by commas, such as X25519MLKEM768,X25519`,
    );
  }
  if (certificateFile !== undefined && keyFile !== undefined) {
    return {
      host,
      port,
      tls: { certificateFile, keyFile, minVersion: minVersion === '1.2' ? 'TLSv1.2' : 'TLSv1.3', groups },
    };
  }
  if (certificateFile !== undefined) problems.push('`--tls-cert` needs its key: add `--tls-key FILE`');
  else if (keyFile !== undefined) problems.push('`--tls-key` needs its certificate: add `--tls-cert FILE`');
  else if (!isLoopback(host) && (command === 'dev' || command === 'server')) {
    if (command === 'server' && !read.flag('insecure-plaintext-listener')) {
      problems.push(
        `\`${host}\` can be reached from other machines, and without TLS they could read every key in passing: add \`--tls-cert FILE --tls-key FILE\`, listen on 127.0.0.1, or say \`--insecure-plaintext-listener\` if something in front ends TLS`,
      );
    } else warnings.push(`listening on \`${host}\` without TLS: plaintext keys can be read on the way`);
  }
  return { host, port };
}

function readData(
  command: ConfiguredCommand,
  read: OptionReader,
  environment: Environment,
  problems: string[],
): Config['data'] {
  const given = read.either('data-dir', 'ephemeral');
  if (given === 'ephemeral') return { kind: 'ephemeral' };
  if (given === 'data-dir') return { kind: 'directory', path: resolve(read.text('data-dir')) };
  if (command !== 'dev') problems.push(`say where the state is: \`holdfast ${command} --data-dir DIR\``);
  // XDG Base Directory Specification: a relative value is to be ignored.
  const xdg = environment.XDG_DATA_HOME;
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.local', 'share');
  return { kind: 'directory', path: join(base, 'holdfast', 'dev') };
}

function readSeal(command: ConfiguredCommand, read: OptionReader, problems: string[]): Config['seal'] {
  const passphraseFile = read.optional('passphrase-file');
  const needed = passphraseFile !== undefined || command === 'server' || command === 'init';
  const kind = read.optional('seal') ?? (needed ? 'passphrase' : 'file');
  if (kind === 'file') {
    if (command === 'server' || command === 'init') {
      problems.push(
        `the seal \`file\` keeps the root key beside the data, for \`holdfast dev\` only: use \`--seal passphrase --passphrase-file FILE\``,
      );
    }
    if (passphraseFile !== undefined)
      problems.push('the seal `file` has no passphrase: leave out `--passphrase-file`');
    return { kind };
  }
  if (kind !== 'passphrase') problems.push(`${read.source('seal')} must be \`passphrase\` or \`file\``);
  else if (passphraseFile === undefined) {
    problems.push(
      'the seal `passphrase` needs `--passphrase-file FILE`, or the number of an open descriptor',
    );
  }
  return { kind: 'passphrase', passphrase: parseSecretSource(passphraseFile ?? '') };
}

function readRegions(
  command: ConfiguredCommand,
  region: string,
  read: OptionReader,
  problems: string[],
): Config['regions'] {
  const regions = list(read.optional('regions'));
  if (regions.length === 0) return command === 'dev' ? 'any' : [region];
  for (const name of regions) {
    if (!isRegion(name))
      problems.push(
        `${read.source('regions')} has \`${name}\`, which is not a Region name such as us-east-1`,
      );
  }
  if (!regions.includes(region)) {
    problems.push(
      `${read.source('regions')} must contain the Region meant by default, \`${region}\` (\`--region\`)`,
    );
  }
  return [...new Set(regions)];
}

function readLimits(read: OptionReader, problems: string[]): HttpLimits {
  const limits = read.numbers(limitOptions);
  if (limits.requestMs < limits.headersMs) problems.push('`--request-ms` must be at least `--headers-ms`');
  if (limits.bodyBytesHeldMax < limits.bodyBytesMax) {
    problems.push('`--body-bytes-held-max` must be at least `--body-bytes-max`');
  }
  return limits;
}

const list = (text: string | undefined): readonly string[] =>
  (text ?? '').split(/[\s,]+/).filter((part) => part !== '');

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
