/** Verifies a whole log offline, with nothing but its directory and the public keys that signed it. */
import { openCheckpoint } from '../tlog/checkpoint.ts';
import { InvalidNote, type NoteVerifier } from '../tlog/note.ts';
import { type Finding, listSegments, type NamedCheckpoint, readCheckpointFile, scanLog } from './log-scan.ts';
import { segmentName } from './segment.ts';

export interface LogVerification {
  /** What does not hold. Empty: the log is whole and unaltered up to `signedSize`. */
  readonly findings: readonly Finding[];
  /** What is worth knowing and no fault. */
  readonly remarks: readonly Finding[];
  readonly origin: string;
  readonly size: number;
  /** Of the Merkle tree over all records; base64. */
  readonly root: string;
  readonly segments: number;
  readonly batches: number;
  /** Signed checkpoints in the log that were checked. */
  readonly checkpoints: number;
  /** Records that a signed checkpoint vouches for. */
  readonly signedSize: number;
}

export interface LogVerificationOptions {
  readonly directory: string;
  readonly origin: string;
  readonly verifiers: readonly NoteVerifier[];
  /** Checkpoints that were kept elsewhere: they show that nothing after an older checkpoint was cut off. */
  readonly keptCheckpoints?: readonly { readonly source: string; readonly note: string }[];
}

export async function verifyAuditLog(options: LogVerificationOptions): Promise<LogVerification> {
  const { directory, origin, verifiers } = options;
  const findings: Finding[] = [];
  const checkpoints: NamedCheckpoint[] = [];
  // Before the segments: of a log in use, the segments are then never older than the checkpoint.
  const published = await readCheckpointFile(directory);
  if (published === undefined) findings.push({ what: 'the signed checkpoint is missing' });
  const notes = [
    ...(published === undefined ? [] : [{ source: 'the signed checkpoint', note: published }]),
    ...(options.keptCheckpoints ?? []),
  ];
  for (const { source, note } of notes) {
    try {
      checkpoints.push({ ...openCheckpoint(note, origin, verifiers), source });
    } catch (error) {
      if (!(error instanceof InvalidNote)) throw error;
      findings.push({ what: `${source} is not valid: ${error.message}` });
    }
  }
  const segments = await listSegments(directory);
  if (segments.length === 0) findings.push({ what: 'there is no segment' });
  const scan = await scanLog({ directory, origin, verifiers, checkpoints });
  findings.push(...scan.findings);
  const { size } = scan.end.range;
  const remarks: Finding[] = [];
  if (scan.torn !== undefined) {
    remarks.push({
      segment: segmentName(scan.torn.segment),
      offset: scan.torn.offset,
      leafIndex: size,
      what: 'the last batch is incomplete: it was not acknowledged, or is being written now',
    });
  }
  if (size > scan.signedSize) {
    remarks.push({
      leafIndex: scan.signedSize,
      what: `no signed checkpoint vouches yet for the last ${size - scan.signedSize} records`,
    });
  }
  return {
    findings,
    remarks,
    origin,
    size,
    root: Buffer.from(scan.end.range.root()).toString('base64'),
    segments: segments.length,
    batches: scan.batches,
    checkpoints: scan.checkpoints,
    signedSize: scan.signedSize,
  };
}
