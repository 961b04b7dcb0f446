/** Whoever may write a key policy, or can choose what a request says of itself: policies that stall, lock out, or are talked round. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RequestConditions } from '../../src/authz/condition-context.ts';
import { rootPrincipal } from '../../src/identity/principal.ts';
import { type DevServer, neighbour, operator, startDevServer } from '../support/dev-server.ts';
import { Caller, policyOf } from './attacker.ts';

describe('key policies', () => {
  let server: DevServer;
  let owner: Caller;
  let stranger: Caller;

  before(async () => {
    server = await startDevServer();
    owner = new Caller(server);
    stranger = new Caller(server, { credentials: neighbour });
  });
  after(() => server?.stop());

  const shared = (...statements: readonly object[]) =>
    owner.createKey(policyOf(operator.accountId, ...statements));
  const toStranger = (condition: object, effect = 'Allow'): object => ({
    Effect: effect,
    Principal: { AWS: neighbour.accountId },
    Action: 'kms:Encrypt',
    Resource: '*',
    Condition: condition,
  });
  const encrypts = async (caller: Caller, keyId: string, more: object = {}): Promise<boolean> => {
    const answer = await caller.kms('Encrypt', { KeyId: keyId, Plaintext: 'AAAA', ...more });
    assert.ok(answer.status === 200 || answer.code === 'AccessDeniedException', answer.text);
    return answer.status === 200;
  };

  describe('that cost much to evaluate', () => {
    const stars = (count: number): string => 'a*'.repeat(count);
    const deny = (condition: object): object => ({
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: condition,
    });
    const policies: Readonly<Record<string, () => readonly object[]>> = {
      'a pattern of four thousand wildcards': () => [
        deny({ StringLike: { 'kms:EncryptionContext:a': `${stars(4_000)}b` } }),
      ],
      'hundreds of patterns of wildcards in one condition': () => [
        deny({
          StringLike: {
            'kms:EncryptionContext:a': Array.from({ length: 300 }, (_, index) => `${stars(40)}${index}`),
          },
        }),
      ],
      'hundreds of statements': () =>
        Array.from({ length: 150 }, (_, index) =>
          deny({ StringLike: { 'kms:EncryptionContext:a': `*${index}*b` } }),
        ),
      'hundreds of conditions': () => [
        deny({
          StringNotLike: Object.fromEntries(
            Array.from({ length: 600 }, (_, index) => [`kms:EncryptionContext:k${index}`, 'z*']),
          ),
        }),
      ],
      'an action of wildcards': () => [
        { Effect: 'Deny', Principal: '*', Action: `kms:${stars(5_000)}b`, Resource: '*' },
      ],
      'a variable repeated in a pattern': () => [
        deny({ StringLike: { 'kms:EncryptionContext:a': `${`*$${'{kms:CallerAccount}'}`.repeat(400)}b` } }),
      ],
    };
    for (const [what, statements] of Object.entries(policies)) {
      test(`a policy with ${what} is decided, or given up as a denial, before others notice`, async () => {
        const key = await shared(...statements());
        // As large a text as a request brings in, to be compared with all of that.
        const context = Object.fromEntries([
          ['a', 'a'.repeat(7_000)],
          ...Array.from({ length: 20_000 }, (_, index) => [`k${index.toString(36)}`, '']),
        ]);
        const started = performance.now();
        const others = (async (): Promise<number> => {
          const before = performance.now();
          await owner.kms('ListKeys', {});
          return performance.now() - before;
        })();
        const answer = await owner.kms('Encrypt', {
          KeyId: key.id,
          Plaintext: 'AAAA',
          EncryptionContext: context,
        });
        assert.match(answer.code, /^(AccessDenied|Validation)Exception$/, answer.text.slice(0, 300));
        // Unbounded, some of these would not end. The bound on a decision is some milliseconds of work.
        const took = performance.now() - started;
        assert.ok(took < 5_000, `${took} ms`);
        assert.ok((await others) < 5_000);
        // With less to compare it is an ordinary policy again.
        const small = await owner.kms('Encrypt', {
          KeyId: key.id,
          Plaintext: 'AAAA',
          EncryptionContext: { a: 'c' },
        });
        assert.ok(small.status === 200 || small.code === 'AccessDeniedException', small.text);
      });
    }

    test('a policy that is larger than the quota, or nested deeper than JSON may be, is refused', async () => {
      const key = await owner.createKey();
      const put = (Policy: string) => owner.kms('PutKeyPolicy', { KeyId: key.id, Policy });
      const large = JSON.stringify(
        policyOf(operator.accountId, {
          Sid: 'x'.repeat(40_000),
          Effect: 'Deny',
          Principal: '*',
          Action: 'kms:Encrypt',
          Resource: '*',
        }),
      );
      assert.match((await put(large)).code, /^(LimitExceeded|Validation)Exception$/);
      const deep = JSON.stringify(policyOf(operator.accountId)).replace(
        '"*"',
        `${'['.repeat(10_000)}"*"${']'.repeat(10_000)}`,
      );
      assert.equal((await put(deep)).code, 'MalformedPolicyDocumentException');
      assert.equal(await encrypts(owner, key.id), true);
    });

    test('hundreds of conditions go through the pairs of a request once, however many both are', () => {
      let passes = 0;
      class CountedMap extends Map<string, string> {
        override [Symbol.iterator]() {
          passes += 1;
          return super[Symbol.iterator]();
        }
        override keys() {
          passes += 1;
          return super.keys();
        }
      }
      const pairs = Array.from({ length: 30_000 }, (_, index): [string, string] => [
        `Name${index}`,
        String(index),
      ]);
      const conditions = new RequestConditions({
        caller: {
          principal: rootPrincipal(operator.accountId),
          accessKeyId: '',
          region: 'us-east-1',
          requestId: '',
          timeMs: 0,
          sourceAddress: '127.0.0.1',
          secureTransport: false,
          userAgent: undefined,
        },
        resourceAccountId: operator.accountId,
        facts: { encryptionContext: new CountedMap(pairs) },
      });
      passes = 0;
      for (let index = 0; index < 1_000; index += 1) {
        assert.deepEqual(conditions.get(`kms:encryptioncontext:name${index}`), [String(index)]);
        assert.equal(conditions.get('kms:encryptioncontextkeys')?.length, 30_000);
      }
      assert.equal(passes, 2);
    });
  });

  test('nobody is locked out of a key by accident: a policy that leaves its caller no way back is refused', async () => {
    const key = await owner.createKey();
    const put = (policy: object, bypass = false) =>
      owner.kms('PutKeyPolicy', {
        KeyId: key.id,
        Policy: JSON.stringify(policy),
        ...(bypass ? { BypassPolicyLockoutSafetyCheck: true } : {}),
      });
    const denyPut = { Effect: 'Deny', Principal: '*', Action: 'kms:PutKeyPolicy', Resource: '*' };
    const lockouts = [
      { Version: '2012-10-17', Statement: [] },
      {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { AWS: operator.accountId }, Action: 'kms:Encrypt', Resource: '*' },
        ],
      },
      {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { AWS: neighbour.accountId }, Action: 'kms:*', Resource: '*' },
        ],
      },
      policyOf(operator.accountId, denyPut),
      policyOf(operator.accountId, { ...denyPut, Action: 'kms:P*' }),
      policyOf(operator.accountId, { ...denyPut, Principal: { AWS: operator.accountId }, Action: '*' }),
      policyOf(operator.accountId, {
        ...denyPut,
        Condition: { StringNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::1:root' } },
      }),
    ];
    for (const policy of lockouts) {
      assert.equal((await put(policy)).code, 'MalformedPolicyDocumentException', JSON.stringify(policy));
      await owner.refused(
        'CreateKey',
        { Policy: JSON.stringify(policy) },
        'MalformedPolicyDocumentException',
      );
    }
    assert.equal((await owner.kms('GetKeyPolicy', { KeyId: key.id })).status, 200);
    // Asked for by name it is done; and a policy can forbid just that.
    const guarded = await owner.createKey(
      policyOf(operator.accountId, {
        ...denyPut,
        Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
      }),
    );
    await owner.refused(
      'PutKeyPolicy',
      {
        KeyId: guarded.id,
        Policy: JSON.stringify(policyOf(operator.accountId)),
        BypassPolicyLockoutSafetyCheck: true,
      },
      'AccessDeniedException',
    );
    assert.equal((await put(policyOf(operator.accountId, denyPut), true)).status, 200);
    assert.equal((await put(policyOf(operator.accountId))).code, 'AccessDeniedException');
  });

  test('a confused deputy is not trusted: a source that the request does not have never allows', async () => {
    const arn = 'arn:aws:s3:::bucket';
    for (const condition of [
      { StringEquals: { 'aws:SourceArn': arn } },
      { ArnLike: { 'aws:SourceArn': '*' } },
      { StringLike: { 'aws:SourceArn': '*' } },
      { StringEquals: { 'aws:SourceAccount': operator.accountId } },
      { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
      { StringLike: { 'kms:ViaService': '*' } },
      { Bool: { 'aws:ViaAWSService': 'true' } },
      { Bool: { 'aws:PrincipalIsAWSService': 'true' } },
      { 'ForAnyValue:StringLike': { 'aws:CalledVia': '*' } },
      { StringEquals: { 'kms:GrantIsForAWSResource': 'true' } },
      { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
      { Null: { 'aws:SourceArn': 'false' } },
      { StringLike: { 'kms:NoSuchKey': '*' } },
      { StringNotEquals: { 'kms:NoSuchKey': 'x' } },
      { StringEqualsIfExists: { 'aws:SourceArm': arn } },
      { Null: { 'kms:NoSuchKey': 'true' } },
    ]) {
      const key = await shared(toStranger(condition));
      // What a client writes into headers of that name makes no difference: they are not where it comes from.
      assert.equal(await encrypts(stranger, key.arn), false, JSON.stringify(condition));
    }
    const open = await shared(toStranger({ StringEquals: { 'kms:CallerAccount': neighbour.accountId } }));
    assert.equal(await encrypts(stranger, open.arn), true);
  });

  test('a service that is allowed by name is nobody who can sign here', async () => {
    const key = await shared({
      Effect: 'Allow',
      Principal: { Service: ['s3.amazonaws.com', 'ec2.amazonaws.com'] },
      Action: 'kms:*',
      Resource: '*',
    });
    assert.equal(await encrypts(stranger, key.arn), false);
  });

  test('a principal that does not exist cannot be allowed now and become somebody later', async () => {
    for (const AWS of [
      `arn:aws:iam::${neighbour.accountId}:user/mallory`,
      `arn:aws:iam::${neighbour.accountId}:role/admin`,
      `arn:aws:sts::${neighbour.accountId}:assumed-role/admin/session`,
      'AIDACKCEVSQ6C2EXAMPLE',
      'arn:aws:iam::*:root',
      '1234',
      `arn:aws:iam::${neighbour.accountId}:*`,
    ]) {
      const statement = { Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' };
      await owner.refused(
        'CreateKey',
        { Policy: JSON.stringify(policyOf(operator.accountId, statement)) },
        'MalformedPolicyDocumentException',
      );
    }
  });

  describe('that depend on tags', () => {
    const allowedToTag = (...statements: readonly object[]): object => ({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: operator.accountId },
          Action: [
            'kms:TagResource',
            'kms:UntagResource',
            'kms:ListResourceTags',
            'kms:DescribeKey',
            'kms:PutKeyPolicy',
          ],
          Resource: '*',
        },
        ...statements,
      ],
    });
    const create = async (policy: object, tags: Readonly<Record<string, string>>): Promise<string> => {
      const { KeyMetadata } = await owner.does('CreateKey', {
        Policy: JSON.stringify(policy),
        Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
      });
      return KeyMetadata.KeyId;
    };
    const tag = (KeyId: string, TagKey: string, TagValue: string) =>
      owner.kms('TagResource', { KeyId, Tags: [{ TagKey, TagValue }] });
    const onTag = (effect: string, operatorName: string, value: string, action = 'kms:Encrypt'): object => ({
      Effect: effect,
      Principal: { AWS: operator.accountId },
      Action: action,
      Resource: '*',
      Condition: { [operatorName]: { 'aws:ResourceTag/team': value } },
    });

    test('a second tag of other letter case does not meet a condition that the first one fails', async () => {
      const allowing = await create(allowedToTag(onTag('Allow', 'StringEquals', 'red')), { team: 'blue' });
      assert.equal(await encrypts(owner, allowing), false);
      for (const name of ['TEAM', 'Team']) {
        assert.equal((await tag(allowing, name, 'red')).status, 200);
        assert.equal(await encrypts(owner, allowing), false);
      }
      // Nor when the decoy was there first.
      const decoyFirst = await create(allowedToTag(onTag('Allow', 'StringEquals', 'red')), {
        Team: 'red',
        team: 'blue',
      });
      assert.equal(await encrypts(owner, decoyFirst), false);
    });

    test('a second tag of other letter case does not hide the first one from a deny', async () => {
      const all = {
        Effect: 'Allow',
        Principal: { AWS: operator.accountId },
        Action: 'kms:Encrypt',
        Resource: '*',
      };
      for (const deny of [onTag('Deny', 'StringEquals', 'red'), onTag('Deny', 'StringNotEquals', 'blue')]) {
        const denying = await create(allowedToTag(all, deny), { team: 'red' });
        for (const name of ['TEAM', 'Team']) {
          assert.equal((await tag(denying, name, 'blue')).status, 200);
          assert.equal(await encrypts(owner, denying), false);
        }
        const decoyFirst = await create(allowedToTag(all, deny), { Team: 'blue', team: 'red' });
        assert.equal(await encrypts(owner, decoyFirst), false);
      }
    });

    test('whoever may tag a key may change what its tags open; a policy that forbids the tag forbids the detour', async () => {
      const red = onTag('Allow', 'StringEquals', 'red');
      const free = await create(allowedToTag(red), { team: 'blue' });
      assert.equal((await tag(free, 'team', 'red')).status, 200);
      // So it is with AWS: the permission to tag is the permission to meet conditions on tags.
      assert.equal(await encrypts(owner, free), true);

      const guards = [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: ['kms:TagResource', 'kms:UntagResource'],
          Resource: '*',
          Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team'] } },
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'kms:TagResource',
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestTag/team': 'red' } },
        },
      ];
      for (const guard of guards) {
        const guarded = await create(allowedToTag(red, guard), { team: 'blue' });
        assert.equal((await tag(guarded, 'team', 'red')).code, 'AccessDeniedException');
        // In one request with others, in any order, and beside one of other letter case.
        for (const Tags of [
          [
            { TagKey: 'a', TagValue: 'b' },
            { TagKey: 'team', TagValue: 'red' },
          ],
          [
            { TagKey: 'Team', TagValue: 'blue' },
            { TagKey: 'team', TagValue: 'red' },
          ],
          [
            { TagKey: 'team', TagValue: 'red' },
            { TagKey: 'TEAM', TagValue: 'blue' },
          ],
        ]) {
          await owner.refused('TagResource', { KeyId: guarded, Tags }, 'AccessDeniedException');
        }
        assert.equal(await encrypts(owner, guarded), false);
      }
    });
  });

  test('an encryption context that says the same in two cases does not meet a condition in one of them', async () => {
    const key = await shared(toStranger({ StringEquals: { 'kms:EncryptionContext:tenant': '12' } }));
    assert.equal(await encrypts(stranger, key.arn, { EncryptionContext: { tenant: '12' } }), true);
    for (const EncryptionContext of [
      { tenant: '13' },
      { tenant: '13', Tenant: '12' },
      { Tenant: '12', tenant: '13' },
      {},
    ]) {
      assert.equal(await encrypts(stranger, key.arn, { EncryptionContext }), false);
    }
    const only = await shared(
      toStranger({
        StringEquals: { 'kms:EncryptionContext:tenant': '12' },
        'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant'] },
      }),
    );
    assert.equal(
      await encrypts(stranger, only.arn, { EncryptionContext: { tenant: '12', more: '' } }),
      false,
    );
  });

  test('the way a key is named does not change what is decided about it', async () => {
    const key = await shared(
      { Effect: 'Allow', Principal: { AWS: neighbour.accountId }, Action: 'kms:Encrypt', Resource: '*' },
      {
        Effect: 'Deny',
        Principal: { AWS: neighbour.accountId },
        Action: 'kms:Encrypt',
        Resource: '*',
        Condition: { StringEquals: { 'kms:RequestAlias': 'alias/forbidden' } },
      },
    );
    for (const name of ['alias/forbidden', 'alias/other'])
      await owner.does('CreateAlias', { AliasName: name, TargetKeyId: key.id });
    const aliasArn = (name: string): string => key.arn.replace(`key/${key.id}`, name);
    assert.equal(await encrypts(stranger, aliasArn('alias/forbidden')), false);
    assert.equal(await encrypts(stranger, aliasArn('alias/other')), true);
    assert.equal(await encrypts(stranger, key.arn), true);
    // A deny on the resource is about the key, whatever alias leads to it.
    const closed = await shared(
      { Effect: 'Allow', Principal: { AWS: neighbour.accountId }, Action: 'kms:Encrypt', Resource: '*' },
      {
        Effect: 'Deny',
        Principal: { AWS: neighbour.accountId },
        Action: 'kms:Encrypt',
        Resource: 'arn:aws:kms:*:*:key/*',
      },
    );
    await owner.does('CreateAlias', { AliasName: 'alias/closed', TargetKeyId: closed.id });
    assert.equal(await encrypts(stranger, closed.arn.replace(`key/${closed.id}`, 'alias/closed')), false);
  });
});
