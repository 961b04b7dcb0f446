/** Holds the lock of the directory given until it is killed. With `forget`, nothing in it refers to the lock any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDirectory } from '../../src/storage/directory-lock.ts';

const [directory = '', mode] = process.argv.slice(2);

async function lockAndForget(): Promise<void> {
  await lockDirectory(directory);
}

await lockAndForget();
if (mode === 'forget') {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc?.();
    await sleep(1);
  }
}
console.log('held');
await sleep(60_000);
