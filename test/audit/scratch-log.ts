/** Logs in directories of their own, for tests that break them. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type AuditLog, type AuditLogOptions, openAuditLog } from '../../src/audit/audit-log.ts';
import { segmentNumber } from '../../src/audit/segment.ts';
import { type LogVerification, verifyAuditLog } from '../../src/audit/verify-log.ts';
import { generateEd25519PrivateKey } from '../../src/crypto/ed25519.ts';
import { ed25519NoteSigner } from '../../src/tlog/note.ts';

export const origin = 'holdfast.test/log';
export const signer = ed25519NoteSigner(origin, generateEd25519PrivateKey());
export const seed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 2 ** 31);

const root = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A path for a log that does not exist yet. */
export const newDirectory = (): string => join(mkdtempSync(join(root, 'd-')), 'log');

/** Small segments and no checkpoint but the ones asked for, unless told otherwise. */
export const open = (directory: string, options: Partial<AuditLogOptions> = {}): Promise<AuditLog> =>
  openAuditLog({ directory, signer, firstSegmentBytes: 4096, checkpointIntervalMs: 3_600_000, ...options });

export const recordText = (i: number, bytes = 120): string =>
  JSON.stringify({ eventID: `event-${i}`, pad: 'x'.repeat(bytes) });

export async function records(log: Pick<AuditLog, 'read' | 'size'>, from = 0): Promise<string[]> {
  const texts: string[] = [];
  for await (const { record } of log.read(from, log.size)) texts.push(record.toString('utf8'));
  return texts;
}

export const verify = (directory: string, kept: readonly string[] = []): Promise<LogVerification> =>
  verifyAuditLog({
    directory,
    origin,
    verifiers: [signer.verifier],
    keptCheckpoints: kept.map((note, i) => ({ source: `kept checkpoint ${i}`, note })),
  });

export function copyOf(directory: string): string {
  const copy = newDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** Every file of a directory with its bytes, to show that nothing was changed. */
export function contents(directory: string): Map<string, string> {
  return new Map(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'base64')]),
  );
}

export const segmentFiles = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => segmentNumber(name) !== undefined)
    .sort();

export function alter(path: string, change: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = readFileSync(path);
  writeFileSync(path, change(bytes) ?? bytes);
}

/** A small generator of numbers that a printed seed replays. */
export function randomFrom(start: number): (below: number) => number {
  let state = start | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
