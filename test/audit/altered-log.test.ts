import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditLogCorrupt } from '../../src/audit/audit-log.ts';
import { encodeSegmentHeader, genesisChecksum } from '../../src/audit/segment.ts';
import { WaitingBatch } from '../../src/audit/waiting-batch.ts';
import { generateEd25519PrivateKey } from '../../src/crypto/ed25519.ts';
import { signCheckpoint } from '../../src/tlog/checkpoint.ts';
import { CompactRange, hashLeaf } from '../../src/tlog/merkle.ts';
import { ed25519NoteSigner } from '../../src/tlog/note.ts';
import {
  alter,
  contents,
  copyOf,
  newDirectory,
  open,
  origin,
  randomFrom,
  recordText,
  seed,
  segmentFiles,
  signer,
  verify,
} from './scratch-log.ts';

console.log(`HOLDFAST_SEED=${seed}`);

/** A closed log of several segments, and checkpoints of it as someone else kept them. */
async function closedLog() {
  const directory = newDirectory();
  const log = await open(directory, { firstSegmentBytes: 4096 });
  const kept: string[] = [];
  for (let i = 0; i < 120; i += 1) {
    await log.append(recordText(i));
    if (i % 30 === 29) kept.push(await log.checkpoint());
  }
  await log.close();
  kept.push(readFileSync(join(directory, 'checkpoint'), 'utf8'));
  return { directory, kept };
}
const { directory: original, kept } = await closedLog();
/** The segments that hold something; one more may be set aside. */
const segments = segmentFiles(original).filter((name) =>
  readFileSync(join(original, name)).some((byte) => byte !== 0),
);
const last = segments.at(-1) ?? '';

/** Refused by a start, which changes nothing, and found by offline verification, which says where. */
async function assertFound(
  directory: string,
  where: { segment?: string; what?: RegExp } = {},
): Promise<void> {
  const { findings } = await verify(directory, kept);
  assert.ok(findings.length > 0, 'verification finds nothing');
  if (where.segment !== undefined) assert.equal(findings[0]?.segment, where.segment);
  if (where.what !== undefined) assert.match(findings.map(({ what }) => what).join('\n'), where.what);
}

async function assertRefused(directory: string): Promise<void> {
  const before = contents(directory);
  await assert.rejects(open(directory), AuditLogCorrupt);
  assert.deepEqual(contents(directory), before, 'a refused log was changed');
}

test('the log that is altered below verifies, with every checkpoint that was kept', async () => {
  const result = await verify(original, kept);
  assert.deepEqual(result.findings, []);
  assert.deepEqual(result.remarks, []);
  assert.equal(result.size, 120);
  assert.equal(result.checkpoints, 5);
  assert.ok(segments.length >= 3);
});

test('a bit changed anywhere in the records and headers of any segment is found', async () => {
  const random = randomFrom(seed);
  for (const name of segments) {
    const bytes = readFileSync(join(original, name));
    let used = bytes.length;
    while (bytes[used - 1] === 0) used -= 1;
    const copy = copyOf(original);
    for (let round = 0; round < 60; round += 1) {
      const at = random(used);
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ (1 << random(8));
      writeFileSync(join(copy, name), altered);
      await assertFound(copy, { segment: name });
      if (name === last && round < 10) await assertRefused(copy);
    }
  }
});

test('bytes exchanged between two places are found', async () => {
  const copy = copyOf(original);
  alter(join(copy, segments[1] ?? ''), (bytes) => {
    const a = bytes.indexOf('event-2');
    const b = bytes.indexOf('event-3');
    bytes.write('3', a + 6);
    bytes.write('2', b + 6);
    return bytes;
  });
  await assertFound(copy, { segment: segments[1] ?? '' });
});

for (const [i, name] of segments.entries()) {
  test(`${name} missing is found, and refused by a start`, async () => {
    const copy = copyOf(original);
    rmSync(join(copy, name));
    await assertFound(copy);
    await assertRefused(copy);
  });

  test(`${name} cut short anywhere is found`, async () => {
    const { length } = readFileSync(join(original, name));
    for (const bytes of [0, 1, 100, length >> 1, length - 1]) {
      const copy = copyOf(original);
      truncateSync(join(copy, name), bytes);
      await assertFound(copy, { segment: name });
      if (name === last) await assertRefused(copy);
    }
  });

  if (i > 0) {
    test(`${name} in the place of the segment before is found`, async () => {
      const copy = copyOf(original);
      renameSync(join(copy, name), join(copy, segments[i - 1] ?? ''));
      await assertFound(copy);
    });
  }
}

test('all segments from one on removed, and the checkpoint too, is found by whoever kept a checkpoint', async () => {
  const copy = copyOf(original);
  for (const name of segments.slice(2)) rmSync(join(copy, name));
  await assertRefused(copy);
  writeFileSync(join(copy, 'checkpoint'), kept[0] ?? '');
  const { findings } = await verify(copy, kept);
  assert.match(
    findings.map(({ what }) => what).join('\n'),
    /the log ends after \d+ records, but kept checkpoint \d says that it had 120/,
  );
});

test('a log cut after an old checkpoint, with that checkpoint put back, is found by whoever kept a later one', async () => {
  const cut = newDirectory();
  const log = await open(cut);
  for (let i = 0; i < 30; i += 1) await log.append(recordText(i));
  await log.close();
  // Signed by the right key and whole: only a later checkpoint, kept elsewhere, can tell.
  assert.deepEqual((await verify(cut)).findings, []);
  await assertFound(cut, { what: /the log ends after 30 records/ });
});

test('the checkpoint missing is found, and refused by a start', async () => {
  const copy = copyOf(original);
  rmSync(join(copy, 'checkpoint'));
  await assertFound(copy, { what: /checkpoint is missing/ });
  await assertRefused(copy);
});

test('the checkpoint with any byte changed is found, and refused by a start', async () => {
  const copy = copyOf(original);
  const note = readFileSync(join(original, 'checkpoint'));
  for (let at = 0; at < note.length; at += 3) {
    const altered = Buffer.from(note);
    altered[at] = (altered[at] ?? 0) ^ 1;
    writeFileSync(join(copy, 'checkpoint'), altered);
    await assertFound(copy, { what: /checkpoint is not valid/ });
    if (at % 30 === 0) await assertRefused(copy);
  }
});

/** A log in one segment with every checksum right, and checkpoints where `note` gives one. */
function forge(
  directory: string,
  texts: readonly string[],
  note: (range: CompactRange) => string | undefined,
): void {
  const range = new CompactRange();
  const header = encodeSegmentHeader({
    number: 1,
    segmentBytes: 256 * 1024,
    origin,
    range,
    firstSequence: 0,
    previousChecksum: genesisChecksum,
    committed: 0,
  });
  const file = Buffer.alloc(256 * 1024);
  file.set(header);
  let at = header.length;
  let previousChecksum: Uint8Array = header.subarray(header.length - 32);
  for (const [sequence, text] of texts.entries()) {
    const batch = new WaitingBatch();
    batch.add(text, Buffer.byteLength(text), false);
    const encoded = batch.encode(
      Buffer.alloc(8192),
      { sequence, firstIndex: range.size, previousChecksum, committed: 0 },
      note(range),
    );
    file.set(encoded.bytes, at);
    at += encoded.bytes.length;
    previousChecksum = encoded.checksum;
    range.append(hashLeaf(Buffer.from(text)));
  }
  for (const name of segmentFiles(directory)) rmSync(join(directory, name));
  writeFileSync(join(directory, segments[0] ?? ''), file);
}

const texts = Array.from({ length: 120 }, (_, i) => recordText(i));
const forged = texts.map((text, i) => (i === 40 ? recordText(i, 119) : text));

test('the forger used below makes a log that verifies when it tells the truth', async () => {
  const copy = copyOf(original);
  forge(copy, texts, () => undefined);
  assert.deepEqual((await verify(copy, kept)).findings, []);
});

test('a log with one record changed and every checksum made anew does not match the signed checkpoint', async () => {
  const copy = copyOf(original);
  forge(copy, forged, () => undefined);
  await assertFound(copy, { what: /do not make the Merkle tree that the signed checkpoint was signed for/ });
  await assertRefused(copy);
});

test('a forged log with checkpoints of another key of the same name is refused', async () => {
  const copy = copyOf(original);
  const other = ed25519NoteSigner(origin, generateEd25519PrivateKey());
  const sign = (range: CompactRange): string =>
    signCheckpoint({ origin, size: range.size, root: range.root() }, [other]);
  const range = new CompactRange();
  for (const text of forged) range.append(hashLeaf(Buffer.from(text)));
  forge(copy, forged, sign);
  writeFileSync(join(copy, 'checkpoint'), sign(range));
  await assertFound(copy, { what: /not signed by a known key/ });
  await assertRefused(copy);
});

test('a right checkpoint in the wrong place of a log is found', async () => {
  const copy = copyOf(original);
  forge(copy, texts, (range) => (range.size === 50 ? (kept[0] ?? '') : undefined));
  await assertFound(copy, {
    what: /signed checkpoint of 30 records does not match the 50 records before it/,
  });
});

test('the segments of another log of the same key are found by their origin', async () => {
  const other = newDirectory();
  const log = await open(other, {
    signer: ed25519NoteSigner('holdfast.test/other', generateEd25519PrivateKey()),
  });
  await log.close();
  const copy = copyOf(original);
  copyFileSync(join(other, segments[0] ?? ''), join(copy, segments[0] ?? ''));
  await assertFound(copy, { what: /is of log `holdfast.test\/other`/ });
});

test('a segment that was never begun between others is found', async () => {
  const copy = copyOf(original);
  alter(join(copy, segments[1] ?? ''), (bytes) => bytes.fill(0));
  await assertFound(copy, { segment: segments[1] ?? '' });
});

test('a start with another signing key is refused', async () => {
  const other = ed25519NoteSigner(origin, generateEd25519PrivateKey());
  const before = contents(original);
  await assert.rejects(open(original, { signer: other }), AuditLogCorrupt);
  assert.deepEqual(contents(original), before);
  // With the earlier key named it goes on, and both keys together verify the whole.
  const copy = copyOf(original);
  const log = await open(copy, { signer: other, earlierKeys: [signer.verifier] });
  await log.append('more');
  await log.close();
});
