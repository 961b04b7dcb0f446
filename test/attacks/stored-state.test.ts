/**
 * Whoever can write to the data directory while the server is stopped: rows of the database moved, swapped,
 * edited and injected with plain SQL, then a start. What is sealed does not open elsewhere; what is not
 * sealed is obeyed, and `SECURITY.md` says so.
 */
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, test } from 'node:test';
import { readRecords } from '../../src/audit/read-records.ts';
import { type DevServer, neighbour, operator, startDevServer } from '../support/dev-server.ts';
import { Caller, policyOf, refusesToStart, scratchDirectory, startAndStop } from './attacker.ts';

describe('the data directory, changed while the server is stopped', () => {
  let scratch: string;
  let original: string;
  let directory: string;
  let copies = 0;
  let server: DevServer | undefined;
  let key: { readonly id: string; readonly arn: string };
  let other: { readonly id: string; readonly arn: string };
  let abroad: { readonly id: string; readonly arn: string };
  let theirs: { readonly id: string; readonly arn: string };
  let sealed: Buffer;

  const start = async (): Promise<Caller> => {
    server = await startDevServer({ args: ['--data-dir', directory] });
    return new Caller(server);
  };
  const stop = async (): Promise<string> => {
    const stopped = server;
    server = undefined;
    await stopped?.stop();
    return stopped?.output() ?? '';
  };
  const tamper = (change: (database: DatabaseSync) => void): void => {
    const database = new DatabaseSync(join(directory, 'state.db'));
    // Whoever edits the file is held by none of its rules.
    database.exec('PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON');
    change(database);
    database.close();
  };

  before(async () => {
    scratch = await scratchDirectory();
    original = join(scratch, 'original');
    directory = original;
    const owner = await start();
    key = await owner.createKey();
    other = await owner.createKey();
    abroad = await new Caller(owner, { region: 'eu-west-1' }).createKey();
    theirs = await new Caller(owner, { credentials: neighbour }).createKey();
    sealed = await owner.encrypt(key.id, 'secret');
    await owner.does('CreateAlias', { AliasName: 'alias/orders', TargetKeyId: key.id });
    await stop();
  });
  beforeEach(async () => {
    await stop();
    copies += 1;
    directory = join(scratch, String(copies));
    await cp(original, directory, { recursive: true });
  });
  after(async () => {
    await stop();
    await rm(scratch, { recursive: true, force: true });
  });

  const sealedOf = (database: DatabaseSync, keyId: string): Uint8Array => {
    const row = database.prepare('SELECT sealed FROM key_material WHERE key_id = ?').get(keyId);
    assert.ok(row?.sealed instanceof Uint8Array);
    return row.sealed;
  };

  /** The key is of no use, nothing is said of it but that, and everything else is served. */
  const isUnusable = async (caller: Caller, keyId: string): Promise<void> => {
    for (const [operation, input] of [
      ['Encrypt', { KeyId: keyId, Plaintext: 'AAAA' }],
      ['GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256' }],
    ] as const) {
      const answer = await caller.kms(operation, input);
      assert.equal(answer.status, 500, answer.text);
      assert.equal(answer.code, 'KMSInternalException');
      assert.equal(answer.message, 'The request failed because of an internal error. Try it again later.');
    }
  };

  test('the copy that is changed below serves as the original did', async () => {
    const owner = await start();
    assert.equal(await owner.decrypt(sealed), 'secret');
  });

  test('sealed key material that is swapped between two keys opens for neither', async () => {
    tamper((database) => {
      const [one, two] = [sealedOf(database, key.id), sealedOf(database, other.id)];
      const put = database.prepare('UPDATE key_material SET sealed = ? WHERE key_id = ?');
      put.run(two, key.id);
      put.run(one, other.id);
    });
    const owner = await start();
    await isUnusable(owner, key.id);
    await isUnusable(owner, other.id);
    const answer = await owner.kms('Decrypt', { CiphertextBlob: sealed.toString('base64') });
    assert.equal(answer.code, 'KMSInternalException');
    await owner.createKey();
    assert.match(await stop(), /does not open|broken/);
  });

  for (const [place, target] of Object.entries({
    'another key': () => ({ account: operator.accountId, region: 'us-east-1', keyId: other.id }),
    'another account': () => ({ account: neighbour.accountId, region: 'us-east-1', keyId: theirs.id }),
    'another Region': () => ({ account: operator.accountId, region: 'eu-west-1', keyId: abroad.id }),
  })) {
    test(`a key material row that is moved to ${place} does not open there`, async () => {
      const { account, region, keyId } = target();
      tamper((database) => {
        database.prepare('DELETE FROM key_material WHERE key_id = ?').run(keyId);
        database
          .prepare('UPDATE key_material SET account_id = ?, region = ?, key_id = ? WHERE key_id = ?')
          .run(account, region, keyId, key.id);
        database.prepare('DELETE FROM alias').run();
        database.prepare('DELETE FROM kms_key WHERE key_id = ?').run(key.id);
      });
      const owner = await start();
      await isUnusable(
        new Caller(owner, { region, credentials: account === neighbour.accountId ? neighbour : operator }),
        keyId,
      );
    });
  }

  test('a key that is moved whole to another account, key material and all, does not open there', async () => {
    tamper((database) => {
      database.prepare('DELETE FROM alias').run();
      for (const table of ['kms_key', 'key_material']) {
        database
          .prepare(`UPDATE ${table} SET account_id = ? WHERE key_id = ?`)
          .run(neighbour.accountId, key.id);
      }
      const policy = JSON.stringify(policyOf(neighbour.accountId));
      database
        .prepare("UPDATE kms_key SET body = json_set(body, '$.policy', ?) WHERE key_id = ?")
        .run(policy, key.id);
    });
    const owner = await start();
    const thief = new Caller(owner, { credentials: neighbour });
    await isUnusable(thief, key.id);
    const answer = await thief.kms('Decrypt', { CiphertextBlob: sealed.toString('base64') });
    assert.equal(answer.code, 'KMSInternalException');
  });

  test('a changed byte of sealed key material costs the key, and no answer shows why', async () => {
    tamper((database) => {
      const bytes = Buffer.from(sealedOf(database, key.id));
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
      database.prepare('UPDATE key_material SET sealed = ? WHERE key_id = ?').run(bytes, key.id);
    });
    await isUnusable(await start(), key.id);
  });

  test('a domain key that is swapped with that of another Region opens for neither', async () => {
    tamper((database) => {
      const rows = database.prepare("SELECT region, sealed FROM domain_key WHERE region <> ''").all();
      const [one, two] = rows;
      assert.ok(one?.sealed instanceof Uint8Array && two?.sealed instanceof Uint8Array);
      const put = database.prepare('UPDATE domain_key SET sealed = ? WHERE region = ?');
      put.run(two.sealed, String(one.region));
      put.run(one.sealed, String(two.region));
    });
    const owner = await start();
    await isUnusable(owner, key.id);
    await isUnusable(new Caller(owner, { region: 'eu-west-1' }), abroad.id);
  });

  test('the secret of an access key that is moved to another account or id stops the start', async () => {
    const fresh = join(scratch, 'with-access-key');
    assert.equal((await startAndStop(fresh)).code, 0);
    for (const column of ['account_id', 'access_key_id'] as const) {
      directory = join(scratch, `moved-${column}`);
      await cp(fresh, directory, { recursive: true });
      tamper((database) => {
        const value = column === 'account_id' ? neighbour.accountId : 'AKIAMOVEDMOVEDMOVED2';
        assert.equal(database.prepare(`UPDATE access_key SET ${column} = ?`).run(value).changes, 1);
      });
      const output = await refusesToStart(directory);
      assert.match(output, /the stored secret of the access key \S+ does not open/);
    }
  });

  test("the log's signing key of another installation, or a changed one, stops the start", async () => {
    tamper((database) => {
      const row = database.prepare("SELECT value FROM meta WHERE name = 'log-signing-key'").get();
      assert.ok(row?.value instanceof Uint8Array);
      const bytes = Buffer.from(row.value);
      bytes[20] = (bytes[20] ?? 0) ^ 1;
      database.prepare("UPDATE meta SET value = ? WHERE name = 'log-signing-key'").run(bytes);
    });
    assert.match(await refusesToStart(directory), /signing key/);
  });

  test('a key policy that is edited in the database is obeyed: policies are not authenticated', async () => {
    tamper((database) => {
      const policy = JSON.stringify(
        policyOf(operator.accountId, {
          Effect: 'Allow',
          Principal: { AWS: neighbour.accountId },
          Action: 'kms:Decrypt',
          Resource: '*',
        }),
      );
      database
        .prepare("UPDATE kms_key SET body = json_set(body, '$.policy', ?) WHERE key_id = ?")
        .run(policy, key.id);
    });
    const owner = await start();
    // This is the weakness that SECURITY.md admits. That it was used is in the log, under the thief's name.
    const thief = new Caller(owner, { credentials: neighbour });
    assert.equal(await thief.decrypt(sealed), 'secret');
  });

  test('a key policy that is edited into nonsense allows nobody anything', async () => {
    for (const policy of ['', '{', 'null', '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}']) {
      tamper((database) => {
        database
          .prepare("UPDATE kms_key SET body = json_set(body, '$.policy', ?) WHERE key_id = ?")
          .run(policy, key.id);
      });
      const owner = await start();
      const answer = await owner.kms('Decrypt', { CiphertextBlob: sealed.toString('base64') });
      assert.equal(answer.code, 'KMSInternalException', answer.text);
      assert.equal((await owner.kms('Encrypt', { KeyId: other.id, Plaintext: 'AAAA' })).status, 200);
      await stop();
    }
  });

  test('rows that no server would have written stop the start', async () => {
    const changes: Readonly<Record<string, string>> = {
      'a key of no account': `UPDATE kms_key SET account_id = 'nobody' WHERE key_id = '${key.id}'`,
      'a key whose body is no JSON': `UPDATE kms_key SET body = '{' WHERE key_id = '${key.id}'`,
      'a key without key material': `DELETE FROM key_material WHERE key_id = '${key.id}'`,
      'an alias that leads to no key': "UPDATE alias SET target_key_id = 'gone'",
      'an alias that leads to the key of another account': `UPDATE alias SET target_key_id = '${theirs.id}'`,
      'key material of no key': `UPDATE key_material SET key_id = 'gone' WHERE key_id = '${key.id}'`,
      'key material under a domain key that is not there': 'UPDATE key_material SET domain_key_version = 99',
    };
    for (const [what, sql] of Object.entries(changes)) {
      directory = join(scratch, `broken-${what.replaceAll(' ', '-')}`);
      await cp(original, directory, { recursive: true });
      tamper((database) => database.exec(sql));
      const output = await refusesToStart(directory);
      assert.match(output, /is damaged or was altered|does not read/, `${what}: ${output}`);
      assert.doesNotMatch(output, /\n\s+at /, what);
    }
  });

  test('a record that is put into the outbox is logged at the next start: the outbox is not authenticated', async () => {
    const eventId = '00000000-0000-4000-8000-00000000f00d';
    tamper((database) => {
      const record = Buffer.from(
        JSON.stringify({ eventVersion: '1.11', eventName: 'DisableKey', eventID: eventId }),
      );
      database
        .prepare('INSERT INTO outbox (event_id, log_size_before, record) VALUES (?, 0, ?)')
        .run(eventId, record);
    });
    const owner = await start();
    // SECURITY.md says so. It changes nothing but the log, and the log cannot be made to lose anything by it.
    assert.equal((await owner.does('DescribeKey', { KeyId: key.id })).KeyMetadata.Enabled, true);
    await stop();
    let found = 0;
    for await (const { record } of readRecords(join(directory, 'log'), 0, Number.MAX_SAFE_INTEGER)) {
      if (record.includes(eventId)) found += 1;
    }
    assert.equal(found, 1);
  });
});
