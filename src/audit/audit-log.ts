/**
 * Opens the audit log: reads what is really on the disk, mends what a crash left half written, refuses
 * what was damaged or altered, and goes on where the log ends.
 */
import { createDirectory } from '../base/durable-file.ts';
import { type Checkpoint, openCheckpoint } from '../tlog/checkpoint.ts';
import { InvalidNote, type NoteVerifier } from '../tlog/note.ts';
import { type Finding, findingText, type LogScan, readCheckpointFile, scanLog } from './log-scan.ts';
import { AuditLog, type AuditLogOptions } from './log-writer.ts';
import { firstSegmentBytes, genesisChecksum } from './segment.ts';
import {
  beginSegment,
  type OpenSegment,
  prepareSegment,
  removeUnfinishedSegments,
  reopenSegment,
  zeroTorn,
} from './segment-file.ts';

export { AuditLog, AuditLogBusy, AuditLogFailed, type AuditLogOptions } from './log-writer.ts';
/** What is on the disk is not what was written. The log was not opened and nothing was changed. */
export class AuditLogCorrupt extends Error {
  readonly findings: readonly Finding[];

  constructor(directory: string, findings: readonly Finding[]) {
    super(`the audit log in ${directory} is damaged or was altered: ${findings.map(findingText).join('; ')}`);
    this.name = 'AuditLogCorrupt';
    this.findings = findings;
  }
}

/** Opens the log in `directory`, or begins one there. Rejects with `AuditLogCorrupt` when it does not hold together. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { directory, signer, faults } = options;
  const origin = signer.verifier.name;
  const verifiers = [signer.verifier, ...(options.earlierKeys ?? [])];
  const note = await readCheckpointFile(directory);
  const checkpoint = note === undefined ? undefined : readCheckpoint(directory, note, origin, verifiers);
  const scan = await scanLog({
    directory,
    origin,
    verifiers,
    checkpoints: checkpoint === undefined ? [] : [{ ...checkpoint, source: 'the signed checkpoint' }],
    fromIndex: checkpoint?.size ?? 0,
  });
  const findings = [...scan.findings];
  // A new log has its checkpoint of no records before it has its first record.
  if (checkpoint === undefined && scan.end.range.size > 0)
    findings.push({ what: 'the signed checkpoint is missing' });
  if (findings.length > 0) throw new AuditLogCorrupt(directory, findings);
  await options.confirm?.(scan.end);

  // From here on the directory may be changed.
  await createDirectory(directory, faults);
  await removeUnfinishedSegments(directory, faults);
  if (scan.torn !== undefined) await zeroTorn(directory, scan.torn, faults);
  const { segment, checksum } = await openLastSegment(options, scan);
  const log = new AuditLog(options, segment, { ...scan.end, checksum }, note, checkpoint?.size);
  try {
    if (note === undefined) await log.checkpoint();
  } catch (error) {
    await log.close();
    throw error;
  }
  return log;
}

function readCheckpoint(
  directory: string,
  note: string,
  origin: string,
  verifiers: readonly NoteVerifier[],
): Checkpoint {
  try {
    return openCheckpoint(note, origin, verifiers);
  } catch (error) {
    if (!(error instanceof InvalidNote)) throw error;
    throw new AuditLogCorrupt(directory, [{ what: `the signed checkpoint is not valid: ${error.message}` }]);
  }
}

async function openLastSegment(
  options: AuditLogOptions,
  { end, prepared }: LogScan,
): Promise<{ segment: OpenSegment; checksum: Uint8Array }> {
  const { directory, faults, signer } = options;
  const segmentBytes = options.firstSegmentBytes ?? firstSegmentBytes;
  const use = { faults, writeThrough: options.durable ?? true };
  if (end.segment !== undefined) {
    return {
      segment: await reopenSegment(directory, end.segment, end.offset, use),
      checksum: end.checksum,
    };
  }
  if (prepared === undefined) await prepareSegment(directory, 1, segmentBytes, faults);
  const { range } = end;
  const header = {
    number: 1,
    origin: signer.verifier.name,
    range,
    firstSequence: 0,
    previousChecksum: genesisChecksum,
    committed: 0,
  };
  return beginSegment(directory, header, use);
}
