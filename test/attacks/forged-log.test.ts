/**
 * Whoever can write to the data directory and wants the audit log to say something else: each attempt is
 * made on the files of a real server, and meets `holdfast log verify` and the next start.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecords } from '../../src/audit/read-records.ts';
import { encodeSegmentHeader, genesisChecksum } from '../../src/audit/segment.ts';
import { WaitingBatch } from '../../src/audit/waiting-batch.ts';
import { logVerify } from '../../src/cli/log-verify.ts';
import { CompactRange, hashLeaf } from '../../src/tlog/merkle.ts';
import { startDevServer } from '../support/dev-server.ts';
import {
  Caller,
  type Ended,
  refusesToStart,
  runHoldfast,
  scratchDirectory,
  startAndStop,
} from './attacker.ts';

describe('the audit log', () => {
  let scratch: string;
  let original: string;
  let directory: string;
  let logKey: string;
  /** As an auditor kept it, from the end of the first run. */
  let keptCheckpoint: string;
  /** The whole data directory as it was before the second run. */
  let older: string;
  /** Another installation, of the same operator. */
  let elsewhere: string;
  let otherKey: string;
  let copies = 0;

  /** One run of a server that leaves records behind; its log's public key. */
  const run = async (dataDirectory: string, keys: number): Promise<string> => {
    const server = await startDevServer({ args: ['--data-dir', dataDirectory] });
    const owner = new Caller(server);
    for (let count = 0; count < keys; count += 1) {
      const { id } = await owner.createKey();
      await owner.encrypt(id, 'logged');
    }
    await server.stop();
    return /log key +(\S+)/.exec(server.output())?.[1] ?? assert.fail(server.output());
  };

  before(async () => {
    scratch = await scratchDirectory();
    original = join(scratch, 'original');
    older = join(scratch, 'older');
    // An access key of its own in the directory, so that any start finds credentials.
    assert.equal((await startAndStop(original)).code, 0);
    await run(original, 3);
    await cp(original, older, { recursive: true });
    logKey = await run(original, 2);
    keptCheckpoint = join(scratch, 'kept-checkpoint');
    await cp(join(original, 'log', 'checkpoint'), keptCheckpoint);
    elsewhere = join(scratch, 'elsewhere');
    otherKey = await run(elsewhere, 2);
  });
  beforeEach(async () => {
    copies += 1;
    directory = join(scratch, String(copies));
    await cp(original, directory, { recursive: true });
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  /** What `holdfast log verify` does, without a process for each. */
  const verify = async (...checkpointFiles: string[]): Promise<Ended> => {
    const output = new PassThrough();
    const options = { directory: join(directory, 'log'), keys: [logKey], checkpointFiles, json: false };
    const code = await logVerify(options, output);
    output.end();
    return { code, output: await text(output) };
  };
  const isFoundOffline = async (what: RegExp, ...more: string[]): Promise<void> => {
    const { code, output } = await verify(...more);
    assert.equal(code, 1, output);
    assert.match(output, what);
    assert.match(output, /NOT verified/);
  };
  const isRefused = async (what: RegExp): Promise<void> => {
    const before = await contents(directory);
    assert.match(await refusesToStart(directory), what);
    assert.deepEqual(await contents(directory), before, 'a refused log was changed');
  };
  const segment = (): string => join(directory, 'log', 'segment-00000001.log');

  test('the log that is attacked below verifies, and a server starts on it', async () => {
    const { code, output } = await runHoldfast([
      ...['log', 'verify', directory, '--key', logKey, '--checkpoint', keptCheckpoint],
    ]);
    assert.equal(code, 0, output);
    assert.equal((await startAndStop(directory)).code, 0);
  });

  test('a record changed in place is found', async () => {
    const bytes = await readFile(segment());
    const at = bytes.indexOf('"eventName":"Encrypt"');
    bytes.write('"eventName":"Decrypt"', at, 'latin1');
    await writeFile(segment(), bytes);
    await isFoundOffline(/segment-00000001/);
    await isRefused(/segment-00000001/);
  });

  test('a record changed, and every checksum after it made anew, does not match what was signed', async () => {
    await forge(directory, (records) =>
      records.map((record) => record.replace('"eventName":"Encrypt"', '"eventName":"Decrypt"')),
    );
    await isFoundOffline(/do not make the Merkle tree that the signed checkpoint was signed for/);
    await isRefused(/do not make the Merkle tree/);
  });

  test('the forger above makes a log that verifies when it changes nothing', async () => {
    await forge(directory, (records) => records);
    const { code, output } = await verify(keptCheckpoint);
    assert.equal(code, 0, output);
  });

  test('a record taken out, or two exchanged, with every checksum made anew, is found', async () => {
    await forge(directory, ([first = '', second = '', ...others]) => [second, first, ...others]);
    await isFoundOffline(/do not make the Merkle tree/);
    await forge(directory, (records) => records.slice(1));
    await isFoundOffline(/checkpoint/);
    await isRefused(/checkpoint/);
  });

  test('a log that is cut short is found, whether the file is shorter or zeros take the place of the end', async () => {
    const bytes = await readFile(segment());
    const last = bytes.lastIndexOf('"eventName":"Encrypt"');
    await writeFile(segment(), bytes.subarray(0, last));
    await isFoundOffline(/segment-00000001/);
    await isRefused(/segment-00000001/);
    await writeFile(segment(), Buffer.concat([bytes.subarray(0, last), Buffer.alloc(bytes.length - last)]));
    await isFoundOffline(/checkpoint|segment-00000001/);
    await isRefused(/checkpoint|segment-00000001/);
  });

  test('the log of another installation in the place of this one is found', async () => {
    await rm(join(directory, 'log'), { recursive: true });
    await cp(join(elsewhere, 'log'), join(directory, 'log'), { recursive: true });
    await isFoundOffline(/not valid|is of log/);
    await isRefused(/log/);
    // Its own key verifies it, but that is another name: the one whom `init` and `status` never showed.
    assert.equal((await runHoldfast(['log', 'verify', directory, '--key', otherKey])).code, 0);
    assert.notEqual(otherKey.split('+')[0], logKey.split('+')[0]);
  });

  test('a checkpoint of another installation, an edited one and none at all are found', async () => {
    const checkpoint = join(directory, 'log', 'checkpoint');
    const note = await readFile(checkpoint, 'utf8');
    const foreign = await readFile(join(elsewhere, 'log', 'checkpoint'), 'utf8');
    for (const replaced of [foreign, note.replace(/^\d+$/m, '1'), note.replace(/\n— [^\n]+\n/, '\n'), '']) {
      await writeFile(checkpoint, replaced);
      await isFoundOffline(/the signed checkpoint is not valid/);
      if (replaced === foreign) await isRefused(/checkpoint/);
    }
    await rm(checkpoint);
    await isFoundOffline(/the signed checkpoint is missing/);
    await isRefused(/checkpoint/);
  });

  test('an older log put back beside the database is refused, and found by a kept checkpoint', async () => {
    await rm(join(directory, 'log'), { recursive: true });
    await cp(join(older, 'log'), join(directory, 'log'), { recursive: true });
    await isRefused(/do not belong together/);
    await isFoundOffline(/kept-checkpoint/, keptCheckpoint);
  });

  test('a log that is deleted is missed', async () => {
    await rm(join(directory, 'log'), { recursive: true });
    await isRefused(/do not belong together: the log is gone/);
  });

  test('a whole data directory put back to an older state is found by a kept checkpoint, and by nothing else', async () => {
    await rm(directory, { recursive: true });
    await cp(older, directory, { recursive: true });
    // SECURITY.md says so: from inside, an older consistent state is a consistent state.
    assert.equal((await verify()).code, 0);
    assert.equal((await startAndStop(directory)).code, 0);
    await isFoundOffline(/kept-checkpoint/, keptCheckpoint);
  });

  test('a second server on the same directory is refused, and the first goes on', async () => {
    const first = await startDevServer({ args: ['--data-dir', directory] });
    try {
      const output = await refusesToStart(directory);
      assert.match(output, new RegExp(`is in use by process ${first.pid}`));
      await new Caller(first).createKey();
    } finally {
      await first.stop();
    }
    assert.equal((await verify(keptCheckpoint)).code, 0);
  });

  test('what a caller writes into a request cannot become a record of its own, nor a field of another', async () => {
    const first = await startDevServer({ args: ['--data-dir', directory] });
    const line =
      '"}\n{"eventVersion":"1.11","eventName":"DeleteEverything","userIdentity":{"type":"Root"}}\u2028\u0000\u001b[2J';
    const { id } = await new Caller(first).createKey();
    await new Caller(first).encrypt(id, 'x', { [line]: line });
    await new Caller(first).kms('DescribeKey', { KeyId: line });
    await first.stop();
    const names = (await recordsOf(directory)).map((record) => JSON.parse(record).eventName);
    assert.ok(!names.includes('DeleteEverything'));
    assert.deepEqual(names.slice(-3), ['CreateKey', 'Encrypt', 'DescribeKey']);
    const { output } = await runHoldfast(['log', 'tail', directory]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach the terminal
    assert.doesNotMatch(output, /[\u0000-\u0009\u000b-\u001f]/);
  });
});

async function recordsOf(directory: string): Promise<string[]> {
  const records: string[] = [];
  for await (const { record } of readRecords(join(directory, 'log'), 0, Number.MAX_SAFE_INTEGER)) {
    records.push(Buffer.from(record).toString());
  }
  return records;
}

/** Writes the log anew, in one segment, with every checksum right: all that can be done without the signing key. */
async function forge(
  directory: string,
  change: (records: readonly string[]) => readonly string[],
): Promise<void> {
  const path = join(directory, 'log', 'segment-00000001.log');
  const old = readFileSync(path);
  const origin = (await readFile(join(directory, 'log', 'checkpoint'), 'utf8')).split('\n')[0] ?? '';
  const records = change(await recordsOf(directory));
  const range = new CompactRange();
  const file = Buffer.alloc(old.length);
  const header = encodeSegmentHeader({
    number: 1,
    segmentBytes: old.length,
    origin,
    range,
    firstSequence: 0,
    previousChecksum: genesisChecksum,
    committed: 0,
  });
  file.set(header);
  let at = header.length;
  let committed = 0;
  let previousChecksum: Uint8Array = header.subarray(header.length - 32);
  for (const [sequence, record] of records.entries()) {
    const cameWithChange = JSON.parse(record).readOnly === false;
    const batch = new WaitingBatch();
    batch.add(record, Buffer.byteLength(record), cameWithChange);
    const { bytes, checksum } = batch.encode(
      Buffer.alloc(65_536),
      { sequence, firstIndex: range.size, previousChecksum, committed },
      undefined,
    );
    file.set(bytes, at);
    at += bytes.length;
    previousChecksum = Buffer.from(checksum);
    committed += cameWithChange ? 1 : 0;
    range.append(hashLeaf(Buffer.from(record)));
  }
  await writeFile(path, file);
}

/** Name and bytes of every file, but for who holds the directory. */
async function contents(directory: string): Promise<unknown> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && !/^holdfast\.(pid|lock)$|^state\.db-/.test(file.name))
    .map((file) => [file.name, readFileSync(join(file.parentPath, file.name)).toString('base64')])
    .sort();
}
