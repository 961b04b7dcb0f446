/**
 * Writes to the store in the directory given, eight changes at a time, and prints each one's name when
 * it was acknowledged. Each change makes a key with its material and alias, counts its writer up, and
 * has an event: all of it or nothing must be there afterwards.
 *
 *     node crash-writer.ts DIRECTORY [FAULT TRANSACTION]
 */
import { writeSync } from 'node:fs';
import { lockDirectory } from '../../src/storage/directory-lock.ts';
import type { Write } from '../../src/storage/interface.ts';
import type { StorageFault } from '../../src/storage/sqlite/faults.ts';
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts';
import { change, event, insertAlias, insertDomainKey, insertKey, materialRow, updateKey } from './rows.ts';

const writers = 8;
const faults: readonly StorageFault[] = [
  'lost',
  'doneButReportedLost',
  'diskFull',
  'killedBeforeCommit',
  'killedDuringCommit',
  'killedAfterCommit',
];

const [directory = '', faultName, transaction] = process.argv.slice(2);
const fault = faults.find((name) => name === faultName);

await lockDirectory(directory);
let transactions = 0;
const storage = await openSqliteStorage({
  directory,
  faults: () => {
    transactions += 1;
    return transactions === Number(transaction) ? fault : undefined;
  },
});
const { keys, domainKeys } = await storage.load();
if (domainKeys.length === 0) await storage.commit(change([insertDomainKey(1)]));
writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: writers }, (_, index) => write(`w${index}`)));

async function write(writer: string): Promise<void> {
  let version = keys.find(({ keyId }) => keyId === writer)?.version ?? 0;
  for (;;) {
    version += 1;
    const name = `${writer}-${version}`;
    const count: Write = version === 1 ? insertKey(writer) : updateKey(writer, version);
    await storage.commit(
      change(
        [
          count,
          insertKey(name, { body: JSON.stringify({ filler: 'x'.repeat(1500) }) }),
          { do: 'insertKeyMaterial', row: materialRow(name) },
          insertAlias(name, name),
        ],
        [event(name)],
      ),
    );
    writeSync(1, `${name}\n`);
  }
}
