/** A caller who changes policies without end must not fill the server's memory with their compiled forms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyPolicies } from '../../src/keys/key-policy.ts';
import { policyOf } from './attacker.ts';

const charactersMax = 100_000;

/** About 10,000 characters. */
const policyText = (index: number): string =>
  JSON.stringify(
    policyOf('000000000000', {
      Sid: 'x'.repeat(10_000),
      Effect: 'Deny',
      Principal: '*',
      Action: `kms:X${index}`,
      Resource: '*',
    }),
  );

test('ten thousand different policies leave no more compiled than the bound allows', () => {
  const policies = new KeyPolicies(charactersMax);
  const kept = Array.from({ length: 10_000 }, (_, index) => policies.of(policyText(index)));
  for (const policy of kept) {
    assert.equal(policy.compiled.denies.length, 1);
    assert.ok(policies.held.compiled <= charactersMax && policies.held.shared <= charactersMax);
  }
  assert.ok(policies.held.compiled > charactersMax / 2 && policies.held.shared > charactersMax / 2);
});

test('a policy in use stays compiled while a flood of others passes', () => {
  const policies = new KeyPolicies(charactersMax);
  const used = policies.of(policyText(-1));
  const { compiled } = used;
  for (let index = 0; index < 1_000; index += 1) {
    policies.of(policyText(index)).compiled;
    assert.equal(used.compiled, compiled);
  }
});

test('a policy that was let go is compiled anew and decides the same', () => {
  const policies = new KeyPolicies(charactersMax);
  const first = policies.of(policyText(0));
  const before = first.compiled;
  for (let index = 1; index < 100; index += 1) policies.of(policyText(index)).compiled;
  assert.notEqual(first.compiled, before);
  assert.deepEqual(JSON.stringify(first.compiled), JSON.stringify(before));
});
