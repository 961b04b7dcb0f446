/** What a command may touch of the terminal it runs in, and how it says what it found. */
import type { Environment } from '../config/given-options.ts';

/** 0: done, and nothing is wrong. 1: it failed, or found problems. 2: it was not asked for properly. */
export type ExitCode = 0 | 1 | 2;

export interface CommandIo {
  readonly environment: Environment;
  /** One line, or several, without the last line ending. */
  out(text: string): void;
  err(text: string): void;
  /** Whether each of them is a terminal. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
}

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
export function styled(io: CommandIo, stream: 'out' | 'err', style: Style, text: string): string {
  const { NO_COLOR: noColor, TERM: terminal } = io.environment;
  const isTerminal = stream === 'out' ? io.outIsTerminal : io.errIsTerminal;
  if (!isTerminal || (noColor !== undefined && noColor !== '') || terminal === 'dumb') return text;
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
    io.err(JSON.stringify(advice === undefined ? { problems } : { problems, advice }));
    return;
  }
  for (const problem of problems) io.err(`${styled(io, 'err', 'red', 'holdfast:')} ${problem}`);
  if (advice !== undefined) io.err(advice);
}

export function reportWarnings(io: CommandIo, json: boolean, warnings: readonly string[]): void {
  for (const warning of warnings) {
    io.err(
      json ? JSON.stringify({ warning }) : `${styled(io, 'err', 'yellow', 'holdfast: warning:')} ${warning}`,
    );
  }
}
