/** The words of a denial, layer by layer (IAM User Guide, "Troubleshoot access denied error messages"). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { denialMessage } from '../../src/policy/denial-message.ts';
import type { PolicyLayers } from '../../src/policy/evaluate.ts';
import {
  allow,
  ask,
  delegation,
  deny,
  identityPolicy,
  keyArn,
  keyPolicy,
  type Question,
  resourceControlPolicy,
  role,
  serviceControlPolicy,
  userArn,
} from './policies.ts';

const messageOf = (question: Question, layers: PolicyLayers): string => {
  const decision = ask(question, layers);
  assert.equal(decision.effect, 'Deny');
  const principalArn = question.principal?.arn ?? userArn('alice');
  return denialMessage(decision, principalArn, question.action ?? 'kms:Encrypt', question.resource ?? keyArn);
};

const everything = identityPolicy(allow());
const nothing = identityPolicy(allow({ Action: 'iam:*' }));
const identityDeny = identityPolicy(deny());
const resource = { policy: keyPolicy(delegation()) };
const scp = serviceControlPolicy(allow());
const rcp = resourceControlPolicy(allow({ Principal: '*', Action: '*' }));

const endings: readonly (readonly [layers: PolicyLayers, ending: string])[] = [
  [{ identity: [nothing], resource }, 'because no identity-based policy allows the kms:Encrypt action'],
  [{ identity: [identityDeny], resource }, 'with an explicit deny in an identity-based policy'],
  [
    { identity: [everything], resource: { policy: undefined } },
    'because no resource-based policy allows the kms:Encrypt action',
  ],
  [
    { identity: [everything], resource: { policy: keyPolicy(deny({ Principal: '*' })) } },
    'with an explicit deny in a resource-based policy',
  ],
  [
    { identity: [everything], resource, boundary: nothing },
    'because no permissions boundary allows the kms:Encrypt action',
  ],
  [
    { identity: [everything], resource, boundary: identityDeny },
    'with an explicit deny in a permissions boundary',
  ],
  [
    { identity: [everything], resource, sessionPolicies: [nothing] },
    'because no session policy allows the kms:Encrypt action',
  ],
  [
    { identity: [everything], resource, sessionPolicies: [identityDeny] },
    'with an explicit deny in a session policy',
  ],
  [
    { identity: [everything], resource, serviceControlPolicies: [[]] },
    'because no service control policy allows the kms:Encrypt action',
  ],
  [
    { identity: [everything], resource, serviceControlPolicies: [[scp, serviceControlPolicy(deny())]] },
    'with an explicit deny in a service control policy',
  ],
  [
    { identity: [everything], resource, resourceControlPolicies: [[]] },
    'because no resource control policy allows the kms:Encrypt action',
  ],
  [
    {
      identity: [everything],
      resource,
      resourceControlPolicies: [[rcp, resourceControlPolicy(deny({ Principal: '*' }))]],
    },
    'with an explicit deny in a resource control policy',
  ],
];

for (const [layers, ending] of endings) {
  test(`a user is told: ${ending}`, () => {
    assert.equal(
      messageOf({}, layers),
      `User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Encrypt on resource: ${keyArn} ${ending}`,
    );
  });
}

test('a role session is told its session ARN, and an action without resource names *', () => {
  assert.equal(
    messageOf({ principal: role('app', 's1'), action: 'kms:CreateKey', resource: '*' }, { identity: [] }),
    'User: arn:aws:sts::111122223333:assumed-role/app/s1 is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy allows the kms:CreateKey action',
  );
});

test('the first denying layer is named when several deny', () => {
  const layers = {
    identity: [identityDeny],
    resource: { policy: keyPolicy(deny({ Principal: '*' })) },
    boundary: identityDeny,
  };
  assert.match(messageOf({}, layers), /explicit deny in a resource-based policy$/);
});
