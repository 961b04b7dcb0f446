/**
 * Loaded into a server before its own code, by a test alone: on SIGUSR2 it collects garbage, writes a heap
 * snapshot to the path in `HOLDFAST_TEST_SNAPSHOT` and says so. The server itself has no such door.
 */
import { writeHeapSnapshot } from 'node:v8';

process.on('SIGUSR2', async () => {
  for (let i = 0; i < 3; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  writeHeapSnapshot(process.env.HOLDFAST_TEST_SNAPSHOT);
  globalThis.gc?.();
  console.log('snapshot written');
});
