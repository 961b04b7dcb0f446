/** `holdfast doctor` on data directories that real servers left behind, whole and damaged in one way each. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { KMS } from '@aws-sdk/client-kms';
import { bareEnvironment } from '../clients/endpoints.ts';
import { runProgram } from '../clients/python-program.ts';
import { holdfast, operator, startDevServer } from '../support/dev-server.ts';

let directory = '';
let whole = '';
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-doctor-'));
  whole = join(directory, 'whole');
  const server = await startDevServer({ args: ['--data-dir', whole] });
  const kms = new KMS({ endpoint: server.endpoint, region: 'us-east-1', credentials: { ...operator } });
  for (let number = 0; number < 3; number += 1) {
    const { KeyMetadata } = await kms.createKey({});
    await kms.rotateKeyOnDemand({ KeyId: KeyMetadata?.KeyId });
    await kms.generateDataKey({ KeyId: KeyMetadata?.KeyId, KeySpec: 'AES_256' });
  }
  kms.destroy();
  assert.equal(await server.stop(), 0);
});
after(() => rmSync(directory, { recursive: true, force: true }));

interface Examined {
  readonly code: number | null;
  readonly problems: readonly string[];
  readonly text: string;
}

/** Damages a copy and has it examined; an examination must change nothing in it. */
async function examine(
  name: string,
  damage: (copy: string) => void,
  form: 'text' | 'JSON',
): Promise<Examined> {
  const copy = join(directory, name);
  cpSync(whole, copy, { recursive: true });
  chmodSync(copy, 0o700);
  damage(copy);
  const before = contentsOf(copy);
  const doctor = ['doctor', '--data-dir', copy, ...(form === 'JSON' ? ['--json'] : [])];
  const { code, out, err } = await runProgram(holdfast, doctor, bareEnvironment());
  assert.deepEqual(contentsOf(copy), before, `the examination changed something: ${out}${err}`);
  if (form === 'text')
    return { code, problems: [...out.matchAll(/^- (.*)$/gm)].map(([, text = '']) => text), text: out };
  const said: { problems: readonly string[] } = JSON.parse(out === '' ? err : out);
  return { code, problems: said.problems, text: out };
}

/** Each file of a directory with its mode and the hash of what is in it. */
const contentsOf = (path: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((file) => [
        file,
        `${statSync(file).mode.toString(8)} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`,
      ]),
  );

const changeDatabase = (copy: string, statement: string): void => {
  const database = new DatabaseSync(join(copy, 'state.db'));
  database.exec(statement);
  database.close();
};

const segmentOf = (copy: string): string => {
  const name = readdirSync(join(copy, 'log')).find((each) => each.startsWith('segment-'));
  assert.ok(name !== undefined);
  return join(copy, 'log', name);
};

test('a whole data directory has nothing wrong, and is told to be so with exit code 0', async () => {
  const { code, problems, text } = await examine('healthy', () => undefined, 'text');
  assert.deepEqual([code, problems], [0, []]);
  assert.match(text, /keys 3, keyMaterials 6/);
  assert.match(text, /\nnothing is wrong\n$/);
});

/** What is damaged, how, and the one problem that must be told. */
const damages: readonly (readonly [what: string, damage: (copy: string) => void, problem: RegExp])[] = [
  [
    'a missing audit log',
    (copy) => rmSync(join(copy, 'log'), { recursive: true }),
    /the log is gone.*put back/,
  ],
  [
    'a truncated audit log',
    (copy) => truncateSync(segmentOf(copy), 700),
    /audit log in .* is damaged or was altered: segment-\d+\.log.*the signed checkpoint says/,
  ],
  [
    'an audit log with a changed record',
    (copy) => {
      const bytes = readFileSync(segmentOf(copy));
      bytes[bytes.indexOf('CreateKey')] = 'K'.charCodeAt(0);
      writeFileSync(segmentOf(copy), bytes);
    },
    /audit log in .* is damaged or was altered: segment-\d+\.log, offset \d+/,
  ],
  [
    'a missing root key',
    (copy) => rmSync(join(copy, 'root.key')),
    /root\.key is missing.*put it back from a backup/,
  ],
  [
    'a damaged root key',
    (copy) => {
      const bytes = readFileSync(join(copy, 'root.key'));
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      writeFileSync(join(copy, 'root.key'), bytes);
    },
    /root\.key is damaged/,
  ],
  ['a missing database', (copy) => rmSync(join(copy, 'state.db')), /the database is gone.*put back/],
  [
    'a database of a newer program',
    (copy) => changeDatabase(copy, 'PRAGMA user_version = 99'),
    /has schema version 99 and this program knows \d+: run the newer program/,
  ],
  [
    'a database with a changed schema',
    (copy) => changeDatabase(copy, 'CREATE TABLE added (a)'),
    /state\.db. is damaged or was altered \(its schema was changed/,
  ],
  [
    'key material that does not open',
    (copy) =>
      changeDatabase(
        copy,
        'UPDATE key_material SET sealed = zeroblob(length(sealed)) WHERE rowid = (SELECT max(rowid) FROM key_material)',
      ),
    /^key material [0-9a-f]{64} of key [0-9a-f-]{36} does not open: it was changed, moved or damaged$/,
  ],
  [
    'a domain key that does not open',
    (copy) =>
      changeDatabase(
        copy,
        "UPDATE domain_key SET sealed = zeroblob(length(sealed)) WHERE region = 'us-east-1'",
      ),
    /does not open/,
  ],
  [
    'files that others may read',
    (copy) => chmodSync(join(copy, 'state.db'), 0o644),
    /state\.db. has mode 644: run .chmod 600/,
  ],
];

for (const [what, damage, problem] of damages) {
  test(`\`doctor\` tells of ${what}, says what to do, changes nothing, and ends with 1`, async () => {
    const { code, problems } = await examine(what.replaceAll(' ', '-'), damage, 'JSON');
    assert.equal(code, 1);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', problem);
  });
}

test('`doctor` tells a wrong passphrase, and what is not a data directory', async () => {
  const [right, wrong] = [join(directory, 'right-passphrase'), join(directory, 'wrong-passphrase')];
  writeFileSync(right, 'correct horse battery staple', { mode: 0o600 });
  writeFileSync(wrong, 'incorrect horse battery staple', { mode: 0o600 });
  const data = join(directory, 'passphrase');
  const run = (args: readonly string[]) => runProgram(holdfast, args, bareEnvironment());
  assert.equal((await run(['init', '--data-dir', data, '--passphrase-file', right])).code, 0);
  const refused = await run(['doctor', '--data-dir', data, '--passphrase-file', wrong]);
  assert.equal(refused.code, 1);
  assert.match(refused.out, /^1 problem:\n- the passphrase does not open .*seal\.bin$/m);
  const opened = await run(['doctor', '--data-dir', data, '--passphrase-file', right]);
  assert.deepEqual([opened.code, opened.err], [0, '']);

  const empty = join(directory, 'empty');
  mkdirSync(empty);
  const none = await run(['doctor', '--data-dir', empty]);
  assert.equal(none.code, 1);
  assert.match(none.err, /holds no installation.*\n?.*`holdfast init --data-dir/);
  assert.deepEqual(readdirSync(empty), []);
  const missing = await run(['doctor', '--data-dir', join(directory, 'not-there')]);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /not-there/);
});
