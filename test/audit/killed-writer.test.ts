import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exposeEd25519PrivateKey, generateEd25519PrivateKey } from '../../src/crypto/ed25519.ts';
import { ed25519NoteSigner } from '../../src/tlog/note.ts';
import { newDirectory, open, origin, randomFrom, records, seed } from './scratch-log.ts';

console.log(`HOLDFAST_SEED=${seed}`);
const rounds = 6;

test(`a writer killed ${rounds} times loses nothing that it acknowledged`, async () => {
  const random = randomFrom(seed);
  const directory = newDirectory();
  // Made for this test alone, so it may be handed over where every process can read it.
  const key = generateEd25519PrivateKey();
  const signer = ed25519NoteSigner(origin, key);
  const acknowledged = new Set<string>();
  for (let run = 0; run < rounds; run += 1) {
    const writer = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('writer-process.ts', import.meta.url)),
        directory,
        origin,
        exposeEd25519PrivateKey(key).toString('base64'),
        String(run),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    writer.stdout.setEncoding('utf8');
    writer.stdout.on('data', (text: string) => {
      if (output === '') setTimeout(() => writer.kill('SIGKILL'), 20 + random(150));
      output += text;
    });
    await once(writer, 'close');
    const [first, ...lines] = output.split('\n');
    assert.equal(first, 'open', 'the writer found the log whole');
    for (const line of lines) if (/^\d+-\d+$/.test(line)) acknowledged.add(line);

    const log = await open(directory, { signer });
    const ids = (await records(log)).map((text) => String(JSON.parse(text).eventID));
    assert.equal(new Set(ids).size, ids.length, 'no record is there twice');
    for (const id of acknowledged) assert.ok(ids.includes(id), `acknowledged record ${id} is lost`);
    await log.close();
  }
  assert.ok(acknowledged.size > 100);
});
