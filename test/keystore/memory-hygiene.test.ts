import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { countInMemory } from './process-memory.ts';

/** A secret as it might have been written down: raw, as text, and in each alignment of base64. */
function spellings(secret: Buffer): ReadonlyMap<string, Buffer> {
  const hex = secret.toString('hex');
  const out = new Map<string, Buffer>([
    ['raw', secret],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['hex in two-byte characters', Buffer.from(hex, 'utf16le')],
    ['reversed', Buffer.from(secret).reverse()],
  ]);
  for (const shift of [0, 1, 2]) {
    // The digits at both ends depend on the neighbours, so they are left out.
    const text = Buffer.concat([Buffer.alloc(shift), secret])
      .toString('base64')
      .slice(4, -4);
    out.set(`base64 ${shift}`, Buffer.from(text));
    out.set(`base64url ${shift}`, Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_')));
  }
  return out;
}

function assertNoSpellingIn(haystack: Buffer, secret: Buffer, where: string): void {
  for (const [spelling, needle] of spellings(secret)) {
    assert.equal(haystack.includes(needle), false, `${where} holds a secret (${spelling})`);
  }
}

test('key material in use has one native copy and no other trace: in memory, heap snapshot, log or data', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-hygiene-'));
  const directory = join(scratch, 'data');
  mkdirSync(directory);
  const [keyMaterial, passphrase] = [randomBytes(32), randomBytes(32)];
  writeFileSync(join(scratch, 'key'), keyMaterial);
  writeFileSync(join(scratch, 'passphrase'), passphrase);
  const script = new URL('hygiene-process.ts', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    ['--expose-gc', script, directory, join(scratch, 'key'), join(scratch, 'passphrase')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { pid } = child;
    assert.ok(pid !== undefined);
    /** Waits until the child stops at `point`, and gives what it says there. */
    const at = async (point: string): Promise<Record<string, string>> => {
      const { value } = await lines.next();
      const said: Record<string, string> = JSON.parse(value ?? '{}');
      assert.equal(said.point, point);
      return said;
    };
    const goOn = () => child.stdin.write('\n');
    /** For each secret, the spellings that are there and how often. */
    const copies = (...secrets: readonly Buffer[]): ReadonlyArray<Record<string, number>> => {
      const forms = secrets.flatMap((secret, i) =>
        [...spellings(secret)].map(([form, bytes]) => ({ i, form, bytes })),
      );
      const counts = countInMemory(
        pid,
        forms.map(({ bytes }) => bytes),
      );
      return secrets.map((_, i) =>
        Object.fromEntries(
          forms.flatMap((each, n) => (each.i === i && counts[n] !== 0 ? [[each.form, counts[n] ?? -1]] : [])),
        ),
      );
    };

    // The search itself finds what is there: the child's arguments are no secret.
    await at('adopted');
    assert.ok((countInMemory(pid, [Buffer.from(directory)])[0] ?? 0) > 0);
    assert.deepEqual(
      copies(keyMaterial, passphrase),
      [{}, {}],
      'key material that is not in use, passphrase',
    );
    goOn();

    // Before any collection: what was lent for one step is wiped, not left lying.
    const { salt = '' } = await at('just used');
    const messageKey = createHmac('sha256', keyMaterial)
      .update(Buffer.from('00000001', 'hex'))
      .update('holdfast ciphertext blob\0')
      .update(Buffer.from(salt, 'hex'))
      .update(Buffer.from('00000100', 'hex'))
      .digest();
    assert.deepEqual(
      copies(keyMaterial, messageKey, passphrase),
      [{ raw: 1 }, {}, {}],
      'key material that was just used and sealed anew, the key of its last message, passphrase',
    );
    goOn();

    await at('used');
    assert.deepEqual(copies(keyMaterial), [{ raw: 1 }], 'in use');
    const files = readdirSync(directory);
    assert.deepEqual(files.sort(), ['errors.log', 'heap.heapsnapshot', 'root', 'rows.json']);
    for (const file of files) {
      const content = readFileSync(join(directory, file));
      assert.ok(content.length > 0);
      for (const secret of [keyMaterial, passphrase, messageKey]) assertNoSpellingIn(content, secret, file);
    }
    goOn();

    await at('forgotten');
    assert.deepEqual(copies(keyMaterial), [{}], 'forgotten and collected');
    goOn();

    await at('used again');
    assert.deepEqual(copies(keyMaterial), [{ raw: 1 }], 'just opened again');
    goOn();
    const code = await new Promise((resolve) => child.on('exit', resolve));
    assert.equal(code, 0);
  } finally {
    child.kill('SIGKILL');
  }
});
