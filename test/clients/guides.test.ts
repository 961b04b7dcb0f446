/**
 * The commands of the guides for operators and for test suites, run as printed. What is changed for the test:
 * ports, and where the data, the passphrase and the backup are.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CertificateAuthority } from './certificate-authority.ts';
import { bareEnvironment } from './endpoints.ts';
import { type CommandEnded, codeBlocks, exportsIn, freePort, runInShell, serve } from './printed-commands.ts';
import { pythonBin } from './python-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'holdfast-guides-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const { PATH, ...bare } = bareEnvironment();
const settings: Readonly<Record<string, string>> = {
  ...bare,
  PATH: `${join(root, 'bin')}:${pythonBin}:${PATH}`,
};

function requireAllDone(ended: readonly CommandEnded[]): void {
  for (const { command, code, out } of ended) assert.equal(code, 0, `${command}\n${out}`);
}

test('the commands of the operating guide work as printed: look, keep, rotate, back up, restore', async (t) => {
  const port = await freePort();
  const authority = new CertificateAuthority(directory);
  const { certificateFile, keyFile } = authority.issue('server');
  const state = join(directory, 'var');
  const data = join(state, 'holdfast');
  mkdirSync(state);
  const passphraseFile = join(directory, 'passphrase');
  writeFileSync(passphraseFile, 'correct horse battery staple', { mode: 0o600 });
  writeFileSync(join(directory, 'accounts'), '111122223333:AKIAOTHER:0123456789abcdef0123456789abcdef\n', {
    mode: 0o600,
  });
  const printed = (heading: string): string =>
    codeBlocks('docs/operating.md', heading, 'sh')
      .join('')
      .replaceAll('/var/lib', state)
      .replaceAll('/run/secrets/holdfast', passphraseFile)
      .replaceAll('/run/secrets/accounts', join(directory, 'accounts'))
      .replaceAll(':4600', `:${port}`);

  const init = `holdfast init --data-dir ${data} --passphrase-file ${passphraseFile}`;
  const [made] = await runInShell(init, settings, directory);
  assert.equal(made?.code, 0, made?.out ?? '');
  const env = { ...settings, ...exportsIn(made?.out ?? '') };
  const tls = ['--port', String(port), '--tls-cert', certificateFile, '--tls-key', keyFile];
  const start = (args: readonly string[]): ReturnType<typeof serve> =>
    serve(t, [...args, ...tls], settings, directory);

  const several = printed('Accounts and Regions').replaceAll('\\\n', '').trim().split(/\s+/);
  const elsewhere = await start(several);
  const inRegion = { ...env, AWS_REGION: 'eu-west-1' };
  const status = `holdfast status --endpoint https://localhost:${port} --ca-file ca.pem`;
  const [served] = await runInShell(status, inRegion, directory);
  assert.equal(served?.code, 0, served?.out ?? '');
  const [refused] = await runInShell(status, env, directory);
  assert.match(refused?.out ?? '', /InvalidSignatureException/);
  await elsewhere.stop();

  const simple = ['holdfast', 'server', '--data-dir', data, '--passphrase-file', passphraseFile];
  const running = await start(simple);
  const looked = await runInShell(printed('Watch it'), env, directory);
  assert.deepEqual(
    looked.map(({ out }) => out.trim()),
    ['{"live":true}', '{"ready":true}'],
  );
  const kept = await runInShell(printed('Keep elsewhere').replace(/ +#.*/, ''), env, directory);
  requireAllDone(kept);
  assert.match(
    kept[0]?.out ?? '',
    new RegExp(`^log key +${env.HOLDFAST_LOG_KEY?.replaceAll('+', '\\+')}$`, 'm'),
  );
  const withTls = { ...env, AWS_CA_BUNDLE: authority.caFile, AWS_DEFAULT_REGION: 'us-east-1' };
  const create = `aws kms create-key --endpoint-url https://localhost:${port}`;
  requireAllDone(await runInShell(`${create}\n${printed('Rotate')}`, withTls, directory));
  await running.stop();

  requireAllDone(await runInShell(printed('Back up'), env, directory));
  const restored = await runInShell(printed('Restore'), env, directory);
  requireAllDone(restored);
  assert.match(restored[2]?.out ?? '', /nothing is wrong/);
  assert.match(restored[3]?.out ?? '', /^verified$/m);
  assert.ok(existsSync(join(state, 'holdfast.before')));
  const again = await start(simple);
  requireAllDone(await runInShell(status, env, directory));
  await again.stop();
});

test('the commands of the guide for test suites work as printed: seed, accounts, clock, faults', async (t) => {
  const guide = 'docs/testing-with-holdfast.md';
  const port = await freePort();
  const cwd = mkdtempSync(join(directory, 'suite-'));
  const printed = (heading: string): string =>
    codeBlocks(guide, heading, 'sh').join('').replaceAll(':4600', `:${port}`);
  const whole = readFileSync(join(root, guide), 'utf8');
  const opening = [...whole.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  const exports = (opening[1] ?? '').replaceAll(':4600', `:${port}`);
  const [seed = ''] = codeBlocks(guide, 'Keys that are the same in every run', 'json');
  writeFileSync(join(cwd, 'keys.json'), seed);
  const start = printed('Keys that are the same in every run').replaceAll('\\\n', '').trim().split(/\s+/);
  const launch = (): ReturnType<typeof serve> => serve(t, [...start, '--port', String(port)], settings, cwd);

  const server = await launch();
  const moved = await runInShell(
    [
      exports,
      'aws kms describe-key --key-id alias/orders --query KeyMetadata.KeyId --output text',
      printed('Several accounts and Regions'),
      inOneLine(printed('Moving the clock')),
      'echo "$KEY_ID"',
    ].join('\n'),
    settings,
    cwd,
  );
  requireAllDone(moved);
  const outOf = (part: string): string => moved.find(({ command }) => command.includes(part))?.out ?? '';
  assert.equal(outOf('alias/orders').trim(), '1234abcd-12ab-34cd-56ef-1234567890ab');
  assert.match(outOf('list-keys'), /eu-west-1:111122223333:key\/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee/);
  const deleted = outOf('echo').trim();
  assert.match(deleted, /^[0-9a-f-]{36}$/);
  const client = new KMSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  t.after(() => client.destroy());
  // Follows the clock of the server, as the guide says; the key is gone.
  await assert.rejects(client.send(new DescribeKeyCommand({ KeyId: deleted })), {
    name: 'NotFoundException',
  });
  await server.stop();

  const faulty = await launch();
  const [define = ''] = inOneLine(printed('Moving the clock')).split('\n');
  const failed = await runInShell(
    [exports, define, printed('Failing writes'), 'aws kms create-key', 'aws kms list-keys'].join('\n'),
    settings,
    cwd,
  );
  for (const { command, code, out } of failed) {
    const fails = /create-key|list-keys/.test(command);
    assert.equal(code !== 0, fails, `${command}\n${out}`);
    if (fails) assert.match(out, /KMSInternalException/);
  }
  await faulty.stop();
});

/** A function's lines joined: commands are run line by line. */
const inOneLine = (code: string): string =>
  code.replaceAll('\\\n', '').replace(/\{\n([\s\S]*?)\n\}/, (_all, body: string) => `{ ${body.trim()}; }`);
