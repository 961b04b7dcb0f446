/** The command frame: finding commands, help, exit codes, and errors that say what to do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../src/cli/command.ts';
import { CommandFailed } from '../../src/cli/io.ts';
import { assertGolden } from './golden.ts';
import { run } from './terminal.ts';

test('every command explains itself, and the explanations are those that were read', async () => {
  let text = '';
  for (const argv of [['--help'], ...commands.map(({ name }) => [...name.split(' '), '--help'])]) {
    const { code, out, err } = await run(argv);
    assert.equal(code, 0);
    assert.equal(err, '');
    for (const line of out.split('\n')) assert.ok(line.length <= 100, `longer than 100: ${line}`);
    text += `$ holdfast ${argv.join(' ')}\n${out}\n`;
  }
  assertGolden(new URL('golden/help.txt', import.meta.url), text);
});

test('mistakes are answered in words that say what to do, and with exit code 2', async () => {
  let text = '';
  for (const argv of [
    [],
    ['sever'],
    ['log'],
    ['log', 'verfy'],
    ['rotate'],
    ['frobnicate'],
    ['dev', '--prot', '4600'],
    ['dev', '--port', 'many'],
    ['dev', '--port'],
    ['dev', '--port', '1', '--port', '2'],
    ['dev', '--data-dir', '--ephemeral'],
    ['dev', '--ephemeral=yes'],
    ['dev', 'now'],
    ['dev', '-p', '4600'],
    ['dev', '--ephemeral', '--data-dir', '/d'],
    ['dev', '--account-id', '12', '--region', 'nowhere', '--access-key-id', 'A', '--headers-ms', '5'],
    ['dev', '--credential', '111122223333:id'],
    ['dev', '--tls-cert', 'c.pem'],
    ['status', '--settable-clock'],
    ['status', 'extra'],
    ['log', 'verify'],
    ['log', 'tail', '/d', '--count', 'all'],
    ['server'],
    ['server', '--data-dir', '/d', '--passphrase-file', '3', '--host', '0.0.0.0'],
    ['server', '--data-dir', '/d', '--seal', 'file'],
    [
      'server',
      '--data-dir',
      '/d',
      '--passphrase-file',
      '3',
      '--seed',
      'k.json',
      '--settable-clock',
      '--fault',
      'x',
      '--no-durable-audit',
      '--ephemeral',
      '--fault-injection',
    ],
    ['rotate', 'root', '--endpoint', 'localhost'],
  ]) {
    const { code, out, err, config } = await run(argv, {
      environment: { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
    });
    assert.equal(code, 2, argv.join(' '));
    assert.equal(out, '');
    assert.equal(config, undefined);
    text += `$ holdfast ${argv.join(' ')}\n${err}\n`;
  }
  assertGolden(new URL('golden/mistakes.txt', import.meta.url), text);
});

test('with --json, problems are one JSON document on the error output', async () => {
  const { code, err } = await run(['init', '--json']);
  assert.equal(code, 2);
  const { problems } = JSON.parse(err);
  assert.deepEqual(problems, [
    'say where the state is: `holdfast init --data-dir DIR`',
    'the seal `passphrase` needs `--passphrase-file FILE`, or the number of an open descriptor',
  ]);
});

test('a command that fails ends with 1 and its words, never with a stack', async () => {
  const failing = (error: unknown) => ({ handlers: { status: () => Promise.reject(error) } });
  const expected = await run(['status'], failing(new CommandFailed('the disk is full', 'Make room.')));
  assert.deepEqual(
    [expected.code, expected.out, expected.err],
    [1, '', 'holdfast: the disk is full\nMake room.\n'],
  );
  const bug = await run(['status'], failing(new TypeError('x is not a function')));
  assert.deepEqual([bug.code, bug.err], [1, 'holdfast: x is not a function\n']);
});

test('colours are for terminals, and NO_COLOR or a dumb terminal turns them off', async () => {
  const colored = await run(['nothing'], { terminal: true });
  assert.ok(colored.err.startsWith('\u001b[31mholdfast:'));
  for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    assert.ok(!(await run(['nothing'], { terminal: true, environment })).err.includes('\u001b'));
  }
  assert.ok(!(await run(['nothing'])).err.includes('\u001b'));
  assert.ok(
    (await run(['nothing'], { terminal: true, environment: { NO_COLOR: '' } })).err.includes('\u001b'),
  );
});

test('help is found as `help COMMAND` and `-h` too, and after `--` is an operand', async () => {
  const { out } = await run(['dev', '--help']);
  assert.equal((await run(['help', 'dev'])).out, out);
  assert.equal((await run(['dev', '--port', 'x', '-h'])).out, out);
  assert.equal((await run(['help'])).out, (await run(['--help'])).out);
  const operand = await run(['dev', '--', '--help']);
  assert.equal(operand.code, 2);
  assert.match(operand.err, /takes no operand, and `--help` is one/);
});

test('`version` says what it is and runs on', async () => {
  const { code, out } = await run(['version', '--json']);
  assert.equal(code, 0);
  const { version, node } = JSON.parse(out);
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.equal(node, process.versions.node);
  assert.match((await run(['version'])).out, /^holdfast \d/);
});
