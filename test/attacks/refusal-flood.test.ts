/** Whoever has no credentials and asks without end: neither the disk, nor the memory, nor the signed traffic is theirs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readRecords } from '../../src/audit/read-records.ts';
import { RawClient } from '../http/raw-client.ts';
import { type DevServer, startDevServer } from '../support/dev-server.ts';
import { bytesOf, Caller, request, scratchDirectory, withHeader } from './attacker.ts';

const refusals = 8_000;
const signed = 200;

describe('a flood of unsigned requests', () => {
  let directory: string;
  let server: DevServer;

  before(async () => {
    directory = await scratchDirectory();
    server = await startDevServer({ args: ['--data-dir', directory] });
  });
  after(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const residentKiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);
  const recordsOf = async (): Promise<
    { eventName: string; errorCode?: string; serviceEventDetails?: { requests: number } }[]
  > => {
    const records = [];
    for await (const { record } of readRecords(join(directory, 'log'), 0, Number.MAX_SAFE_INTEGER)) {
      records.push(JSON.parse(record.toString()));
    }
    return records;
  };

  test('leaves a few records and a count, and every signed request among them is served', async () => {
    const owner = new Caller(server);
    const { id } = await owner.createKey();
    const base = request(server.port, 'TrentService.Encrypt', { KeyId: id, Plaintext: 'AAAA' });
    // Of every kind that costs the server something: nothing signed, a wrong signature, an unknown key, no operation.
    const kinds = [
      withHeader(base, 'authorization', undefined),
      { ...base, body: Buffer.from('x'.repeat(20_000)) },
      request(
        server.port,
        'TrentService.Encrypt',
        {},
        {
          credentials: { accountId: '', accessKeyId: 'AKIANOBODYHASTHISKEY', secretAccessKey: 'x' },
        },
      ),
      withHeader(base, 'x-amz-target', 'Nothing'),
    ].map(bytesOf);
    const residentBefore = residentKiB();

    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(server.port)));
    const flooding = Promise.all(
      clients.map(async (client, number) => {
        for (let sent = 0; sent < refusals / clients.length; sent += 10) {
          client.received = Buffer.alloc(0);
          client.send(
            Buffer.concat(
              Array.from(
                { length: 10 },
                (_, index) => kinds[(number + index) % kinds.length] ?? Buffer.alloc(0),
              ),
            ),
          );
          const answers = await client.answers(10);
          assert.ok(answers.every(({ status }) => status === 400));
        }
        client.socket.destroy();
      }),
    );
    let served = 0;
    for (let count = 0; count < signed; count += 1) {
      if ((await owner.kms('Encrypt', { KeyId: id, Plaintext: 'AAAA' })).status === 200) served += 1;
    }
    await flooding;
    assert.equal(served, signed);

    // CreateKey, the signed ones, this question; and of the flood the first ten, and one a minute.
    const { output } = await owner.operate('DescribeInstallation', {});
    assert.ok(output.LogSize <= 1 + signed + 15, `${output.LogSize} records`);
    assert.ok(residentKiB() - residentBefore < 200_000, `${residentKiB() - residentBefore} KiB more`);

    await server.stop();
    const records = await recordsOf();
    const single = records.filter(
      ({ eventName, errorCode }) => errorCode !== undefined && eventName !== 'RefusedRequests',
    );
    const counted = records
      .filter(({ eventName }) => eventName === 'RefusedRequests')
      .reduce((sum, { serviceEventDetails }) => sum + (serviceEventDetails?.requests ?? 0), 0);
    assert.ok(single.length <= 15, `${single.length} refusals recorded one by one`);
    assert.equal(single.length + counted, refusals, 'every refusal is recorded or counted');
  });
});
