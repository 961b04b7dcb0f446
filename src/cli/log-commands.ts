/** `holdfast log verify` and `holdfast log tail` as typed: their operands and options, read for the commands. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigRefused } from '../config/config-refused.ts';
import type { PlainInvocation } from './command.ts';
import type { ExitCode } from './io.ts';
import { logTail } from './log-tail.ts';
import { logVerify } from './log-verify.ts';

export async function runLogVerify({ options, operands, json, io }: PlainInvocation): Promise<ExitCode> {
  const directory = await logDirectory(operands);
  const code = await logVerify(
    { directory, keys: options.texts('key'), checkpointFiles: options.texts('checkpoint'), json },
    io.stdout,
  );
  return exitCode(code);
}

export async function runLogTail({ options, operands, json, io }: PlainInvocation): Promise<ExitCode> {
  const directory = await logDirectory(operands);
  const request = { directory, count: options.number('count'), follow: options.flag('follow'), json };
  options.refuseProblems();
  await logTail(io.signal === undefined ? request : { ...request, signal: io.signal }, io.stdout);
  return 0;
}

/** The operand is a data directory, whose log is in `log/`, or that directory itself, kept elsewhere. */
async function logDirectory([operand]: readonly string[]): Promise<string> {
  if (operand === undefined) {
    throw new ConfigRefused(['say which log: a data directory, or the directory of a log kept elsewhere']);
  }
  const inside = join(resolve(operand), 'log');
  const isDataDirectory = await stat(inside).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return isDataDirectory ? inside : resolve(operand);
}

const exitCode = (code: number): ExitCode => (code === 0 || code === 2 ? code : 1);
