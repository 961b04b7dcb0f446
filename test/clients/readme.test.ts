/**
 * The README's commands and its sample, run as printed. What is changed for the test: where the home
 * directory and the port are, and for production the paths of the data and of the passphrase.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CertificateAuthority } from './certificate-authority.ts';
import { bareEnvironment } from './endpoints.ts';
import { codeBlocks, exportsIn, freePort, runInShell, serve } from './printed-commands.ts';
import { pythonBin, runProgram } from './python-program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let directory = '';
let certificates: { readonly caFile: string; readonly certificateFile: string; readonly keyFile: string };
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
  const authority = new CertificateAuthority(directory);
  certificates = { caFile: authority.caFile, ...authority.issue('server') };
});
after(() => rmSync(directory, { recursive: true, force: true }));

/** A directory in which the README's relative paths lead where they do in a checkout. */
function workingDirectory(name: string): string {
  const path = join(directory, name);
  mkdirSync(path);
  symlinkSync(join(root, 'bin'), join(path, 'bin'));
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'));
  return path;
}

for (const kind of ['plain HTTP', 'TLS']) {
  test(`the README's first five minutes work as printed after \`make run\`, over ${kind}`, async (t) => {
    const cwd = workingDirectory(kind);
    const home = join(cwd, 'home');
    const { PATH, ...bare } = bareEnvironment();
    const settings = { ...bare, PATH: `${pythonBin}:${PATH}`, HOME: home, HOLDFAST_PORT: '0' };
    const { caFile, certificateFile, keyFile } = certificates;
    const trust = kind === 'TLS' ? { AWS_CA_BUNDLE: caFile, NODE_EXTRA_CA_CERTS: caFile } : {};
    const [makeRun = ''] = codeBlocks('README.md', 'Run it', 'sh');
    const server = await serve(
      t,
      makeRun.trim().split(' '),
      kind === 'TLS'
        ? { ...settings, HOLDFAST_TLS_CERT: certificateFile, HOLDFAST_TLS_KEY: keyFile }
        : settings,
      root,
    );
    const env = { ...settings, ...trust, ...exportsIn(server.printed) };

    const blocks = codeBlocks('README.md', 'First five minutes: AWS CLI', 'sh').join('\n');
    const ended = await runInShell(blocks, env, cwd);
    for (const { command, code, out } of ended) {
      const meantToFail = /# .*InvalidCiphertextException/.test(command);
      assert.equal(code === 0, !meantToFail, `${command}\n${out}`);
      if (meantToFail) assert.match(out, /\(InvalidCiphertextException\) when calling the Decrypt operation/);
    }
    const outOf = (part: string): string => ended.find(({ command }) => command.includes(part))?.out ?? '';
    assert.equal(outOf('--query Plaintext'), 'attack at dawn');
    assert.match(outOf('list-key-rotations'), /"RotationType": "ON_DEMAND"/);
    assert.match(
      outOf('log tail'),
      / ListKeyRotations arn:aws:iam::000000000000:root -> ok arn:aws:kms:.*\n$/,
    );
    assert.match(outOf('log verify'), /^verified$/m);

    const [sample = ''] = codeBlocks('README.md', 'First five minutes: an SDK', 'js');
    writeFileSync(join(cwd, 'orders.mjs'), sample);
    const sampled = await runProgram(process.execPath, ['orders.mjs'], env, { cwd });
    assert.deepEqual(sampled, { code: 0, out: 'one sandwich\n', err: '' });
  });
}

test("the README's commands for production work as printed", async (t) => {
  const cwd = workingDirectory('production');
  const port = await freePort();
  const passphraseFile = join(cwd, 'passphrase');
  writeFileSync(passphraseFile, 'correct horse battery staple', { mode: 0o600 });
  for (const [name, file] of [
    ['cert.pem', certificates.certificateFile],
    ['key.pem', certificates.keyFile],
    ['ca.pem', certificates.caFile],
  ] as const) {
    symlinkSync(file, join(cwd, name));
  }
  const [start = '', look = '', doctor = ''] = codeBlocks('README.md', 'In production', 'sh').map((block) =>
    block
      .replaceAll('/var/lib/holdfast', join(cwd, 'data'))
      .replaceAll('/run/secrets/holdfast', passphraseFile)
      .replaceAll(':4600', `:${port}`),
  );
  const { PATH, ...bare } = bareEnvironment();
  const settings = { ...bare, PATH: `${join(root, 'bin')}:${PATH}`, HOLDFAST_PORT: String(port) };

  const [init = '', server = ''] = start.replaceAll('\\\n', '').trim().split('\n');
  const [made] = await runInShell(init, settings, cwd);
  assert.equal(made?.code, 0, made?.out ?? '');
  assert.match(made?.out ?? '', /The root of account 123456789012/);
  const running = await serve(t, server.trim().split(/\s+/), settings, cwd);
  assert.match(running.printed, new RegExp(`ready at https://0\\.0\\.0\\.0:${port}`));

  const env = { ...settings, ...exportsIn(made?.out ?? '') };
  const looked = await runInShell(look, env, cwd);
  for (const { command, code, out } of looked) assert.equal(code, 0, `${command}\n${out}`);
  assert.match(looked[0]?.out ?? '', /held by the seal `passphrase`/);
  assert.match(looked[1]?.out ?? '', /^verified$/m);

  await running.stop();
  const [examined] = await runInShell(doctor, settings, cwd);
  assert.equal(examined?.code, 0, examined?.out ?? '');
  assert.match(examined?.out ?? '', /nothing is wrong/);
});
