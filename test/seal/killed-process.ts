/** Does one change of a seal file and dies by SIGKILL at the step that it is told, or after all of them. */
import type { Faults } from '../../src/base/durable-file.ts';
import { createFileSeal, openFileSeal } from '../../src/seal/file/seal.ts';
import { openPassphraseSeal } from '../../src/seal/passphrase/seal.ts';

const [change = '', path = '', step = ''] = process.argv.slice(2);

const dieAt: Faults = (operation) => {
  if (operation === step) process.kill(process.pid, 'SIGKILL');
  return undefined;
};

if (change === 'create') await createFileSeal(path, dieAt);
if (change === 'begin') await (await openFileSeal(path, dieAt)).beginRotation();
if (change === 'finish') await (await openFileSeal(path, dieAt)).finishRotation();
if (change === 'passphrase') {
  const seal = await openPassphraseSeal(path, Buffer.from('the old passphrase'), dieAt);
  await seal.changePassphrase(Buffer.from('the new passphrase'), {
    memoryKiB: 19_456,
    passes: 2,
    parallelism: 1,
  });
}
process.kill(process.pid, 'SIGKILL');
