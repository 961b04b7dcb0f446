/** Appends to a log until it is killed, and says on its output what was acknowledged. Run by `killed-writer.test.ts`. */
import { writeSync } from 'node:fs';
import { openAuditLog } from '../../src/audit/audit-log.ts';
import { importEd25519PrivateKey } from '../../src/crypto/ed25519.ts';
import { ed25519NoteSigner } from '../../src/tlog/note.ts';

const [directory = '', origin = '', key = '', run = ''] = process.argv.slice(2);
const signer = ed25519NoteSigner(origin, importEd25519PrivateKey(Buffer.from(key, 'base64')));
const log = await openAuditLog({ directory, signer, firstSegmentBytes: 16 * 1024, checkpointIntervalMs: 20 });
writeSync(1, 'open\n');
let next = 0;
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (;;) {
      const id = `${run}-${next++}`;
      await log.append(JSON.stringify({ eventID: id, pad: 'x'.repeat(300) }));
      writeSync(1, `${id}\n`);
    }
  }),
);
