/** Whoever may sign requests and sends what no client would: bodies that cost, confuse or poison their reader. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DevServer, startDevServer } from '../support/dev-server.ts';
import { type Answer, bytesOf, Caller, request, send } from './attacker.ts';

const bodyBytesMax = 262_144;

describe('hostile bodies', () => {
  let server: DevServer;
  let owner: Caller;
  let keyId: string;

  before(async () => {
    server = await startDevServer();
    owner = new Caller(server);
    keyId = (await owner.createKey()).id;
  });
  after(() => server?.stop());

  const unreadable = (answer: Answer): void => {
    assert.equal(answer.status, 400);
    assert.equal(answer.text, '{"__type":"SerializationException"}');
  };

  test('a body larger than any input may be is refused before it is read', async () => {
    const large = request(server.port, 'TrentService.Encrypt', 'x'.repeat(bodyBytesMax + 1));
    const answer = await send(server.port, large);
    assert.deepEqual([answer.status, answer.code], [413, 'RequestEntityTooLargeException']);
    // The head alone is enough: nobody waits for the rest.
    const head = bytesOf(request(server.port, 'TrentService.Encrypt', ''));
    const claimed = head.toString('latin1').replace(/content-length: 0/, 'content-length: 999999999999');
    assert.equal((await send(server.port, Buffer.from(claimed, 'latin1'))).status, 413);
    const largest = `{"KeyId":"${keyId}","Plaintext":"AAAA"${' '.repeat(bodyBytesMax - 100)}}`;
    assert.equal((await owner.kms('Encrypt', largest)).status, 200);
  });

  test('JSON nested a hundred thousand deep is refused, and the next request is served', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const depth = Math.floor(bodyBytesMax / (open.length + close.length)) - 1;
      unreadable(await owner.kms('Encrypt', `${open.repeat(depth)}1${close.repeat(depth)}`));
      unreadable(await owner.kms('Encrypt', open.repeat(depth)));
      unreadable(
        await owner.kms(
          'Encrypt',
          `{"KeyId":"${keyId}","Plaintext":"AAAA","x":${open.repeat(40)}1${close.repeat(40)}}`,
        ),
      );
    }
    assert.equal((await owner.kms('Encrypt', { KeyId: keyId, Plaintext: 'AAAA' })).status, 200);
  });

  test('a member that is named twice is refused, however it is spelt', async () => {
    const other = '00000000-0000-4000-8000-000000000000';
    for (const body of [
      `{"KeyId":"${other}","KeyId":"${keyId}","Plaintext":"AAAA"}`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA","\\u004beyId":"${other}"}`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA","EncryptionContext":{"a":"1","a":"2"}}`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA","EncryptionContext":{"a":"1","\\u0061":"2"}}`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA","x":{"y":1,"y":1}}`,
    ]) {
      unreadable(await owner.kms('Encrypt', body));
    }
  });

  test('what is nearly JSON is not read as JSON', async () => {
    for (const body of [
      `{"KeyId":"${keyId}","Plaintext":"AAAA"}{}`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA",}`,
      `{KeyId:"${keyId}",Plaintext:"AAAA"}`,
      `{'KeyId':'${keyId}','Plaintext':'AAAA'}`,
      `\ufeff{"KeyId":"${keyId}","Plaintext":"AAAA"}`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA"}/* */`,
      `{"KeyId":"${keyId}","Plaintext":"AAAA"}\u0000`,
      'null',
      '"x"',
      '1',
      'NaN',
    ]) {
      unreadable(await owner.kms('Encrypt', body));
    }
  });

  test('names that JavaScript objects have are pairs and tags like any other', async () => {
    const context = `{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h","prototype":"q"}`;
    const sealed = await owner.kms(
      'Encrypt',
      `{"KeyId":"${keyId}","Plaintext":"AAAA","EncryptionContext":${context}}`,
    );
    assert.equal(sealed.status, 200, sealed.text);
    const decrypt = (EncryptionContext: string): Promise<Answer> =>
      owner.kms(
        'Decrypt',
        `{"CiphertextBlob":"${sealed.output.CiphertextBlob}","EncryptionContext":${EncryptionContext}}`,
      );
    assert.equal((await decrypt(context)).output.Plaintext, 'AAAA');
    for (const missing of ['"__proto__":"p",', '"constructor":"c",', ',"prototype":"q"']) {
      assert.equal((await decrypt(context.replace(missing, ''))).code, 'InvalidCiphertextException', missing);
    }
    assert.equal((await decrypt(context.replace('"p"', '"P"'))).code, 'InvalidCiphertextException');

    for (const TagKey of ['__proto__', 'constructor', 'toString']) {
      await owner.does('TagResource', { KeyId: keyId, Tags: [{ TagKey, TagValue: 'x' }] });
    }
    const { Tags } = await owner.does('ListResourceTags', { KeyId: keyId });
    assert.deepEqual(
      Tags.map(({ TagKey }: { TagKey: string }) => TagKey),
      ['__proto__', 'constructor', 'toString'],
    );
  });

  test('a prototype in a body gives no member that was not sent', async () => {
    for (const poison of [
      `{"__proto__":{"KeyId":"${keyId}","Plaintext":"AAAA"}}`,
      `{"constructor":{"prototype":{"KeyId":"${keyId}"}},"Plaintext":"AAAA"}`,
      `{"Plaintext":"AAAA","__proto__":{"KeyId":"${keyId}","DryRun":true}}`,
    ]) {
      const answer = await owner.kms('Encrypt', poison);
      assert.equal(answer.code, 'ValidationException', answer.text);
      assert.match(answer.message, /'keyId' failed to satisfy constraint: Member must not be null/);
    }
    assert.equal((await owner.kms('Encrypt', { KeyId: keyId, Plaintext: 'AAAA' })).status, 200);
  });

  test('operations and targets that JavaScript objects have are no operations', async () => {
    for (const target of [
      'TrentService.constructor',
      'TrentService.__proto__',
      'TrentService.toString',
      '__proto__.Encrypt',
      'constructor.Encrypt',
      'TrentService.',
      '.Encrypt',
      'Encrypt',
      'trentservice.Encrypt',
      'TrentService.encrypt',
      'TrentService.Encrypt.Encrypt',
      'TrentService.Encrypt,TrentService.Decrypt',
    ]) {
      const answer = await send(server.port, request(server.port, target, { KeyId: keyId }));
      assert.equal(answer.text, '{"__type":"UnknownOperationException"}', target);
    }
  });

  /** Names that fall into one bucket of a table that hashes texts of digits by their value. */
  const floodingNames: Readonly<Record<string, (index: number) => string>> = {
    'names that are array indexes': (index) => String(index),
    'names that are indexes in one bucket of a table': (index) => String(index * 65_536),
    'long names that differ at their end': (index) => `${'a'.repeat(16)}${index}`,
    'names of the same length and letters': (index) =>
      [...index.toString(2).padStart(16, '0')].map((bit) => (bit === '0' ? 'Aa' : 'BB')).join(''),
  };
  for (const [what, nameOf] of Object.entries(floodingNames)) {
    test(`five thousand members with ${what} cost no more than as many that are random`, async () => {
      const body = (name: (index: number) => string): string => {
        const members = new Map<string, string>();
        for (let index = 0; members.size < 5_000; index += 1) members.set(name(index), '');
        return `{"KeyId":"${keyId}","Plaintext":"AAAA","EncryptionContext":${JSON.stringify(Object.fromEntries(members))}}`;
      };
      const random = body(() => Math.random().toString(36).slice(2));
      const hostile = body(nameOf);
      const cost = async (sent: string): Promise<number> => {
        let least = Number.POSITIVE_INFINITY;
        for (let round = 0; round < 3; round += 1) {
          const before = performance.now();
          const answer = await owner.kms('Encrypt', sent);
          least = Math.min(least, performance.now() - before);
          assert.equal(answer.code, 'ValidationException', 'it is larger than a context may be');
        }
        return least;
      };
      const [usual, flooded] = [await cost(random), await cost(hostile)];
      // Were each name compared with all others, it would be thousands of times as much.
      assert.ok(flooded < 20 * usual + 50, `${flooded} ms against ${usual} ms`);
    });
  }

  test('a list or map that is far too long is refused without an answer as long', async () => {
    const Tags = Array.from({ length: 4_000 }, () => ({ TagKey: '', TagValue: 'x'.repeat(20) }));
    const answer = await owner.kms('TagResource', { KeyId: keyId, Tags });
    assert.equal(answer.code, 'ValidationException');
    assert.ok(answer.text.length < 20_000, `${answer.text.length} characters`);
  });

  test('a number, a date or a base64 text of another spelling is not guessed at', async () => {
    for (const NumberOfBytes of ['32.5', '-1', '1e999', '"32"', '032', '0x20', 'true', '[32]', '0', '1025']) {
      const answer = await owner.kms('GenerateRandom', `{"NumberOfBytes":${NumberOfBytes}}`);
      assert.equal(answer.status, 400, `${NumberOfBytes}: ${answer.text}`);
    }
    for (const Plaintext of ['AAA', 'AA==', 'AB==', 'A A=', '_-8=', 'AAAA\n', '=AAA', 'AAAA=']) {
      const answer = await owner.kms('Encrypt', { KeyId: keyId, Plaintext });
      if (Plaintext === 'AA==') assert.equal(answer.status, 200);
      else unreadable(answer);
    }
  });
});
