/**
 * Finds the command that was typed, checks everything given to it, and runs it. What goes wrong on the way
 * ends as a sentence on the error output and an exit code, never as a stack.
 */
import { closest } from '../config/closest.ts';
import { loadConfig } from '../config/config.ts';
import { ConfigRefused } from '../config/config-refused.ts';
import { gatherOptions } from '../config/given-options.ts';
import type { Option } from '../config/option.ts';
import { OptionReader } from '../config/option-reader.ts';
import { configOptions } from '../config/options.ts';
import {
  type Command,
  type CommandHandlers,
  type CommandName,
  type ConfiguredName,
  commands,
  type PlainInvocation,
  type PlainName,
} from './command.ts';
import { commandHelp, overview } from './help.ts';
import { CommandFailed, type CommandIo, type ExitCode, reportProblems, reportWarnings, say } from './io.ts';
import { commandOptions } from './options.ts';

export const allOptions: readonly Option[] = [...configOptions, ...commandOptions];

/** `argv` begins after the program's name. Resolves with the exit code; does not end the process. */
export async function runCommand(
  argv: readonly string[],
  io: CommandIo,
  handlers: CommandHandlers,
): Promise<ExitCode> {
  const { command, args } = findCommand(argv);
  if (command === undefined) return withoutCommand(args, io);
  // Everything after `--` is an operand, whatever it looks like.
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (options.includes('--help') || options.includes('-h')) {
    say(io.stdout, commandHelp(command, allOptions));
    return 0;
  }
  const json = options.includes('--json');
  try {
    return await run(command, args, json, io, handlers);
  } catch (error) {
    if (error instanceof ConfigRefused) {
      reportProblems(io, json, error.problems, json ? undefined : seeHelp(command.name));
      return 2;
    }
    const advice = error instanceof CommandFailed ? error.advice : undefined;
    reportProblems(io, json, [error instanceof Error ? error.message : String(error)], advice);
    return 1;
  }
}

async function run(
  command: Command,
  args: readonly string[],
  json: boolean,
  io: CommandIo,
  handlers: CommandHandlers,
): Promise<ExitCode> {
  const { name } = command;
  if (isConfigured(name)) {
    const { config, warnings } = loadConfig(name, args, io.environment, commandOptions);
    reportWarnings(io, json, warnings);
    return handlers[name]({ config, json, io });
  }
  const given = gatherOptions(name, args, io.environment, allOptions);
  const problems = [...given.problems];
  const extra = given.operands[command.operandsMax ?? 0];
  if (extra !== undefined) problems.push(`\`holdfast ${name}\` does not expect \`${extra}\``);
  if (problems.length > 0) throw new ConfigRefused(problems);
  reportWarnings(io, json, given.warnings);
  const options = new OptionReader(
    given.values,
    allOptions.filter(({ commands }) => commands.includes(name)),
    problems,
  );
  return runPlain(name, { options, operands: given.operands, json, io }, handlers);
}

/** Each loads its own modules, so that a command starts without paying for the others. */
async function runPlain(
  name: PlainName,
  invocation: PlainInvocation,
  handlers: CommandHandlers,
): Promise<ExitCode> {
  switch (name) {
    case 'status':
      return handlers.status(invocation);
    case 'log verify':
      return (await import('./log-commands.ts')).runLogVerify(invocation);
    case 'log tail':
      return (await import('./log-commands.ts')).runLogTail(invocation);
    case 'rotate root':
      return (await import('./rotate.ts')).rotateRoot(invocation);
    case 'rotate domain-keys':
      return (await import('./rotate.ts')).rotateDomainKeys(invocation);
    case 'version':
      return (await import('./version.ts')).printVersion(invocation);
  }
}

const configuredNames: readonly string[] = ['dev', 'server', 'init', 'doctor'] satisfies ConfiguredName[];
const isConfigured = (name: CommandName): name is ConfiguredName => configuredNames.includes(name);

/** The command that `argv` begins with, and the rest. */
function findCommand(argv: readonly string[]): { command?: Command; args: readonly string[] } {
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(' ');
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, args: argv.slice(words) };
  }
  return { args: argv };
}

function withoutCommand(argv: readonly string[], io: CommandIo): ExitCode {
  const [first, ...rest] = argv;
  if (first === '--help' || first === '-h' || first === 'help') {
    const { command } = findCommand(rest);
    say(io.stdout, command === undefined ? overview() : commandHelp(command, allOptions));
    return 0;
  }
  if (first === undefined) {
    say(io.stderr, overview());
    return 2;
  }
  const typed =
    argv
      .filter((word) => !word.startsWith('-'))
      .slice(0, 2)
      .join(' ') || first;
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  const names = commands.map(({ name }) => name);
  const meant = closest(typed, names) ?? closest(first, names);
  const shown = typed.length > 64 ? `${typed.slice(0, 64)}...` : typed;
  let problem = `there is no command \`${shown}\``;
  if (group.length > 0 && meant === undefined) {
    problem += `; there is ${group.map(({ name }) => `\`holdfast ${name}\``).join(' and ')}`;
  } else if (meant !== undefined) problem += `; did you mean \`holdfast ${meant}\`?`;
  reportProblems(io, argv.includes('--json'), [problem], 'Run `holdfast --help` for the commands there are.');
  return 2;
}

const seeHelp = (name: string): string => `Run \`holdfast ${name} --help\` for its options.`;
