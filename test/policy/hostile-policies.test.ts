/** Policies and requests made to be expensive are refused after a bounded number of steps; honest large ones are decided. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Effort, stepsMax } from '../../src/policy/effort.ts';
import { decide } from '../../src/policy/evaluate.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { ConditionContext } from '../../src/policy/request.ts';
import { contextOf } from './both-engines.ts';
import { account, allow, deny, document, keyArn, root, rootArn, userArn } from './policies.ts';
import type { TwinPolicy, TwinStatement } from './slow-twin.ts';

/** The quota on key policies. */
const policyBytesMax = 32_768;
/** More than any request carries: the body of a KMS request is smaller. */
const contextBytes = 16_384;

/** As many statements, or values, as a key policy can hold. */
function fill(statement: (index: number) => TwinStatement): TwinPolicy {
  const statements: TwinStatement[] = [];
  for (let bytes = 60; ; ) {
    const next = statement(statements.length);
    bytes += JSON.stringify(next).length + 1;
    if (bytes > policyBytesMax) return document(...statements);
    statements.push(next);
  }
}
const fillValues = (value: (index: number) => string): readonly string[] => {
  const values: string[] = [];
  for (let bytes = 250; ; ) {
    const next = value(values.length);
    bytes += JSON.stringify(next).length + 1;
    if (bytes > policyBytesMax) return values;
    values.push(next);
  }
};

function stepsOf(
  policy: TwinPolicy,
  context: Readonly<Record<string, readonly string[]>>,
): { effect: string; steps: number } {
  const text = JSON.stringify(policy);
  assert.ok(Buffer.byteLength(text) <= policyBytesMax, `the policy has ${Buffer.byteLength(text)} bytes`);
  const effort = new Effort();
  const decision = decide(
    {
      principal: root(),
      action: 'kms:Encrypt',
      resource: keyArn,
      resourceAccountId: account,
      context: contextOf(context),
    },
    { identity: 'root', resource: { policy: parsePolicy(text, 'keyPolicy') } },
    effort,
  );
  return { effect: decision.effect === 'Allow' ? 'Allow' : decision.reason, steps: effort.steps };
}

const as = 'a'.repeat(contextBytes);
const manyValues = Array.from({ length: contextBytes / 2 }, (_, index) =>
  String.fromCharCode(97 + (index % 26)).repeat(2),
);
const one = (
  operator: string,
  values: string | readonly string[],
  key = 'kms:EncryptionContext:x',
): TwinPolicy =>
  document(deny({ Principal: '*', Condition: { [operator]: { [key]: values } } }), allow({ Principal: '*' }));

const hostile: readonly (readonly [
  name: string,
  policy: TwinPolicy,
  context: Readonly<Record<string, readonly string[]>>,
])[] = [
  [
    'wildcards nested for backtracking',
    one('StringLike', `${'a*'.repeat(15_000)}b`),
    { 'kms:encryptioncontext:x': [as] },
  ],
  [
    'single characters nested for backtracking',
    one('StringLike', `*${'a?'.repeat(15_000)}b*`),
    { 'kms:encryptioncontext:x': [as] },
  ],
  [
    'a needle nearly found everywhere',
    one('StringLike', `*b${'a'.repeat(8_000)}*`),
    { 'kms:encryptioncontext:x': [as] },
  ],
  [
    'a needle with a gap nearly found everywhere',
    one('StringLike', `*${'a'.repeat(4_000)}?b*`),
    { 'kms:encryptioncontext:x': [as] },
  ],
  [
    'every wildcard against every value',
    one(
      'ForAnyValue:StringLike',
      fillValues((index) => `*${index}`),
      'kms:EncryptionContextKeys',
    ),
    { 'kms:encryptioncontextkeys': manyValues },
  ],
  [
    'every number against every value',
    one(
      'ForAnyValue:NumericEquals',
      fillValues((index) => String(index)),
      'kms:EncryptionContextKeys',
    ),
    { 'kms:encryptioncontextkeys': manyValues.map((_, index) => String(-index - 1)) },
  ],
  [
    'every range against every value',
    one(
      'ForAnyValue:IpAddress',
      fillValues((index) => `10.0.${index >> 8}.${index & 255}`),
      'kms:EncryptionContextKeys',
    ),
    { 'kms:encryptioncontextkeys': manyValues.map(() => '192.0.2.1') },
  ],
  [
    'variables of long values in every statement',
    fill(() =>
      deny({
        Principal: '*',
        Condition: {
          StringLike: {
            'kms:EncryptionContext:y': `\${kms:EncryptionContext:x}*?\${kms:EncryptionContext:x}`,
          },
        },
      }),
    ),
    { 'kms:encryptioncontext:x': [as], 'kms:encryptioncontext:y': [`${as}a${as}`] },
  ],
  [
    'every statement against a long value',
    fill(() =>
      deny({
        Principal: '*',
        Condition: { 'ForAnyValue:StringLike': { 'kms:EncryptionContextKeys': '*?b' } },
      }),
    ),
    { 'kms:encryptioncontextkeys': manyValues },
  ],
  [
    'ARN segments of single characters',
    fill(() => deny({ Principal: '*', Resource: `arn:*:*:*:*:${'?*'.repeat(100)}z` })),
    {},
  ],
];

for (const [name, policy, context] of hostile) {
  test(`${name}: decided or given up within the bound, and never allowed for it`, () => {
    const { effect, steps } = stepsOf(policy, context);
    // The step that goes beyond the bound is the last, and each is bounded by the texts' length.
    assert.ok(steps <= stepsMax + policyBytesMax + 2 * contextBytes, `${steps} steps`);
    if (steps > stepsMax) assert.equal(effect, 'tooComplex');
  });
}

test('steps grow no faster than pattern and text together, whatever the wildcards', () => {
  const steps = (length: number): number =>
    stepsOf(one('StringLike', `${'a*'.repeat(length)}b`), {
      'kms:encryptioncontext:x': ['a'.repeat(2 * length)],
    }).steps;
  const small = steps(500);
  assert.ok(steps(5_000) <= 12 * small, `${small} steps become ${steps(5_000)}`);
});

test('a request is refused, not answered wrongly, when its policies are too expensive', () => {
  const policy = one(
    'ForAnyValue:StringLike',
    fillValues((index) => `*${index}`),
    'kms:EncryptionContextKeys',
  );
  assert.equal(stepsOf(policy, { 'kms:encryptioncontextkeys': manyValues }).effect, 'tooComplex');
});

const honest: readonly (readonly [name: string, policy: TwinPolicy])[] = [
  [
    'statements for hundreds of users',
    fill((index) => allow({ Principal: { AWS: userArn(`user-${index}`) } })),
  ],
  [
    'statements with conditions',
    fill((index) =>
      allow({
        Principal: { AWS: rootArn() },
        Action: ['kms:Encrypt', 'kms:GenerateDataKey*'],
        Condition: {
          StringEquals: { 'kms:EncryptionContext:x': `value-${index}` },
          StringLike: { 'kms:ViaService': '*.us-east-1.amazonaws.com' },
        },
      }),
    ),
  ],
  [
    'one condition with thousands of values',
    document(
      allow({
        Principal: '*',
        Condition: { StringEquals: { 'kms:EncryptionContext:x': fillValues((index) => `value-${index}`) } },
      }),
    ),
  ],
  [
    'one condition with thousands of patterns',
    document(
      allow({
        Principal: '*',
        Condition: { StringLike: { 'kms:EncryptionContext:x': fillValues((index) => `*-${index}-*`) } },
      }),
    ),
  ],
];
for (const [name, policy] of honest) {
  test(`a key policy of 32 KiB with ${name} is decided within half the bound`, () => {
    const { effect, steps } = stepsOf(policy, {
      'kms:encryptioncontext:x': ['no value of these'],
      'kms:viaservice': ['s3.us-east-1.amazonaws.com'],
    });
    assert.equal(effect, 'implicitDeny');
    assert.ok(steps < stepsMax / 2, `${steps} steps`);
  });
}

test('a condition key is asked for only when a statement gets that far', () => {
  const asked: string[] = [];
  const context: ConditionContext = {
    get(key) {
      asked.push(key);
      return ['x'];
    },
  };
  const policy = document(
    deny({ Principal: { AWS: userArn('bob') }, Condition: { StringEquals: { 'aws:userid': 'x' } } }),
    deny({ Principal: '*', Action: 'kms:Decrypt', Condition: { StringEquals: { 'aws:username': 'x' } } }),
    deny({ Principal: '*', Condition: { StringEquals: { 'kms:KeySpec': 'y', 'kms:KeyUsage': 'x' } } }),
    allow({ Principal: '*' }),
  );
  decide(
    { principal: root(), action: 'kms:Encrypt', resource: keyArn, resourceAccountId: account, context },
    { identity: 'root', resource: { policy: parsePolicy(JSON.stringify(policy), 'keyPolicy') } },
  );
  assert.deepEqual(asked, ['kms:keyspec']);
});
