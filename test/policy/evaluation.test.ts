/** Which layers have to allow, and what overrules what. */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  account,
  allow,
  delegation,
  deny,
  everything,
  federated,
  federatedArn,
  identityPolicy,
  keyOf,
  naming,
  nothing,
  otherAccount,
  outcome,
  type Row,
  resourceControlPolicy,
  role,
  roleArn,
  root,
  rootArn,
  service,
  serviceControlPolicy,
  sessionArn,
  user,
  userArn,
} from './policies.ts';

const rows: readonly Row[] = [
  // The account's root.
  {
    name: 'the root of the account has what the default key policy gives',
    principal: root(),
    layers: { identity: 'root', resource: keyOf(delegation()) },
    is: 'Allow direct',
  },
  {
    name: 'the root of the account has nothing that the key policy does not give',
    principal: root(),
    layers: { identity: 'root', resource: naming(userArn('alice')) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'the root of the account is bound by an explicit deny',
    principal: root(),
    layers: { identity: 'root', resource: keyOf(delegation(), deny({ Principal: { AWS: account } })) },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'the root of the account may do what only identity policies decide',
    principal: root(),
    action: 'kms:CreateKey',
    layers: { identity: 'root' },
    is: 'Allow identity',
  },
  {
    name: 'the root of the account is bound by service control policies',
    principal: root(),
    layers: {
      identity: 'root',
      resource: keyOf(delegation()),
      serviceControlPolicies: [[serviceControlPolicy(allow({ Action: 'iam:*' }))]],
    },
    is: 'Deny implicitDeny serviceControlPolicy',
  },
  {
    name: 'the root of another account needs to be named by the key policy',
    principal: root(otherAccount),
    layers: { identity: 'root', resource: keyOf(delegation()) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'the root of another account that the key policy names has access',
    principal: root(otherAccount),
    layers: { identity: 'root', resource: keyOf(delegation(otherAccount)) },
    is: 'Allow direct',
  },
  {
    name: "a resource without policy is nobody's from another account",
    principal: root(otherAccount),
    layers: { identity: 'root', resource: { policy: undefined } },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'an action that only identity policies decide stays within the account',
    principal: root(otherAccount),
    action: 'kms:CreateAlias',
    layers: { identity: 'root' },
    is: 'Deny implicitDeny resourcePolicy',
  },

  // Users.
  {
    name: 'the default key policy leaves a user to identity policies that allow',
    layers: { identity: [everything], resource: keyOf(delegation()) },
    is: 'Allow delegated',
  },
  {
    name: 'the default key policy leaves a user to identity policies that do not allow',
    layers: { identity: [nothing], resource: keyOf(delegation()) },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: 'a bare account id delegates like the root ARN',
    layers: { identity: [everything], resource: naming(account) },
    is: 'Allow delegated',
  },
  {
    name: 'an identity policy is nothing without the key policy',
    layers: { identity: [everything], resource: naming(userArn('bob')) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'a key policy naming the user needs no identity policy',
    layers: { identity: [], resource: naming(userArn('alice')) },
    is: 'Allow direct',
  },
  {
    name: "a key policy naming the user's unique id is one naming the user",
    layers: { identity: [], resource: naming('AIDAALICEEXAMPLEID0000') },
    is: 'Allow direct',
  },
  {
    name: 'a user name in another case is another user',
    layers: { identity: [], resource: naming(userArn('Alice')) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'everyone in the account has what a key policy gives to *',
    layers: { identity: [], resource: keyOf(allow({ Principal: '*' })) },
    is: 'Allow direct',
  },
  {
    name: 'an account principal gives nothing to users of another account',
    principal: user('alice', otherAccount),
    layers: { identity: [everything], resource: keyOf(delegation()) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: "another account's user whom the key policy names needs an identity policy too",
    principal: user('alice', otherAccount),
    layers: { identity: [], resource: naming(userArn('alice', otherAccount)) },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: "another account's user to whom the key policy gives as everyone needs an identity policy too",
    principal: user('alice', otherAccount),
    layers: { identity: [], resource: keyOf(allow({ Principal: '*' })) },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: "another account's user has access by both sides",
    principal: user('alice', otherAccount),
    layers: { identity: [everything], resource: keyOf(delegation(otherAccount)) },
    is: 'Allow delegated',
  },
  {
    name: 'an action that only identity policies decide needs one',
    action: 'kms:ListKeys',
    layers: { identity: [nothing] },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: 'an action that only identity policies decide has one',
    action: 'kms:ListKeys',
    layers: { identity: [nothing, everything] },
    is: 'Allow identity',
  },

  // Permissions boundaries (IAM User Guide, "Permissions boundaries for IAM entities").
  {
    name: 'a boundary narrows what identity policies give',
    layers: { identity: [everything], boundary: nothing, resource: keyOf(delegation()) },
    is: 'Deny implicitDeny permissionsBoundary',
  },
  {
    name: 'a boundary gives nothing',
    layers: { identity: [nothing], boundary: everything, resource: keyOf(delegation()) },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: 'a boundary does not narrow what a key policy gives to a user ARN',
    layers: { identity: [], boundary: nothing, resource: naming(userArn('alice')) },
    is: 'Allow direct',
  },
  {
    name: "a boundary narrows what another account's key policy gives to a user ARN",
    principal: user('alice', otherAccount),
    layers: { identity: [everything], boundary: nothing, resource: naming(userArn('alice', otherAccount)) },
    is: 'Deny implicitDeny permissionsBoundary',
  },
  {
    name: 'an explicit deny in a boundary beats what a key policy gives to a user ARN',
    layers: { identity: [], boundary: identityPolicy(deny()), resource: naming(userArn('alice')) },
    is: 'Deny explicitDeny permissionsBoundary',
  },

  // Roles and their sessions.
  {
    name: 'a key policy naming the role needs no identity policy',
    principal: role('app'),
    layers: { identity: [], resource: naming(roleArn('app')) },
    is: 'Allow limited',
  },
  {
    name: "a key policy naming the role's unique id is one naming the role",
    principal: role('app'),
    layers: { identity: [], resource: naming('AROAAPPEXAMPLEID0000') },
    is: 'Allow limited',
  },
  {
    name: 'a boundary narrows what a key policy gives to a role ARN',
    principal: role('app'),
    layers: { identity: [everything], boundary: nothing, resource: naming(roleArn('app')) },
    is: 'Deny implicitDeny permissionsBoundary',
  },
  {
    name: 'a session policy narrows what a key policy gives to a role ARN',
    principal: role('app'),
    layers: { identity: [everything], sessionPolicies: [nothing], resource: naming(roleArn('app')) },
    is: 'Deny implicitDeny sessionPolicy',
  },
  {
    name: 'neither narrows what a key policy gives to a session ARN',
    principal: role('app', 's1'),
    layers: {
      identity: [],
      boundary: nothing,
      sessionPolicies: [nothing],
      resource: naming(sessionArn('app', 's1')),
    },
    is: 'Allow direct',
  },
  {
    name: 'a session ARN names one session',
    principal: role('app', 's2'),
    layers: { identity: [], resource: naming(sessionArn('app', 's1')) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'an explicit deny in a session policy beats what a key policy gives to a session ARN',
    principal: role('app', 's1'),
    layers: {
      identity: [],
      sessionPolicies: [identityPolicy(deny())],
      resource: naming(sessionArn('app', 's1')),
    },
    is: 'Deny explicitDeny sessionPolicy',
  },
  {
    name: 'of several session policies one has to allow',
    principal: role('app'),
    layers: { identity: [everything], sessionPolicies: [nothing, everything], resource: keyOf(delegation()) },
    is: 'Allow delegated',
  },
  {
    name: 'a session policy gives nothing',
    principal: role('app'),
    layers: { identity: [], sessionPolicies: [everything], resource: keyOf(delegation()) },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: 'the better of two statements counts',
    principal: role('app', 's1'),
    layers: {
      identity: [],
      boundary: nothing,
      resource: naming(account, roleArn('app'), sessionArn('app', 's1')),
    },
    is: 'Allow direct',
  },

  // Federated users.
  {
    name: "a federated user without session policy has nothing of its user's",
    principal: federated('bob', 'alice'),
    layers: { identity: [everything], resource: keyOf(delegation()) },
    is: 'Deny implicitDeny sessionPolicy',
  },
  {
    name: 'a federated user has what user and session policy both allow',
    principal: federated('bob', 'alice'),
    layers: { identity: [everything], sessionPolicies: [everything], resource: keyOf(delegation()) },
    is: 'Allow delegated',
  },
  {
    name: 'a key policy naming the federated user is enough',
    principal: federated('bob', 'alice'),
    layers: { identity: [], boundary: nothing, resource: naming(federatedArn('bob')) },
    is: 'Allow direct',
  },
  {
    name: 'a key policy naming the user behind a federated user is narrowed by the session policy',
    principal: federated('bob', 'alice'),
    layers: { identity: [], sessionPolicies: [nothing], resource: naming(userArn('alice')) },
    is: 'Deny implicitDeny sessionPolicy',
  },
  {
    name: 'a key policy naming the user behind a federated user gives within the session policy',
    principal: federated('bob', 'alice'),
    layers: { identity: [], sessionPolicies: [everything], resource: naming(userArn('alice')) },
    is: 'Allow limited',
  },

  // Services.
  {
    name: 'a service has access by the key policy alone',
    principal: service('logs.amazonaws.com'),
    layers: { identity: [], resource: keyOf(allow({ Principal: { Service: 'logs.amazonaws.com' } })) },
    is: 'Allow direct',
  },
  {
    name: 'a service has nothing that an account is given',
    principal: service('logs.amazonaws.com'),
    layers: { identity: [], resource: keyOf(delegation()) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'one service is not another',
    principal: service('logs.us-east-1.amazonaws.com'),
    layers: { identity: [], resource: keyOf(allow({ Principal: { Service: 'logs.amazonaws.com' } })) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'a service may do nothing that only identity policies decide',
    principal: service('logs.amazonaws.com'),
    action: 'kms:CreateKey',
    layers: { identity: [] },
    is: 'Deny implicitDeny identityPolicy',
  },

  // NotPrincipal (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
  {
    name: 'a NotPrincipal deny spares a user named together with the account',
    layers: {
      identity: [everything],
      resource: keyOf(delegation(), deny({ NotPrincipal: { AWS: [userArn('alice'), rootArn()] } })),
    },
    is: 'Allow delegated',
  },
  {
    name: 'a NotPrincipal deny does not spare a user named without the account',
    layers: {
      identity: [everything],
      resource: keyOf(delegation(), deny({ NotPrincipal: { AWS: userArn('alice') } })),
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a NotPrincipal deny does not spare a user by the account alone',
    layers: {
      identity: [everything],
      resource: keyOf(delegation(), deny({ NotPrincipal: { AWS: rootArn() } })),
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a NotPrincipal deny spares a session named together with role and account',
    principal: role('app', 's1'),
    layers: {
      identity: [everything],
      resource: keyOf(
        delegation(),
        deny({ NotPrincipal: { AWS: [sessionArn('app', 's1'), roleArn('app'), rootArn()] } }),
      ),
    },
    is: 'Allow delegated',
  },
  {
    name: 'a NotPrincipal deny does not spare a session named without its role',
    principal: role('app', 's1'),
    layers: {
      identity: [everything],
      resource: keyOf(delegation(), deny({ NotPrincipal: { AWS: [sessionArn('app', 's1'), rootArn()] } })),
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a NotPrincipal deny spares nobody with a permissions boundary',
    layers: {
      identity: [everything],
      boundary: everything,
      resource: keyOf(delegation(), deny({ NotPrincipal: { AWS: [userArn('alice'), rootArn()] } })),
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a NotPrincipal deny spares the root it names',
    principal: root(),
    layers: { identity: 'root', resource: keyOf(delegation(), deny({ NotPrincipal: { AWS: rootArn() } })) },
    is: 'Allow direct',
  },
  {
    name: 'a NotPrincipal allow leaves out whom it names',
    layers: { identity: [], resource: keyOf(allow({ NotPrincipal: { AWS: userArn('alice') } })) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'a NotPrincipal allow leaves out everyone in an account it names',
    layers: { identity: [], resource: keyOf(allow({ NotPrincipal: { AWS: account } })) },
    is: 'Deny implicitDeny resourcePolicy',
  },
  {
    name: 'a NotPrincipal allow gives to the others within their boundary',
    layers: {
      identity: [],
      boundary: nothing,
      resource: keyOf(allow({ NotPrincipal: { AWS: userArn('bob') } })),
    },
    is: 'Deny implicitDeny permissionsBoundary',
  },

  // Organizations.
  {
    name: 'every level of service control policies has to allow',
    layers: {
      identity: [everything],
      resource: keyOf(delegation()),
      serviceControlPolicies: [
        [serviceControlPolicy(allow())],
        [serviceControlPolicy(allow({ Action: 'iam:*' }))],
      ],
    },
    is: 'Deny implicitDeny serviceControlPolicy',
  },
  {
    name: 'a level without policies allows nothing',
    layers: {
      identity: [everything],
      resource: keyOf(delegation()),
      serviceControlPolicies: [[serviceControlPolicy(allow())], []],
    },
    is: 'Deny implicitDeny serviceControlPolicy',
  },
  {
    name: 'service control policies narrow what a key policy gives directly',
    layers: {
      identity: [],
      resource: naming(userArn('alice')),
      serviceControlPolicies: [[serviceControlPolicy(allow({ Action: 'iam:*' }))]],
    },
    is: 'Deny implicitDeny serviceControlPolicy',
  },
  {
    name: 'service control policies give nothing',
    layers: {
      identity: [],
      resource: keyOf(delegation()),
      serviceControlPolicies: [[serviceControlPolicy(allow())]],
    },
    is: 'Deny implicitDeny identityPolicy',
  },
  {
    name: 'a deny at any level of service control policies decides',
    layers: {
      identity: [everything],
      resource: keyOf(delegation()),
      serviceControlPolicies: [
        [serviceControlPolicy(allow())],
        [serviceControlPolicy(allow(), deny({ Action: 'kms:Encrypt' }))],
      ],
    },
    is: 'Deny explicitDeny serviceControlPolicy',
  },
  {
    name: "resource control policies narrow another account's principal",
    principal: root(otherAccount),
    layers: {
      identity: 'root',
      resource: keyOf(delegation(otherAccount)),
      resourceControlPolicies: [
        [
          resourceControlPolicy(
            allow({ Principal: '*', Action: '*' }),
            deny({ Principal: '*', Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } } }),
          ),
        ],
      ],
    },
    is: 'Deny explicitDeny resourceControlPolicy',
  },
  {
    name: 'every level of resource control policies has to allow',
    layers: { identity: [everything], resource: keyOf(delegation()), resourceControlPolicies: [[]] },
    is: 'Deny implicitDeny resourceControlPolicy',
  },

  // Precedence.
  {
    name: 'a deny for everyone beats what is given directly',
    layers: {
      identity: [everything],
      resource: keyOf(allow({ Principal: { AWS: userArn('alice') } }), deny({ Principal: '*' })),
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a deny for the account is one for its users and roles',
    principal: role('app'),
    layers: {
      identity: [everything],
      resource: keyOf(allow({ Principal: '*' }), deny({ Principal: { AWS: account } })),
    },
    is: 'Deny explicitDeny resourcePolicy',
  },
  {
    name: 'a deny in an identity policy beats what is given directly',
    layers: { identity: [identityPolicy(deny())], resource: naming(userArn('alice')) },
    is: 'Deny explicitDeny identityPolicy',
  },
  {
    name: 'a deny of something else is none',
    layers: {
      identity: [everything, identityPolicy(deny({ Action: 'kms:Decrypt' }))],
      resource: keyOf(delegation()),
    },
    is: 'Allow delegated',
  },
  {
    name: 'an allow without actions allows nothing, and a deny without resources denies nothing',
    layers: {
      identity: [],
      resource: keyOf(
        { Effect: 'Allow', Resource: '*', Principal: '*' },
        { Effect: 'Deny', Action: '*', Principal: '*' },
      ),
    },
    is: 'Deny implicitDeny resourcePolicy',
  },
  { name: 'nothing at all allows nothing', layers: { identity: [] }, is: 'Deny implicitDeny identityPolicy' },
];

for (const { name, layers, is, ...question } of rows) {
  test(name, () => assert.equal(outcome(question, layers), is));
}

test('a boundary does not narrow what a key policy gives to * under a condition on the principal', () => {
  const resource = keyOf(
    allow({ Principal: '*', Condition: { ArnEquals: { 'aws:PrincipalArn': roleArn('app') } } }),
  );
  const question = { principal: role('app'), context: { 'aws:PrincipalArn': [roleArn('app')] } };
  assert.equal(
    outcome(question, { identity: [], boundary: nothing, sessionPolicies: [nothing], resource }),
    'Allow direct',
  );
});
