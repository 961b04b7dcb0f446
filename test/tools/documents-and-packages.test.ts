/** Seeded violations for the links of documents, the licences of what ships and the advisories about it. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const repository = path.join(import.meta.dirname, '../..');
const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

const brokenLinks: readonly (readonly [title: string, link: string, report: RegExp])[] = [
  ['a file that is not there', '[a](other.md)', /README\.md:3: `other\.md` leads nowhere/],
  ['a heading that is not there', '[a](docs/a.md#third)', /README\.md:3: .*docs\/a\.md has no such heading/],
  [
    'a heading of its own that is not there',
    '[a](#nowhere)',
    /README\.md:3: .*README\.md has no such heading/,
  ],
  ['a heading counted once too often', '[a](docs/a.md#twice-2)', /README\.md:3: .*no such heading/],
  ['a heading that is code', '[a](docs/a.md#not-a-heading)', /README\.md:3: .*no such heading/],
  ['a path out of the project', '[a](../elsewhere.md)', /README\.md:3: `\.\.\/elsewhere\.md` leads out/],
  ['a path from the root of a site', '[a](/docs/a.md)', /README\.md:3: .* begins at the root/],
  ['a picture that is not there', '![a](plot.svg)', /README\.md:3: `plot\.svg` leads nowhere/],
  ['a reference to nowhere', '[a]: nowhere.md', /README\.md:3: `nowhere\.md` leads nowhere/],
];

const page = '# A page\n\n## First & second `thing`\n\n## Twice\n\n## Twice\n\n```\n# Not a heading\n```\n';

for (const [title, link, report] of brokenLinks) {
  test(`the link check catches ${title}`, async () => {
    const root = tree({ 'README.md': `# Seed\n\n${link}\n`, 'docs/a.md': page });
    const { status, stderr } = await run('tools/check-links.ts', root);
    assert.match(stderr, report);
    assert.equal(status, 1);
  });
}

test('the link check passes links to files, folders, headings and other sites, and does not read code', async () => {
  const links = [
    '[a](docs/a.md) and [b](docs/) and [c](docs/a.md#first--second-thing) and [d](#seed)',
    '[e](docs/a.md#twice-1) and [f](https://example.com/nowhere) and `[g](nowhere.md)`',
    '```',
    '[h](nowhere.md)',
    '```',
  ];
  const { status, stderr } = await run(
    'tools/check-links.ts',
    tree({ 'README.md': `# Seed\n\n${links.join('\n')}\n`, 'docs/a.md': page }),
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

function lockFile(entry: object): Readonly<Record<string, string>> {
  const packages = {
    '': { name: 'seed', version: '1.0.0' },
    'node_modules/seed': { version: '1.0.0', ...entry },
  };
  return { 'package-lock.json': JSON.stringify({ name: 'seed', lockfileVersion: 3, packages }) };
}

const refusedLicences = ['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN LICENSE', 'UNLICENSED'];

for (const license of refusedLicences) {
  test(`the licence check refuses a package that ships under ${license}`, async () => {
    const { status, stderr } = await run('tools/check-licences.ts', tree(lockFile({ license })));
    assert.match(stderr, /seed@1\.0\.0 ships under/);
    assert.equal(status, 1);
  });
}

test('the licence check refuses a package that ships without naming a licence', async () => {
  const { status } = await run('tools/check-licences.ts', tree(lockFile({})));
  assert.equal(status, 1);
});

test('the licence check believes the installed package before the lock file', async () => {
  const installed = {
    'node_modules/seed/package.json': JSON.stringify({ name: 'seed', license: 'AGPL-3.0' }),
  };
  const root = tree({ ...lockFile({ license: 'MIT' }), ...installed });
  const { status, stderr } = await run('tools/check-licences.ts', root);
  assert.match(stderr, /seed@1\.0\.0 ships under `AGPL-3\.0`/);
  assert.equal(status, 1);
});

test('the licence check passes permissive choices, and what is only used in development', async () => {
  assert.equal(
    (await run('tools/check-licences.ts', tree(lockFile({ license: '(MIT OR GPL-3.0)' })))).status,
    0,
  );
  assert.equal(
    (await run('tools/check-licences.ts', tree(lockFile({ license: 'GPL-3.0', dev: true })))).status,
    0,
  );
});

const shipping = {
  'package.json': JSON.stringify({ name: 'root', version: '1.0.0', dependencies: { seed: '1.0.0' } }),
  'package-lock.json': JSON.stringify({
    name: 'root',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'root', version: '1.0.0', dependencies: { seed: '1.0.0' } },
      'node_modules/seed': { version: '1.0.0', license: 'MIT' },
    },
  }),
};

test('the advisory check fails on an advisory about a package that ships', async () => {
  const advisory = {
    id: 1,
    url: 'https://example.com/1',
    title: 'bad',
    severity: 'low',
    vulnerable_versions: '*',
  };
  const { status, stderr } = await withRegistry(200, JSON.stringify({ seed: [advisory] }));
  assert.match(stderr, /packages that ship have advisories/);
  assert.equal(status, 1);
});

test('the advisory check passes when the registry knows of none', async () => {
  const { status, stdout } = await withRegistry(200, '{}');
  assert.match(stdout, /no package that ships has an advisory/);
  assert.equal(status, 0);
});

test('the advisory check says in so many words when the registry has no advisories to offer', async () => {
  const { status, stdout } = await withRegistry(405, '');
  assert.match(stdout, /NOT CHECKED: this package registry answers advisories with 405/);
  assert.equal(status, 0);
});

test('the advisory check fails when the registry refuses to answer', async () => {
  const { status, stderr } = await withRegistry(403, '');
  assert.match(stderr, /the registry gave no answer about advisories/);
  assert.equal(status, 1);
});

test('the advisory check fails when the registry cannot be reached', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = addressOf(server);
  server.close();
  await once(server, 'close');
  const { status, stderr } = await run('tools/check-advisories.ts', tree(shipping), registryAt(address));
  assert.match(stderr, /the registry gave no answer about advisories/);
  assert.equal(status, 1);
});

/** What a registry says of the package itself; npm asks for it when it holds an advisory. */
const packument = JSON.stringify({
  name: 'seed',
  'dist-tags': { latest: '1.0.0' },
  versions: { '1.0.0': { name: 'seed', version: '1.0.0' } },
});

/** Runs the advisory check with the real npm against a registry that gives this answer about advisories. */
async function withRegistry(httpStatus: number, body: string): Promise<Outcome> {
  const server = createServer((request, response) => {
    request.resume();
    const [status, text] = request.method === 'POST' ? [httpStatus, body] : [200, packument];
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await run('tools/check-advisories.ts', tree(shipping), registryAt(addressOf(server)));
  } finally {
    server.close();
  }
}

const addressOf = (server: ReturnType<typeof createServer>): string => {
  const address = server.address();
  assert.ok(address !== null && typeof address !== 'string');
  return `http://127.0.0.1:${address.port}/`;
};

/** `npm_config_fetch_retries` does not reach a tool that names its own, so a refused port is tried again. */
const registryAt = (address: string): NodeJS.ProcessEnv => ({
  npm_config_registry: address,
  npm_config_fetch_retry_mintimeout: '1',
  npm_config_fetch_retry_maxtimeout: '10',
});

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'holdfast-documents-'));
  roots.push(root);
  execFileSync('git', ['init', '--quiet'], { cwd: root });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(tool: string, root: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const args = [path.join(repository, tool), '--root', root];
  const options = { cwd: root, env: { ...process.env, ...env } };
  const child = execFile(process.execPath, args, options, (_error, stdout, stderr) =>
    resolve({ status: child.exitCode ?? -1, stdout, stderr }),
  );
  return promise;
}
