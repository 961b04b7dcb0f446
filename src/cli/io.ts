/** What a command may touch of the terminal it runs in, and how it says what it found. */
import type { Writable } from 'node:stream';
import type { Environment } from '../config/given-options.ts';

/** 0: done, and nothing is wrong. 1: it failed, or found problems. 2: it was not asked for properly. */
export type ExitCode = 0 | 1 | 2;

export interface Output extends Writable {
  readonly isTTY?: boolean;
}

export interface CommandIo {
  readonly environment: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted when the command should end. */
  readonly signal?: AbortSignal;
}

/** One line, or several, without the last line ending. */
export const say = (output: Writable, text: string): void => {
  output.write(`${text}\n`);
};

/** A failure with nothing to add for a programmer: what went wrong and, where it helps, what to do now. */
export class CommandFailed extends Error {
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.name = 'CommandFailed';
    this.advice = advice;
  }
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green';
const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
};

/** Colours `text` for a terminal, unless NO_COLOR is set to anything (https://no-color.org) or it is a dumb one. */
export function styled({ environment }: CommandIo, output: Output, style: Style, text: string): string {
  const { NO_COLOR: noColor, TERM: terminal } = environment;
  if (output.isTTY !== true || (noColor !== undefined && noColor !== '') || terminal === 'dumb') return text;
  const [on, off] = codes[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Reports on the error output, as JSON where that was asked for. */
export function reportProblems(
  io: CommandIo,
  json: boolean,
  problems: readonly string[],
  advice?: string,
): void {
  if (json) {
    say(io.stderr, JSON.stringify(advice === undefined ? { problems } : { problems, advice }));
    return;
  }
  for (const problem of problems) say(io.stderr, `${styled(io, io.stderr, 'red', 'holdfast:')} ${problem}`);
  if (advice !== undefined) say(io.stderr, advice);
}

export function reportWarnings(io: CommandIo, json: boolean, warnings: readonly string[]): void {
  for (const warning of warnings) {
    say(
      io.stderr,
      json
        ? JSON.stringify({ warning })
        : `${styled(io, io.stderr, 'yellow', 'holdfast: warning:')} ${warning}`,
    );
  }
}
