/** Runs commands in this process, with outputs that are kept, and handlers that say what they were given. */
import { Writable } from 'node:stream';
import type { CommandHandlers, ConfiguredInvocation } from '../../src/cli/command.ts';
import type { CommandIo, ExitCode } from '../../src/cli/io.ts';
import { runCommand } from '../../src/cli/run-command.ts';
import type { Config } from '../../src/config/config.ts';

class Kept extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
  /** What the command was started with; absent when it was not. */
  readonly config?: Config;
}

export interface Setting {
  readonly environment?: CommandIo['environment'];
  readonly terminal?: boolean;
  readonly handlers?: Partial<CommandHandlers>;
}

/** Runs `holdfast ARGV`. */
export async function run(argv: readonly string[], setting: Setting = {}): Promise<Ran> {
  const stdout = new Kept(setting.terminal === true);
  const stderr = new Kept(setting.terminal === true);
  let config: Config | undefined;
  const keep = async (invocation: ConfiguredInvocation): Promise<ExitCode> => {
    config = invocation.config;
    return 0;
  };
  const code = await runCommand(
    argv,
    { environment: setting.environment ?? {}, stdout, stderr },
    { dev: keep, server: keep, init: keep, doctor: keep, status: async () => 0, ...setting.handlers },
  );
  const ran = { code, out: stdout.text, err: stderr.text };
  return config === undefined ? ran : { ...ran, config };
}
