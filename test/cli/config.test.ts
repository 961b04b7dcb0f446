/** Arguments, variables and defaults become one frozen configuration, and `server` takes no relaxation. */
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { closest } from '../../src/config/closest.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { ConfigRefused } from '../../src/config/config-refused.ts';
import { defaultHttpLimits } from '../../src/config/http-limits.ts';
import { isLoopback } from '../../src/config/loopback.ts';
import { type Option, variableOf } from '../../src/config/option.ts';
import { configOptions } from '../../src/config/options.ts';
import { defaultQuotas } from '../../src/config/quotas.ts';
import { parseSecretSource, readSecretSource, secretBytesMax } from '../../src/config/secret-source.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
});
after(() => rmSync(directory, { recursive: true }));

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const serverArgs = ['--data-dir', '/d', '--passphrase-file', '3'];

function problems(...args: Parameters<typeof loadConfig>): readonly string[] {
  try {
    loadConfig(...args);
  } catch (error) {
    if (error instanceof ConfigRefused) return error.problems;
    throw error;
  }
  return [];
}

test('`dev` needs nothing', () => {
  const { config, warnings } = loadConfig('dev', [], { XDG_DATA_HOME: '/x' });
  assert.deepEqual(warnings, []);
  assert.deepEqual(config, {
    command: 'dev',
    listen: { host: '127.0.0.1', port: 4600 },
    data: { kind: 'directory', path: '/x/holdfast/dev' },
    seal: { kind: 'file' },
    accountId: '000000000000',
    region: 'us-east-1',
    regions: 'any',
    credentials: [],
    limits: defaultHttpLimits,
    quotas: defaultQuotas,
    relaxations: { settableClock: false, faultInjection: false, faults: [], durableAudit: true },
  } satisfies Config);
});

test('`server` has one Region, a passphrase, and nothing relaxed', () => {
  const { config } = loadConfig('server', serverArgs, {});
  assert.deepEqual(config.regions, ['us-east-1']);
  assert.deepEqual(config.seal, { kind: 'passphrase', passphrase: { kind: 'descriptor', descriptor: 3 } });
  assert.deepEqual(config.relaxations, {
    settableClock: false,
    faultInjection: false,
    faults: [],
    durableAudit: true,
  });
});

test('what is given as an option can be given as a variable, and the option wins', () => {
  const args = [
    '--host',
    'localhost',
    '--port',
    '1',
    '--data-dir',
    '/d',
    '--account-id',
    '111122223333',
    '--region',
    'eu-west-1',
    '--regions',
    'eu-west-1,eu-west-2',
    '--access-key-id',
    'AKIDEXAMPLE',
    '--secret-access-key',
    secret,
    '--credential',
    `444455556666:AKIDOTHER:${secret}`,
    '--seed',
    'k.json',
    '--settable-clock',
    '--fault',
    'a',
    '--fault',
    'b',
    '--no-durable-audit',
    '--quota-keys',
    '5',
    '--headers-max',
    '50',
  ];
  const environment = {
    HOLDFAST_HOST: 'localhost',
    HOLDFAST_PORT: '1',
    HOLDFAST_DATA_DIR: '/d',
    HOLDFAST_ACCOUNT_ID: '111122223333',
    HOLDFAST_REGION: 'eu-west-1',
    HOLDFAST_REGIONS: 'eu-west-1 eu-west-2',
    HOLDFAST_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    HOLDFAST_SECRET_ACCESS_KEY: secret,
    HOLDFAST_CREDENTIAL: `444455556666:AKIDOTHER:${secret}`,
    HOLDFAST_SEED_FILE: 'k.json',
    HOLDFAST_SETTABLE_CLOCK: '1',
    HOLDFAST_FAULT: 'a b',
    HOLDFAST_NO_DURABLE_AUDIT: 'true',
    HOLDFAST_QUOTA_KEYS: '5',
    HOLDFAST_HEADERS_MAX: '50',
  };
  const { config } = loadConfig('dev', args, {});
  assert.deepEqual(loadConfig('dev', [], environment).config, config);
  assert.equal(config.quotas.keysPerAccountRegion, 5);
  assert.equal(config.limits.headersMax, 50);
  assert.equal(config.relaxations.seedFile, 'k.json');
  assert.equal(loadConfig('dev', ['--port', '2'], environment).config.listen.port, 2);
  assert.deepEqual(loadConfig('dev', ['--ephemeral'], environment).config.data, { kind: 'ephemeral' });
});

test('a variable set to nothing, 0 or false is not set', () => {
  const { config } = loadConfig('server', serverArgs, {
    HOLDFAST_PORT: '',
    HOLDFAST_SETTABLE_CLOCK: '0',
    HOLDFAST_NO_DURABLE_AUDIT: 'false',
    HOLDFAST_INSECURE_PLAINTEXT_LISTENER: '0',
  });
  assert.equal(config.listen.port, 4600);
  assert.deepEqual(problems('dev', [], { HOLDFAST_SETTABLE_CLOCK: 'maybe' }), [
    'HOLDFAST_SETTABLE_CLOCK must be 1 or 0, not `maybe`',
  ]);
});

describe('`server` refuses each relaxation, as option and as variable', () => {
  const relaxations: readonly Option[] = configOptions.filter((option) => option.relaxation);
  test('there are some', () => assert.ok(relaxations.length >= 6));
  for (const option of relaxations) {
    test(`--${option.name}`, () => {
      const argument = option.value === undefined ? [`--${option.name}`] : [`--${option.name}`, 'x'];
      const variable = variableOf(option) ?? '';
      for (const found of [
        problems('server', [...serverArgs, ...argument], {}),
        problems('server', serverArgs, { [variable]: '1' }),
      ]) {
        assert.equal(found.length, 1);
        assert.match(
          found[0] ?? '',
          /gives up what `holdfast server` promises; only `holdfast dev` takes it/,
        );
      }
      assert.deepEqual(problems('dev', argument, {}), []);
    });
  }
});

test('`server` listens beyond loopback only with TLS, or when told by name', () => {
  const open = [...serverArgs, '--host', '0.0.0.0'];
  assert.match(
    problems('server', open, {})[0] ?? '',
    /can be reached from other machines.*--insecure-plaintext-listener/,
  );
  const told = loadConfig('server', [...open, '--insecure-plaintext-listener'], {});
  assert.match(told.warnings[0] ?? '', /without TLS/);
  const { config } = loadConfig('server', [...open, '--tls-cert', 'c', '--tls-key', 'k'], {});
  assert.deepEqual(config.listen.tls, {
    certificateFile: 'c',
    keyFile: 'k',
    minVersion: 'TLSv1.3',
    groups: [],
  });
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) {
    assert.deepEqual(problems('server', [...serverArgs, '--host', host], {}), []);
  }
});

test('only addresses that cannot leave the machine count as loopback', () => {
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '1127.0.0.1',
    '127.0.0.1.example.com',
    '127.1',
    'localhost.example.com',
    '::ffff:127.0.0.1',
    '',
  ]) {
    assert.equal(isLoopback(host), false, host);
  }
});

test('the configuration is frozen through and through', () => {
  const { config } = loadConfig(
    'dev',
    ['--credential', `111122223333:AKID:${secret}`, '--tls-cert', 'c', '--tls-key', 'k'],
    {},
  );
  const thawed: string[] = [];
  const visit = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Object.isFrozen(value)) thawed.push(path);
    for (const [name, part] of Object.entries(value)) visit(`${path}.${name}`, part);
  };
  visit('config', config);
  assert.deepEqual(thawed, []);
});

test('a secret never shows in the configuration printed, in messages or in warnings', () => {
  const { config } = loadConfig(
    'dev',
    ['--access-key-id', 'AKID', '--credential', `111122223333:OTHER:${secret}`],
    { HOLDFAST_SECRET_ACCESS_KEY: secret },
  );
  assert.equal(config.credentials.length, 2);
  assert.equal(config.credentials[0]?.secretAccessKey.exposeSecret(), secret);
  for (const text of [
    inspect(config, { depth: 9, showHidden: true }),
    JSON.stringify(config),
    String(config.credentials[0]?.secretAccessKey),
  ]) {
    assert.ok(!text.includes(secret));
    assert.ok(text.includes('[secret]'));
  }
  const bad = problems(
    'server',
    [
      ...serverArgs,
      '--access-key-id',
      'A B',
      '--secret-access-key',
      secret,
      '--credential',
      `1:X:${secret}`,
      '--credential',
      `111122223333:${secret}`,
    ],
    {},
  );
  assert.equal(bad.length, 3);
  assert.ok(!bad.join().includes(secret));
});

test('secrets come from files and descriptors too, and `server` warns of those in arguments', () => {
  const file = join(directory, 'secret');
  writeFileSync(file, `${secret}\n`);
  const fromFile = loadConfig(
    'server',
    [...serverArgs, '--access-key-id', 'AKID', '--secret-access-key-file', file],
    {},
  );
  assert.equal(fromFile.config.credentials[0]?.secretAccessKey.exposeSecret(), secret);
  assert.deepEqual(fromFile.warnings, []);
  const descriptor = openSync(file, 'r');
  const fromDescriptor = loadConfig(
    'server',
    [...serverArgs, '--access-key-id', 'AKID', '--secret-access-key-file', String(descriptor)],
    {},
  );
  assert.equal(fromDescriptor.config.credentials[0]?.secretAccessKey.exposeSecret(), secret);
  const argument = loadConfig(
    'server',
    [...serverArgs, '--access-key-id', 'AKID', '--secret-access-key', secret],
    {},
  );
  assert.match(argument.warnings[0] ?? '', /shows a secret to every process.*HOLDFAST_SECRET_ACCESS_KEY/);
  const many = join(directory, 'many');
  writeFileSync(
    many,
    `# accounts\n111122223333:AKIDONE:${secret}\n\n444455556666:AKIDTWO:with:colons:${secret}\n`,
  );
  const { config } = loadConfig('dev', ['--credentials-file', many], {});
  assert.deepEqual(
    config.credentials.map(({ accountId, accessKeyId }) => [accountId, accessKeyId]),
    [
      ['111122223333', 'AKIDONE'],
      ['444455556666', 'AKIDTWO'],
    ],
  );
  assert.equal(config.credentials[1]?.secretAccessKey.exposeSecret(), `with:colons:${secret}`);
  assert.match(
    problems('dev', ['--credentials-file', join(directory, 'none')], {})[0] ?? '',
    /^cannot read `--credentials-file` .*ENOENT/,
  );
});

test('a guessable secret is taken by `dev` and refused by `server`', () => {
  assert.equal(
    loadConfig('dev', ['--access-key-id', 'test'], { HOLDFAST_SECRET_ACCESS_KEY: 'test' }).config.credentials
      .length,
    1,
  );
  assert.match(
    problems('server', [...serverArgs, '--access-key-id', 'test'], {
      HOLDFAST_SECRET_ACCESS_KEY: 'test',
    })[0] ?? '',
    /can be guessed/,
  );
});

test('one access key id is one credential', () => {
  assert.match(
    problems('dev', ['--credential', '111122223333:AKID:a', '--credential', '444455556666:AKID:b'], {})[0] ??
      '',
    /`AKID` is given twice/,
  );
});

test('a secret source is bounded, must hold something, and loses one line ending only', () => {
  const file = join(directory, 'source');
  const read = (bytes: string | Buffer): string => {
    writeFileSync(file, bytes);
    return readSecretSource(parseSecretSource(file)).toString('latin1');
  };
  assert.equal(read('a\n'), 'a');
  assert.equal(read('a\r\n'), 'a');
  assert.equal(read('a\n\n'), 'a\n');
  assert.equal(read(' a '), ' a ');
  assert.equal(read('a\r'), 'a\r');
  assert.throws(() => read(''), /empty/);
  assert.throws(() => read('\n'), /empty/);
  assert.throws(() => read(Buffer.alloc(secretBytesMax + 2)), /more than/);
});

test('a number out of its bounds is refused, with a hint when a platform put it there', () => {
  for (const text of ['-1', '65536', '1.5', '0x10', ' 1', '1e3', '99999999999999999999']) {
    assert.equal(problems('dev', [`--port=${text}`], {}).length, 1, text);
  }
  assert.match(
    problems('dev', [], { HOLDFAST_PORT: 'tcp://10.0.0.1:4600' })[0] ?? '',
    /HOLDFAST_PORT must be a whole number.*service links/,
  );
});

test('a variable with a mistyped name is pointed out', () => {
  assert.deepEqual(loadConfig('dev', [], { HOLDFAST_ACCOUNTID: '1' }).warnings, [
    'HOLDFAST_ACCOUNTID is not a setting; did you mean HOLDFAST_ACCOUNT_ID?',
  ]);
  assert.deepEqual(loadConfig('dev', [], { HOLDFAST_SOMETHING_OF_ANOTHER_PROGRAM: '1' }).warnings, []);
});

test('every option has its own name and variable, and says what it does', () => {
  const names = configOptions.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const variables = configOptions.map(variableOf);
  assert.equal(new Set(variables).size, variables.length);
  for (const { name, help } of configOptions) assert.ok(help.length > 8 && !help.endsWith('.'), name);
});

test('a near miss is recognised, and a far one is not', () => {
  const names = ['dev', 'server', 'doctor', 'log verify'];
  assert.equal(closest('sever', names), 'server');
  assert.equal(closest('dve', names), 'dev');
  assert.equal(closest('log verfiy', names), 'log verify');
  assert.equal(closest('frobnicate', names), undefined);
  assert.equal(closest('x', names), undefined);
  assert.equal(closest('d'.repeat(100_000), names), undefined);
});
