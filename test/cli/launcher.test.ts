/** `bin/holdfast` finds the Node.js and the program that belong to it, however it was installed and called. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/holdfast', import.meta.url));
const runtime = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${process.platform}-${process.arch}`;

let top = '';
before(() => {
  // With a blank in it: paths are quoted or they break.
  top = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast bin-')));
});
after(() => rmSync(top, { recursive: true }));

/** Says what it was started as. */
const program = `
import { readFileSync } from 'node:fs';
const core = process.platform === 'linux' ? /Max core file size +(\\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] : '0';
console.log(JSON.stringify({
  file: import.meta.filename, node: process.execPath, args: process.argv.slice(2), pid: process.pid, core,
  options: process.env.NODE_OPTIONS ?? null, compileCache: process.env.NODE_COMPILE_CACHE ?? null,
}));
if (process.argv[2] === 'exit') process.exit(Number(process.argv[3]));
if (process.argv[2] === 'wait') setInterval(() => {}, 1000);
`;

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function install(packageDirectory: string, main: string, runtimeDirectory?: string): string {
  const bin = join(packageDirectory, 'bin', 'holdfast');
  mkdirSync(dirname(bin), { recursive: true });
  copyFileSync(launcher, bin);
  write(join(packageDirectory, 'package.json'), '{"type":"module"}');
  write(join(packageDirectory, main), program);
  if (runtimeDirectory !== undefined) {
    const node = join(runtimeDirectory, runtime, 'bin', 'node');
    mkdirSync(dirname(node), { recursive: true });
    symlinkSync(process.execPath, node);
  }
  return bin;
}

const environment = { PATH: process.env.PATH ?? '' };

function start(bin: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(bin, args, {
    env: { ...environment, ...env },
    encoding: 'utf8',
  });
  return { status, stderr, said: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('in a checkout it runs the sources, on the Node.js in node_modules', () => {
  const root = join(top, 'checkout');
  const bin = install(root, 'src/main.ts', join(root, 'node_modules'));
  const { status, said, stderr } = start(bin, ['dev', '--port', '0', 'a b', '']);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.equal(said.file, join(root, 'src/main.ts'));
  assert.deepEqual(said.args, ['dev', '--port', '0', 'a b', '']);
  assert.equal(realpathSync(said.node), realpathSync(process.execPath));
});

test('installed beside its Node.js it runs the release', () => {
  const root = join(top, 'hoisted', 'node_modules');
  const bin = install(join(root, 'holdfast'), 'dist/main.js', root);
  assert.equal(start(bin).said.file, join(root, 'holdfast/dist/main.js'));
});

test('installed with its Node.js inside it runs the release', () => {
  const root = join(top, 'nested', 'lib', 'node_modules', 'holdfast');
  const bin = install(root, 'dist/main.js', join(root, 'node_modules'));
  assert.equal(start(bin).said.file, join(root, 'dist/main.js'));
});

test('a checkout keeps its compiled sources beside them, and a release runs nothing from elsewhere', () => {
  const elsewhere = { NODE_COMPILE_CACHE: join(top, 'elsewhere') };
  const checkout = join(top, 'compiled');
  const source = install(checkout, 'src/main.ts', join(checkout, 'node_modules'));
  assert.equal(start(source, [], elsewhere).said.compileCache, join(checkout, '.cache/compiled'));
  const modules = join(top, 'released', 'node_modules');
  const release = install(join(modules, 'holdfast'), 'dist/main.js', modules);
  assert.equal(start(release, [], elsewhere).said.compileCache, null);
});

test('called through links, relative and absolute, from any directory, it finds its own place', () => {
  const root = join(top, 'linked', 'node_modules');
  const bin = install(join(root, 'holdfast'), 'dist/main.js', root);
  const relative = join(root, '.bin', 'holdfast');
  mkdirSync(dirname(relative));
  symlinkSync('../holdfast/bin/holdfast', relative);
  const absolute = join(top, 'holdfast-link');
  symlinkSync(relative, absolute);
  for (const path of [bin, relative, absolute]) {
    assert.equal(start(path).said.file, join(root, 'holdfast/dist/main.js'));
  }
  const onPath = spawnSync('holdfast', ['x'], {
    cwd: top,
    env: { PATH: `${dirname(relative)}:${environment.PATH}` },
    encoding: 'utf8',
  });
  assert.equal(JSON.parse(onPath.stdout).file, join(root, 'holdfast/dist/main.js'));
});

test('without its Node.js it takes a new enough one from the PATH, or says what to do', () => {
  const checkout = install(join(top, 'bare'), 'src/main.ts');
  const release = install(join(top, 'bare-release', 'node_modules', 'holdfast'), 'dist/main.js');
  const path = join(top, 'path');
  mkdirSync(path);
  for (const tool of ['uname', 'dirname', 'readlink']) {
    const found = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(path, tool));
  }
  const alone = { PATH: path };
  const missing = start(checkout, [], alone);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, new RegExp(`no Node\\.js 26 for .*${runtime} is not installed`));
  assert.match(missing.stderr, /run `npm ci` in /);
  assert.match(start(release, [], alone).stderr, /install the package again without --omit=optional/);
  writeFileSync(join(path, 'node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  assert.equal(start(release, [], alone).status, 1);
  rmSync(join(path, 'node'));
  symlinkSync(process.execPath, join(path, 'node'));
  assert.equal(
    start(release, ['x'], alone).said.file,
    join(top, 'bare-release/node_modules/holdfast/dist/main.js'),
  );
});

test('keys in memory are kept from core dumps and from a forgotten NODE_OPTIONS', () => {
  const root = join(top, 'checkout');
  const { said } = start(join(root, 'bin/holdfast'), [], { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  assert.equal(said.core, '0');
  assert.equal(said.options, null);
});

test('the program takes the place of the launcher: its signals and its exit code are the caller\u2019s', async () => {
  const bin = join(top, 'checkout', 'bin/holdfast');
  assert.equal(start(bin, ['exit', '2']).status, 2);
  const child = spawn(bin, ['wait'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [line] = await once(child.stdout, 'data');
  assert.equal(JSON.parse(String(line)).pid, child.pid);
  // SIGUSR1 would start Node's debugger, through which the keys can be read.
  child.kill('SIGUSR1');
  await new Promise((resolve) => setTimeout(resolve, 300));
  child.kill('SIGTERM');
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGTERM');
  assert.ok(!err.includes('Debugger'), err);
});
