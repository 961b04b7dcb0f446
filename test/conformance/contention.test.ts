/** More writers of one key at once than any client would have: each wins in its turn. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { signedRequest } from '../../bench/signed-requests.ts';
import { operator, startDevServer } from '../support/dev-server.ts';

const server = await startDevServer();
after(() => server.stop());
const signer = { ...operator, region: 'us-east-1' };

/** The statuses of `count` answers to requests that were all sent before the first was read. */
function answersTo(request: Buffer, count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      for (let i = 0; i < count; i += 1) socket.write(request);
    });
    let text = '';
    socket.on('error', reject);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const statuses = text.match(/HTTP\/1\.1 \d{3}/g) ?? [];
      if (statuses.length < count) return;
      socket.destroy();
      resolve(statuses.map((status) => status.slice(-3)));
    });
  });
}

test('twelve hundred changes of one key at once all succeed', async () => {
  const create = await signedRequest(signer, server.port, 'CreateKey', {});
  const made = await new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(create));
    socket.setEncoding('utf8').on('data', (text: string) => {
      const keyId = /"KeyId":"([^"]+)"/.exec(text)?.[1];
      if (keyId === undefined) return;
      socket.destroy();
      resolve(keyId);
    });
  });
  const update = await signedRequest(signer, server.port, 'UpdateKeyDescription', {
    KeyId: made,
    Description: 'x',
  });
  const answers = await Promise.all(Array.from({ length: 75 }, () => answersTo(update, 16)));
  assert.deepEqual(new Set(answers.flat()), new Set(['200']));
  assert.equal(answers.flat().length, 1200);
});
