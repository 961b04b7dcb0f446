/**
 * A data directory has one owner and one history: a second process is refused, and so is a directory whose parts
 * do not belong together (one store put back from an older copy, another installation's, or gone). A refusal
 * says what is wrong, changes nothing, and with the right parts back all is there.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom, seedOfRun } from '../fuzz/random.ts';
import { holdfast } from '../support/dev-server.ts';
import { Installation, type Saved } from './installation.ts';

const seed = seedOfRun();
console.log(`HOLDFAST_SEED=${seed}`);
const random = seededRandom(seed);
const installation = new Installation(random, 1);
const other = new Installation(random, 1);

/** Of one installation, one after the other: changes lie between the first two, reads between the last two. */
const saved: { early?: Saved; late?: Saved; later?: Saved; crashed?: Saved } = {};

before(async () => {
  await installation.start();
  await installation.steps(8);
  await installation.stop();
  saved.early = installation.save();
  await installation.start();
  await installation.steps(8);
  await installation.kill();
  await installation.checkLog();
  saved.crashed = installation.save();
  await installation.start();
  await installation.checkServed();
  await installation.stop();
  saved.late = installation.save();
  await installation.start();
  await read(5);
  await installation.stop();
  saved.later = installation.save();
  await other.start();
  await other.steps(8);
  await other.stop();
});
after(async () => {
  await installation.remove();
  await other.remove();
});

/** Requests that are recorded and change nothing. */
async function read(count: number): Promise<void> {
  const client = installation.client();
  for (let i = 0; i < count; i += 1) await client.call('ListKeys', {});
  client.close();
}

interface Ended {
  readonly code: number | null;
  readonly errors: string;
}

async function run(...args: readonly string[]): Promise<Ended> {
  const child = spawn(holdfast, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await once(child, 'close');
  clearTimeout(timer);
  return { code: child.exitCode, errors };
}

const startAgain = (directory: string): Promise<Ended> => run('dev', '--data-dir', directory, '--port', '0');

/** Every file below a directory, with its mode and a digest of its bytes. */
function contents(directory: string): ReadonlyMap<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => {
        const { mode } = statSync(path);
        return [path, `${mode} ${statSync(path).isFile() ? hash('sha256', readFileSync(path)) : ''}`];
      }),
  );
}

test('a second process is refused, by any path to the directory and with any command, and the first goes on', async () => {
  await installation.restore(saved.later ?? assert.fail());
  await installation.start();
  const { directory, server } = installation;
  const link = `${directory}-link`;
  symlinkSync(directory, link);
  for (const path of [directory, link]) {
    const { code, errors } = await startAgain(path);
    assert.equal(code, 1);
    assert.match(
      errors,
      new RegExp(`is in use by process ${server.pid}: stop it first, or give another directory`),
    );
  }
  const doctor = await run('doctor', '--data-dir', directory);
  assert.equal(doctor.code, 1);
  assert.match(doctor.errors, new RegExp(`is in use by process ${server.pid}`));
  const passphrase = join(dirname(directory), 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple');
  const init = await run('init', '--data-dir', directory, '--passphrase-file', passphrase);
  assert.equal(init.code, 1);
  assert.match(init.errors, new RegExp(`is in use by process ${server.pid}`));
  await installation.steps(3);
  await installation.checkServed();
  await installation.stop();
  await installation.checkLog();
});

const part = (from: Saved | undefined, name: string): string => join(from?.directory ?? assert.fail(), name);

/** Puts a part of another state in the place of what is there. */
function replace(name: string, from: string): void {
  const path = join(installation.directory, name);
  rmSync(path, { recursive: true });
  cpSync(from, path, { recursive: true });
}

const remove = (name: string): void => rmSync(join(installation.directory, name), { recursive: true });

const refused: readonly {
  readonly what: string;
  readonly from: keyof typeof saved;
  break(): void;
  readonly says: RegExp;
}[] = [
  {
    what: 'an older database beside the log',
    from: 'later',
    break: () => replace('state.db', part(saved.early, 'state.db')),
    // When the root key was replaced in between, that is what shows first.
    says: /the log has \d+ events of changes that the database does not have: the database is the older one|the root key [0-9a-f-]+ that sealed .* is not in /,
  },
  {
    what: 'an older log beside the database',
    from: 'later',
    break: () => replace('log', part(saved.early, 'log')),
    says: /the log ends after \d+ records, and the database says that it had \d+: the log is the older one/,
  },
  {
    what: 'a log without its last reads beside the database',
    from: 'later',
    break: () => replace('log', part(saved.late, 'log')),
    says: /the log ends after \d+ records, and the database says that it had \d+: the log is the older one/,
  },
  {
    what: 'an older log beside the database of a server that was killed',
    from: 'crashed',
    break: () => replace('log', part(saved.early, 'log')),
    says: /the log is the older one/,
  },
  {
    what: 'the log of another installation',
    from: 'later',
    break: () => replace('log', join(other.directory, 'log')),
    says: /the audit log in .* is damaged or was altered: the signed checkpoint is not valid/,
  },
  {
    what: 'the database of another installation, with its root key',
    from: 'later',
    break: () => {
      replace('state.db', join(other.directory, 'state.db'));
      replace('root.key', join(other.directory, 'root.key'));
    },
    says: /the audit log in .* is damaged or was altered: the signed checkpoint is not valid/,
  },
  {
    what: 'a log without a database',
    from: 'later',
    break: () => remove('state.db'),
    says: /there is a log, and the database is gone or empty/,
  },
  {
    what: 'a log beside an empty database',
    from: 'later',
    break: () => writeFileSync(join(installation.directory, 'state.db'), ''),
    says: /there is a log, and the database is gone or empty/,
  },
  {
    what: 'a database without its log',
    from: 'later',
    break: () => remove('log'),
    says: /the log is gone, and the database says that it had \d+ records/,
  },
  {
    what: 'a database beside an empty directory for its log',
    from: 'later',
    break: () => {
      for (const name of readdirSync(join(installation.directory, 'log'))) remove(`log/${name}`);
    },
    says: /the log is gone, and the database says that it had \d+ records/,
  },
  {
    what: 'a newer checkpoint beside older segments',
    from: 'early',
    break: () => replace('log/checkpoint', part(saved.later, 'log/checkpoint')),
    says: /the log ends after \d+ records, but the signed checkpoint says that it had \d+/,
  },
  {
    what: 'a log without its checkpoint',
    from: 'later',
    break: () => remove('log/checkpoint'),
    says: /the signed checkpoint is missing/,
  },
  {
    what: 'a log without its segment',
    from: 'later',
    break: () => remove('log/segment-00000001.log'),
    says: /the log ends after 0 records, but the signed checkpoint says that it had \d+/,
  },
  {
    what: 'a missing root key',
    from: 'later',
    break: () => remove('root.key'),
    says: /root\.key is missing, and nothing that is stored opens without it: put it back from a backup/,
  },
  {
    what: 'the root key of another installation',
    from: 'later',
    break: () => replace('root.key', join(other.directory, 'root.key')),
    says: /the root key [0-9a-f-]+ that sealed `domain key 1 of line ` is not in /,
  },
];

for (const { what, from, break: breakIt, says } of refused) {
  test(`${what} is refused at start, and nothing is changed`, async () => {
    await installation.restore(saved[from] ?? assert.fail());
    breakIt();
    const found = contents(installation.directory);
    const { code, errors } = await startAgain(installation.directory);
    assert.equal(code, 1);
    assert.match(errors, says);
    if (from !== 'crashed') assert.deepEqual(contents(installation.directory), found);
    await installation.restore(saved[from] ?? assert.fail());
    await installation.start();
    await installation.checkServed();
    await installation.stop();
  });
}

test('a copy of the whole directory is a directory of its own', async () => {
  await installation.restore(saved.later ?? assert.fail());
  await installation.start();
  const copy = `${installation.directory}-copy`;
  renameSync(saved.late?.directory ?? '', copy);
  const second = new Installation(random, 1, copy);
  try {
    await second.start();
  } finally {
    await second.remove();
  }
  await installation.stop();
});

test('a whole directory put back is taken as it is, and `log verify` misses what a kept checkpoint has', async () => {
  await installation.restore(saved.early ?? assert.fail());
  await installation.start();
  await installation.checkServed();
  const key = /^log key\s+(\S+)$/m.exec(installation.server.output())?.[1] ?? '';
  await installation.stop();
  const kept = part(saved.later, 'log/checkpoint');
  const { code } = await run('log', 'verify', installation.directory, '--key', key, '--checkpoint', kept);
  assert.equal(code, 1);
});
