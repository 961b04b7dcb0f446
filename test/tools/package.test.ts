/** What is published, as its users get it: packed, installed into an empty folder and run from there. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

const repository = path.join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'));
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'holdfast-package-')));
const holdfast = path.join(folder, 'node_modules/.bin/holdfast');
after(() => rmSync(folder, { recursive: true, force: true }));

/** Only the machine's own tools on the path: the installed command must find its Node by itself. */
const bareEnvironment = { PATH: '/usr/bin:/bin', HOME: folder };

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed;

before(() => {
  const json = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: repository,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // What the build prints comes before the answer.
  packed =
    Object.values<Packed>(JSON.parse(json.slice(json.search(/^[[{]/m))))[0] ?? assert.fail('nothing packed');
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${packed.filename}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});

test('the package holds the bundle, the command, the documents that must go with it, and nothing else', () => {
  assert.deepEqual(packed.files.map((file) => file.path).sort(), [
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE',
    'README.md',
    'bin/holdfast',
    'dist/main.js',
    'dist/main.js.map',
    'dist/sqlite-worker.js',
    'dist/sqlite-worker.js.map',
    'package.json',
  ]);
});

test('the installed command says its version on the Node that came with it', () => {
  const output = execFileSync(holdfast, ['version'], { encoding: 'utf8', cwd: folder, env: bareEnvironment });
  assert.ok(output.includes(version), `no ${version} in: ${output}`);
});

test('the installed command serves from a data directory, is ready, and stops when told', async () => {
  const args = ['dev', '--port', '0', '--data-dir', path.join(folder, 'data')];
  const child = spawn(holdfast, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
    env: bareEnvironment,
  });
  const exited = once(child, 'exit');
  try {
    const endpoint = await readyEndpoint(child.stdout);
    assert.equal((await fetch(new URL('/health/ready', endpoint))).status, 200);
    // The command becomes Node: the process that was started is the one that gets the signal.
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

async function readyEndpoint(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const endpoint = /ready at (https?:\/\/\S+)/.exec(line)?.[1];
    if (endpoint !== undefined) return endpoint;
  }
  throw new Error('it ended before it was ready');
}
