/**
 * A process that uses key material which its parent knows, with the server's own code, and stops at the
 * points that the parent wants to look at. It speaks one JSON line at each and goes on at each line it reads.
 */
import { closeSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeHeapSnapshot } from 'node:v8';
import { systemClock } from '../../src/base/clock.ts';
import { encodeBlobHeader } from '../../src/keys/ciphertext-blob.ts';
import { DomainKeys } from '../../src/keys/domain-keys.ts';
import { PurposeKeys } from '../../src/keys/purpose-keys.ts';
import { SoftwareKeyStore } from '../../src/keystore/software/key-store.ts';
import { createPassphraseSeal } from '../../src/seal/passphrase/seal.ts';
import type { Write } from '../../src/storage/interface.ts';

const [directory = '', keyFile = '', passphraseFile = ''] = process.argv.slice(2);
const collect = globalThis.gc;
if (collect === undefined) throw new Error('run with --expose-gc');
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function stop(at: object): Promise<void> {
  console.log(JSON.stringify(at));
  await lines.next();
}

/** Two turns: what a promise or a native callback still holds goes with the second. */
async function collected(): Promise<void> {
  for (let i = 0; i < 2; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect?.();
  }
}

/** Straight from the file into one buffer: nothing else in this process ever holds the bytes. */
function takeFile(path: string, bytes: number): Buffer {
  const out = Buffer.allocUnsafeSlow(bytes);
  const fd = openSync(path, 'r');
  readSync(fd, out, 0, bytes, 0);
  closeSync(fd);
  rmSync(path);
  return out;
}

const passphrase = takeFile(passphraseFile, 32);
const seal = await createPassphraseSeal(join(directory, 'root'), passphrase, {
  memoryKiB: 19_456,
  passes: 2,
  parallelism: 1,
});
passphrase.fill(0);

const commit = async (writes: readonly Write[]): Promise<void> => {
  const encoded = JSON.stringify(writes, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  writeFileSync(join(directory, 'rows.json'), encoded, { flag: 'a' });
};
const domainKeys = new DomainKeys(seal, [], systemClock, commit);
const purposeKeys = await PurposeKeys.load(domainKeys);
const keyStore = new SoftwareKeyStore(domainKeys);

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const key = { accountId: '111122223333', region: 'us-east-1', keyId, keySpec: 'SYMMETRIC_DEFAULT' };
const material = await keyStore.adopt(key, takeFile(keyFile, 32));
await commit([{ do: 'insertKeyMaterial', row: { ...material, body: '{}' } }]);
await collected();
await stop({ point: 'adopted' });

const header = encodeBlobHeader(keyId, material.materialId);
const context = Buffer.from('context');
let blob: Uint8Array = Buffer.alloc(0);
for (let i = 0; i < 2000; i += 1) {
  blob = await keyStore.encrypt(material, header, Buffer.from('some text to encrypt'), context);
  await keyStore.decrypt(material, header.length, blob, context);
  if (i % 100 === 0) await keyStore.reseal(material);
  purposeKeys.openFor('access key secret', purposeKeys.sealFor('access key secret', blob, context), context);
}
const broken = Buffer.from(blob);
broken[60] = (broken[60] ?? 0) ^ 1;
for (let i = 0; i < 50; i += 1) {
  await Promise.resolve()
    .then(() => keyStore.decrypt(material, header.length, broken, context))
    .catch((error) => writeFileSync(join(directory, 'errors.log'), `${error.stack}\n`, { flag: 'a' }));
}
await domainKeys.rotateRoot();
await domainKeys.rotate('us-east-1');
const resealed = await keyStore.reseal(material);

// Nothing is left to the collector: a few more uses, and a look before it runs.
await collected();
for (let i = 0; i < 3; i += 1) blob = await keyStore.encrypt(material, header, Buffer.from('text'), context);
await keyStore.decrypt(material, header.length, blob, context);
await keyStore.reseal(material);
await stop({ point: 'just used', salt: Buffer.from(blob).toString('hex', 52, 68) });

writeHeapSnapshot(join(directory, 'heap.heapsnapshot'));
await collected();
await stop({ point: 'used' });

keyStore.forget(material.materialId);
await collected();
await stop({ point: 'forgotten' });

await keyStore.decrypt(resealed, header.length, blob, context);
// Again before any collection: opening leaves nothing behind but the native key.
await stop({ point: 'used again' });
process.exit(0);
