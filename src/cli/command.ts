/** The commands there are: what each is for, and what it runs on. Options are found by the command's name. */
import type { Config } from '../config/config.ts';
import type { OptionReader } from '../config/option-reader.ts';
import type { CommandIo, ExitCode } from './io.ts';

export interface Command {
  /** One word or two, as typed. */
  readonly name: CommandName;
  /** Continues the sentence "this command ...". */
  readonly summary: string;
  /** Further paragraphs of its help. */
  readonly details?: string;
  readonly operands?: string;
  readonly operandsMax?: number;
  /** Whether it runs on a whole `Config`, checked before it starts. */
  readonly configured?: true;
}

export type ConfiguredName = 'dev' | 'server' | 'init' | 'doctor';
export type PlainName =
  | 'status'
  | 'log verify'
  | 'log tail'
  | 'rotate root'
  | 'rotate domain-keys'
  | 'version';
export type CommandName = ConfiguredName | PlainName;

export interface ConfiguredInvocation {
  readonly config: Config;
  readonly json: boolean;
  readonly io: CommandIo;
}

export interface PlainInvocation {
  readonly options: OptionReader;
  readonly operands: readonly string[];
  readonly json: boolean;
  readonly io: CommandIo;
}

/**
 * What runs the commands that put the parts of a server together: the composition root gives them, each
 * loading its own modules when it is called.
 */
export type CommandHandlers = {
  readonly [name in ConfiguredName]: (invocation: ConfiguredInvocation) => Promise<ExitCode>;
} & {
  readonly status: (invocation: PlainInvocation) => Promise<ExitCode>;
};

export const commands: readonly Command[] = [
  {
    name: 'dev',
    configured: true,
    summary: 'starts a server for development and tests',
    details:
      'No account and no configuration: it makes what is not given, and prints lines to paste into a shell. The root key lies beside the data, so nothing it holds is safe from who can read the disk.',
  },
  {
    name: 'server',
    configured: true,
    summary: 'starts a server for production',
    details:
      'The same program as `holdfast dev`, with none of its relaxations. Run `holdfast init` once before.',
  },
  {
    name: 'init',
    configured: true,
    summary:
      'makes a data directory with its root key, and prints its first access key and the public key of its log',
  },
  { name: 'status', summary: 'shows what a running server says of itself' },
  {
    name: 'doctor',
    configured: true,
    summary: 'examines a data directory while no server runs on it, and says what is wrong and what to do',
  },
  {
    name: 'log verify',
    summary: 'checks an audit log offline: batches, hashes, Merkle tree, signed checkpoints',
    operands: 'DIR',
    operandsMax: 1,
  },
  { name: 'log tail', summary: 'shows the last events of an audit log', operands: 'DIR', operandsMax: 1 },
  {
    name: 'rotate root',
    summary: 'replaces the root key of a running server and seals all domain keys anew',
  },
  {
    name: 'rotate domain-keys',
    summary: 'replaces the domain key of a Region and seals its key material anew',
  },
  { name: 'version', summary: 'prints the version' },
];
