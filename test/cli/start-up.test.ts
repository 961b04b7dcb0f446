/** Which credentials a start knows, which it makes, and what a start that cannot be leaves behind: nothing. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { holdfast } from '../support/dev-server.ts';

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
after(() => rmSync(scratch, { recursive: true }));
const passphraseFile = join(scratch, 'passphrase');
writeFileSync(passphraseFile, 'a passphrase of some length\n');
const secret = '0123456789abcdef0123456789abcdef01234567';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command until it ends, or until it is ready and was told to end. One that does neither in time is killed. */
async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const child: ChildProcess = spawn(holdfast, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: scratch, ...environment },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (/is ready at/.test(out)) child.kill('SIGTERM');
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code]: (number | null)[] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code ?? null, out, err };
}

const dev = (directory: string, ...more: readonly string[]) => [
  'dev',
  '--port',
  '0',
  '--data-dir',
  join(scratch, directory),
  ...more,
];
const withSeal = (command: string, directory: string, ...more: readonly string[]) => [
  command,
  '--data-dir',
  join(scratch, directory),
  '--passphrase-file',
  passphraseFile,
  ...(command === 'init' ? [] : ['--port', '0']),
  ...more,
];
const shownId = (out: string): string => /AWS_ACCESS_KEY_ID=(\S+)/.exec(out)?.[1] ?? '';

test('dev makes a credential for the operator wherever none was made or given, and keeps it', async () => {
  const given = ['--access-key-id', 'AKIAGIVEN', '--secret-access-key', 'given'];
  const first = await run(dev('credentials', ...given));
  assert.deepEqual([first.code, shownId(first.out)], [0, 'AKIAGIVEN'], first.err);
  const second = await run(dev('credentials', '--credential', '111122223333:AKIAFURTHER:further'));
  assert.equal(second.code, 0, second.err);
  assert.match(shownId(second.out), /^AKIA[A-Z2-7]{16}$/);
  assert.match(second.out, /account {2}000000000000, and 1 more/);
  assert.equal(shownId((await run(dev('credentials'))).out), shownId(second.out));
});

test('an access key id that is kept for one account and given for another is refused', async () => {
  const made = shownId((await run(dev('twice'))).out);
  const again = await run(dev('twice', '--credential', `111122223333:${made}:other`));
  assert.equal(again.code, 1);
  assert.match(
    again.err,
    new RegExp(`\`${made}\` is kept for account 000000000000 and given for 111122223333`),
  );
});

test("credentials of an account that is not the operator's are not taken for the operator's in silence", async () => {
  await run(dev('operator'));
  const other = ['--account-id', '444455556666', '--access-key-id', 'AKIAOTHER', '--secret-access-key', 'x'];
  const { code, err } = await run(dev('operator', ...other));
  assert.equal(code, 0);
  assert.match(err, /operator's account is 000000000000, .* not 444455556666/);
});

test('what init is given is kept, and is all that a server needs', async () => {
  const environment = { HOLDFAST_ACCESS_KEY_ID: 'AKIAKEPT', HOLDFAST_SECRET_ACCESS_KEY: secret };
  const made = await run(withSeal('init', 'kept'), environment);
  assert.deepEqual([made.code, shownId(made.out)], [0, 'AKIAKEPT'], made.err);
  const served = await run(withSeal('server', 'kept'));
  assert.equal(served.code, 0, served.err);
  const shown = await run(withSeal('dev', 'kept', '--seal', 'passphrase'));
  assert.equal(shownId(shown.out), 'AKIAKEPT');
  const short = await run(withSeal('init', 'short'), { ...environment, HOLDFAST_SECRET_ACCESS_KEY: 'short' });
  assert.equal(short.code, 2);
  assert.match(short.err, /can be guessed/);
});

test('a server that nobody could call does not start', async () => {
  const given = ['--access-key-id', 'AKIAGIVEN', '--secret-access-key', secret];
  await run(withSeal('dev', 'nobody', '--seal', 'passphrase', ...given));
  const refused = await run(withSeal('server', 'nobody'));
  assert.equal(refused.code, 1);
  assert.match(refused.err, /has no credentials.*\n.*--access-key-id/);
  assert.equal(refused.out, '');
});

test('a server on a directory that holds no installation says so and does not make one', async () => {
  const refused = await run(withSeal('server', 'mistyped'));
  assert.equal(refused.code, 1);
  assert.match(refused.err, /holds no installation: run `holdfast init/);
  assert.equal(existsSync(join(scratch, 'mistyped')), false);
});

test('a directory with the other seal is not called broken: the message says which option is in the way', async () => {
  await run(withSeal('init', 'sealed'));
  const unsealed = /seal\.bin opens with a passphrase: add `--passphrase-file FILE`/;
  assert.match((await run(dev('sealed'))).err, unsealed);
  const { out } = await run(['doctor', '--data-dir', join(scratch, 'sealed')]);
  assert.match(out, unsealed);
  await run(dev('unsealed'));
  const { code, err } = await run(withSeal('server', 'unsealed'));
  assert.equal(code, 1);
  assert.match(err, /root\.key, which `holdfast dev` alone opens, without `--passphrase-file`/);
});

test('a start on a port in use says which, and leaves no ephemeral directory', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => {
    holder.listen(0, '127.0.0.1', resolve);
  });
  const address = holder.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const temporary = join(scratch, 'temporary');
  mkdirSync(temporary);
  const refused = await run(['dev', '--ephemeral', '--port', port], { TMPDIR: temporary });
  holder.close();
  assert.equal(refused.code, 1);
  assert.match(refused.err, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use`));
  assert.deepEqual(readdirSync(temporary), []);
});

test('a server outlives whoever read its reports, and stops in order when nobody reads what it answers', async () => {
  const temporary = join(scratch, 'unread');
  mkdirSync(temporary);
  const start = (stdio: ('ignore' | 'pipe')[], ...more: readonly string[]) =>
    spawn(holdfast, ['dev', '--ephemeral', '--port', '0', ...more], {
      stdio: stdio as ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', HOME: scratch, TMPDIR: temporary },
    });
  // Stopping fails to write, which is reported.
  const unheard = start(['ignore', 'pipe', 'pipe'], '--fault', 'storage:lost@3');
  unheard.stderr.destroy();
  for await (const text of unheard.stdout.setEncoding('utf8')) if (/ready at/.test(text)) break;
  unheard.kill('SIGTERM');
  assert.deepEqual(await once(unheard, 'exit'), [1, null]);
  assert.deepEqual(readdirSync(temporary), []);
  const unseen = start(['ignore', 'pipe', 'pipe']);
  unseen.stdout.destroy();
  let err = '';
  unseen.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  assert.deepEqual(await once(unseen, 'exit'), [0, null]);
  assert.equal(err, '');
  assert.deepEqual(readdirSync(temporary), []);
});
