/** `holdfast log verify`: says whether an audit log is whole and unaltered, or what is wrong with it where. */
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { findingText } from '../audit/log-scan.ts';
import { type LogVerification, verifyAuditLog } from '../audit/verify-log.ts';
import { InvalidNote, type NoteVerifier, parseVerifierKey } from '../tlog/note.ts';

export interface LogVerifyOptions {
  /** Of the log: segments and checkpoint. */
  readonly directory: string;
  /** Verifier keys as `holdfast init` and `status` print them; several after a change of keys. */
  readonly keys: readonly string[];
  /** Files with checkpoints that were kept elsewhere. */
  readonly checkpointFiles: readonly string[];
  readonly json: boolean;
}

/** What a command ends with. */
export const logVerifyExit = { verified: 0, doesNotHold: 1, cannotVerify: 2 } as const;

export async function logVerify(options: LogVerifyOptions, output: Writable): Promise<number> {
  let verification: LogVerification;
  try {
    const verifiers = parseKeys(options.keys);
    verification = await verifyAuditLog({
      directory: options.directory,
      origin: verifiers[0].name,
      verifiers,
      keptCheckpoints: await Promise.all(
        options.checkpointFiles.map(async (file) => ({
          source: `checkpoint ${file}`,
          note: await readFile(file, 'utf8'),
        })),
      ),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.write(
      options.json ? `${JSON.stringify({ verified: false, error: reason })}\n` : `cannot verify: ${reason}\n`,
    );
    return logVerifyExit.cannotVerify;
  }
  const verified = verification.findings.length === 0;
  output.write(options.json ? `${JSON.stringify({ verified, ...verification })}\n` : report(verification));
  return verified ? logVerifyExit.verified : logVerifyExit.doesNotHold;
}

function parseKeys(keys: readonly string[]): readonly [NoteVerifier, ...NoteVerifier[]] {
  const [first, ...others] = keys.map(parseVerifierKey);
  if (first === undefined)
    throw new InvalidNote('give the public key of the log (`--key`), as `holdfast status` prints it');
  if (others.some(({ name }) => name !== first.name)) throw new InvalidNote('the keys are of different logs');
  return [first, ...others];
}

function report(verification: LogVerification): string {
  const { findings, remarks, origin, size, root, segments, batches, checkpoints, signedSize } = verification;
  const lines = [
    `log          ${origin}`,
    `records      ${size}, of which ${signedSize} are vouched for by a signed checkpoint`,
    `root         ${root}`,
    `read         ${segments} segments, ${batches} batches, ${checkpoints} signed checkpoints in them`,
    ...remarks.map((remark) => `note         ${findingText(remark)}`),
    ...findings.map((finding) => `WRONG        ${findingText(finding)}`),
    findings.length === 0 ? 'verified' : 'NOT verified: the log is damaged or was altered',
  ];
  return `${lines.join('\n')}\n`;
}
