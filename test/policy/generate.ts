/**
 * Random requests and policies that nearly fit each other. A policy is written around its request: names
 * are taken from it and then mostly kept, sometimes turned into patterns, variables or near misses, so
 * that allows, denies and refusals for every reason are all common.
 */
import { integerOf, oneOf, type Random } from '../fuzz/random.ts';
import type {
  TwinLayers,
  TwinPolicy,
  TwinPrincipal,
  TwinPrincipalElement,
  TwinRequest,
  TwinStatement,
} from './slow-twin.ts';

export interface Case {
  readonly request: TwinRequest;
  readonly layers: TwinLayers;
}

const accounts = ['111122223333', '444455556666'] as const;
const nearAccount = '111122223334';
const userNames = ['alice', 'Alice', 'al', 'team/alice', 'alice2'];
const roleNames = ['app', 'App', 'path/to/app', 'app-2'];
const sessionNames = ['s1', 's1x', 'S1'];
const services = ['logs.us-east-1.amazonaws.com', 'logs.amazonaws.com', 's3.amazonaws.com'];
const actions = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:DescribeKey',
];
const texts = [
  'finance',
  'Finance',
  'FINANCE',
  'fin',
  'alice',
  '',
  'a*b',
  'a?b',
  'x:y',
  '日本語',
  '😀',
  '😀😀b',
  'straße',
  'STRASSE',
  '$5',
  'aaaaaaaaaaaaaaaaaaaaaaaaab',
  'aaaaaaaaaaaaaaaaaaaaaaaaaa',
];
const typedTexts = {
  numbers: ['7', '30', '30.0', '-1', '1e1', '0.5', '9007199254740993', 'seven', ''],
  dates: [
    '2026-01-31',
    '2026-01-31T00:00:00Z',
    '2026-01-31T01:00+01:00',
    '2026-02-01T12:30:15.250Z',
    '1769817600',
    '2026-01',
    '2026-02-30',
    'soon',
  ],
  booleans: ['true', 'false', 'True', 'yes'],
  blobs: ['QUJD', 'QUI=', 'QUJE', 'QUJ', '****'],
  addresses: [
    '203.0.113.7',
    '203.0.114.7',
    '10.0.0.1',
    '2001:db8::7',
    '2001:db9::7',
    '::ffff:203.0.113.7',
    'unix',
  ],
  ranges: [
    '203.0.113.0/24',
    '203.0.113.7',
    '0.0.0.0/0',
    '10.0.0.0/9',
    '2001:db8::/32',
    '::/0',
    '203.0.112.0/23',
    '2001:DB8::7',
  ],
  arns: [
    'arn:aws:s3:::bucket',
    'arn:aws:s3:::bucket/finance/x',
    'arn:aws:sns:us-east-1:111122223333:topic',
    'arn:aws:sns:us-east-1:444455556666:topic:sub',
    'not-an-arn',
  ],
} as const;

const valid = {
  numbers: ['7', '30', '30.0', '-1', '1e1', '0.5'],
  dates: typedTexts.dates.slice(0, 6),
  booleans: ['true', 'false', 'False'],
  blobs: ['QUJD', 'QUI=', 'QUJE'],
};

/** Keys of the request's context, with the values they may have. */
const keys: readonly (readonly [name: string, values: readonly string[], many: boolean])[] = [
  ['aws:PrincipalTag/dept', texts, false],
  ['aws:ResourceTag/owner', texts, false],
  ['aws:RequestTag/Project', texts, false],
  ['kms:EncryptionContext:Purpose', texts, true],
  ['kms:EncryptionContextKeys', ['Purpose', 'Tenant', 'purpose', '日本語'], true],
  ['aws:TagKeys', ['Project', 'owner', 'dept'], true],
  ['kms:ResourceAliases', ['alias/app', 'alias/app2', 'alias/other'], true],
  ['aws:userid', ['AIDAALICEALICEALICE', 'AROAAPPAPPAPPAPP1:s1'], false],
  ['aws:username', ['alice', 'a*', 'Alice'], false],
  ['kms:ViaService', ['s3.us-east-1.amazonaws.com', 'ebs.us-east-1.amazonaws.com'], false],
  ['aws:MultiFactorAuthAge', typedTexts.numbers, false],
  ['aws:CurrentTime', typedTexts.dates, false],
  ['aws:EpochTime', ['1769817600', '1769817600.5', '0'], false],
  ['aws:SecureTransport', typedTexts.booleans, false],
  ['aws:SourceIp', typedTexts.addresses, false],
  ['aws:SourceArn', typedTexts.arns, false],
  ['kms:KeySpec', typedTexts.blobs, false],
  ['kms:NotAKey', texts, false],
  ['s3:prefix', texts, true],
];

const operatorFamilies: readonly (readonly [
  names: readonly string[],
  values: readonly string[] | undefined,
])[] = [
  [['StringEquals', 'StringNotEquals', 'StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase'], undefined],
  [['StringLike', 'StringNotLike'], undefined],
  [['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike'], undefined],
  [
    [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
    valid.numbers,
  ],
  [
    [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ],
    valid.dates,
  ],
  [['Bool'], valid.booleans],
  [['BinaryEquals'], valid.blobs],
  [['IpAddress', 'NotIpAddress'], typedTexts.ranges],
];

/** The keys whose values are usually of an operator's type, by the operator's first name. */
const keysOfFamily: Readonly<Record<string, readonly string[]>> = {
  NumericEquals: ['aws:MultiFactorAuthAge', 'aws:EpochTime'],
  DateEquals: ['aws:CurrentTime', 'aws:EpochTime'],
  Bool: ['aws:SecureTransport'],
  BinaryEquals: ['kms:KeySpec'],
  IpAddress: ['aws:SourceIp'],
  ArnEquals: ['aws:SourceArn'],
};

export function generateCase(random: Random): Case {
  const request = generateRequest(random);
  return { request, layers: generateLayers(random, request) };
}

const chance = (random: Random, probability: number): boolean => random() < probability;

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export function generateRequest(random: Random): TwinRequest {
  const accountId = oneOf(random, accounts);
  const context: Record<string, readonly string[]> = {};
  for (const [name, values, many] of keys) {
    if (chance(random, 0.35)) continue;
    const count = many ? integerOf(random, 0, 3) : chance(random, 0.03) ? 2 : 1;
    context[name.toLowerCase()] = times(count, () => oneOf(random, values));
  }
  const owner = chance(random, 0.75) ? accountId : oneOf(random, accounts);
  return {
    principal: generatePrincipal(random, accountId),
    action: oneOf(random, actions),
    resource: generateResource(random, owner),
    resourceAccountId: owner,
    context,
  };
}

function generatePrincipal(random: Random, accountId: string): TwinPrincipal {
  switch (oneOf(random, ['root', 'user', 'user', 'assumedRole', 'assumedRole', 'federatedUser', 'service'])) {
    case 'root':
      return { kind: 'root', accountId, arn: `arn:aws:iam::${accountId}:root` };
    case 'user':
      return {
        kind: 'user',
        accountId,
        arn: `arn:aws:iam::${accountId}:user/${oneOf(random, userNames)}`,
        userId: 'AIDAALICEALICEALICE',
      };
    case 'assumedRole': {
      const role = oneOf(random, roleNames);
      const session = oneOf(random, sessionNames);
      return {
        kind: 'assumedRole',
        accountId,
        arn: `arn:aws:sts::${accountId}:assumed-role/${role.split('/').at(-1)}/${session}`,
        roleArn: `arn:aws:iam::${accountId}:role/${role}`,
        roleId: 'AROAAPPAPPAPPAPP1',
      };
    }
    case 'federatedUser':
      return {
        kind: 'federatedUser',
        accountId,
        arn: `arn:aws:sts::${accountId}:federated-user/${oneOf(random, sessionNames)}`,
        userArn: `arn:aws:iam::${accountId}:${chance(random, 0.2) ? 'root' : `user/${oneOf(random, userNames)}`}`,
      };
    default: {
      const service = oneOf(random, services);
      return { kind: 'service', accountId: service, arn: service, service };
    }
  }
}

const generateResource = (random: Random, accountId: string): string =>
  chance(random, 0.05)
    ? '*'
    : `arn:aws:kms:${oneOf(random, ['us-east-1', 'eu-west-1'])}:${accountId}:${oneOf(random, [
        'key/1234abcd',
        'key/1234abce',
        'key/mrk-1234',
        'alias/app',
        'alias/a:b',
        'alias/a:b:c',
      ])}`;

export function generateLayers(random: Random, request: TwinRequest): TwinLayers {
  const attached = (): TwinPolicy => generatePolicy(random, request, undefined);
  const levels = (naming: Naming): readonly (readonly TwinPolicy[])[] =>
    times(integerOf(random, 1, 3), () => [
      ...(chance(random, 0.9) ? [allowAll(random, naming)] : []),
      ...times(chance(random, 0.4) ? 1 : 0, () => generatePolicy(random, request, naming)),
    ]);
  const isRoot = request.principal.kind === 'root';
  const resource = chance(random, 0.88)
    ? generatePolicy(random, request, 'resource')
    : chance(random, 0.5)
      ? null
      : undefined;
  return {
    identity: isRoot || chance(random, 0.05) ? 'root' : times(integerOf(random, 0, 3), attached),
    ...(resource === undefined ? {} : { resource }),
    ...(chance(random, 0.2)
      ? { grants: times(integerOf(random, 1, 3), () => generateGrant(random, request)) }
      : {}),
    ...(chance(random, 0.25) ? { boundary: attached() } : {}),
    ...(chance(random, request.principal.kind === 'federatedUser' ? 0.7 : 0.2)
      ? { session: times(integerOf(random, 0, 2), attached) }
      : {}),
    ...(chance(random, 0.2) ? { scp: levels(undefined) } : {}),
    ...(chance(random, 0.15) ? { rcp: levels('everyone') } : {}),
  };
}

/** The policy that organizations attach first. */
function allowAll(random: Random, naming: Naming): TwinPolicy {
  const statement: TwinStatement = {
    Effect: 'Allow',
    ...(naming === undefined ? {} : { Principal: oneOf<TwinPrincipalElement>(random, ['*', { AWS: '*' }]) }),
    Action: '*',
    Resource: '*',
  };
  return { Version: '2012-10-17', Statement: statement };
}

type Naming = 'resource' | 'everyone' | undefined;

export function generatePolicy(random: Random, request: TwinRequest, naming: Naming): TwinPolicy {
  // Only a policy that names principals may be of the older version, which has no variables.
  const version =
    naming === 'resource' && chance(random, 0.15)
      ? chance(random, 0.5)
        ? '2008-10-17'
        : undefined
      : '2012-10-17';
  const statements = times(integerOf(random, 1, 4), () =>
    generateStatement(random, request, naming, version),
  );
  const [only] = statements;
  return {
    ...(version === undefined ? {} : { Version: version }),
    Statement: statements.length === 1 && only !== undefined && chance(random, 0.3) ? only : statements,
  };
}

function generateStatement(
  random: Random,
  request: TwinRequest,
  naming: Naming,
  version: string | undefined,
): TwinStatement {
  const hasVariables = version === '2012-10-17';
  const action = aFew(random, () => actionPattern(random, request.action));
  const resource = aFew(random, () => resourcePattern(random, request, hasVariables));
  const lacks =
    naming === 'resource' && chance(random, 0.03) ? oneOf(random, ['action', 'resource']) : undefined;
  const conditions = chance(random, 0.45) ? generateConditions(random, request, hasVariables) : undefined;
  return {
    ...(chance(random, 0.3) ? { Sid: `s${integerOf(random, 0, 1_000_000_000)}` } : {}),
    Effect: chance(random, 0.78) ? 'Allow' : 'Deny',
    ...(naming === undefined
      ? {}
      : naming === 'everyone'
        ? { Principal: '*' }
        : principalElement(random, request)),
    ...(lacks === 'action' ? {} : chance(random, 0.9) ? { Action: action } : { NotAction: action }),
    ...(lacks === 'resource'
      ? {}
      : chance(random, 0.92)
        ? { Resource: resource }
        : { NotResource: resource }),
    ...(conditions === undefined ? {} : { Condition: conditions }),
  };
}

const aFew = (random: Random, make: () => string): string | readonly string[] =>
  chance(random, 0.6) ? make() : times(integerOf(random, 1, 3), make);

function generateGrant(random: Random, request: TwinRequest): TwinStatement {
  const name = principalName(random, request);
  const condition = chance(random, 0.3) ? generateConditions(random, request, false) : undefined;
  return {
    Effect: 'Allow',
    Principal: services.includes(name) ? { Service: name } : { AWS: name },
    Action: times(integerOf(random, 1, 3), () => oneOf(random, [request.action, ...actions])),
    Resource: '*',
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}

function principalElement(
  random: Random,
  request: TwinRequest,
): { Principal: TwinPrincipalElement } | { NotPrincipal: TwinPrincipalElement } {
  const isNegated = chance(random, 0.1);
  if (!isNegated && chance(random, 0.08)) return { Principal: '*' };
  // A NotPrincipal that spares someone has to name all that they are part of.
  const names = times(integerOf(random, 1, 3), () => principalName(random, request)).concat(
    isNegated && chance(random, 0.6) ? ownNames(request.principal) : [],
  );
  const aws = names.filter((name) => !services.includes(name));
  const service = names.filter((name) => services.includes(name));
  const element: TwinPrincipalElement = {
    ...(aws.length === 0 ? {} : { AWS: aws.length === 1 ? String(aws[0]) : aws }),
    ...(service.length === 0 ? {} : { Service: service }),
  };
  return isNegated ? { NotPrincipal: element } : { Principal: element };
}

function ownNames(principal: TwinPrincipal): string[] {
  if (principal.service !== undefined) return [principal.service];
  const root = `arn:aws:iam::${principal.accountId}:root`;
  return [root, principal.arn, principal.roleArn, principal.userArn].filter((name) => name !== undefined);
}

function principalName(random: Random, { principal }: TwinRequest): string {
  if (chance(random, 0.7)) {
    const ids = [principal.userId, principal.roleId].filter((id) => id !== undefined);
    const accountId = principal.service === undefined ? [principal.accountId] : [];
    return oneOf(random, [...ownNames(principal), ...ownNames(principal), ...ids, ...accountId]);
  }
  const accountId = oneOf(random, [...accounts, nearAccount]);
  return oneOf(random, [
    '*',
    accountId,
    `arn:aws:iam::${accountId}:root`,
    `arn:aws:iam::${accountId}:user/${oneOf(random, userNames)}`,
    `arn:aws:iam::${accountId}:role/${oneOf(random, roleNames)}`,
    `arn:aws:sts::${accountId}:assumed-role/app/${oneOf(random, sessionNames)}`,
    `arn:aws:sts::${accountId}:federated-user/${oneOf(random, sessionNames)}`,
    'AIDASOMEONEELSE000',
    oneOf(random, services),
  ]);
}

function actionPattern(random: Random, action: string): string {
  const roll = random();
  if (roll < 0.25) return 'kms:*';
  if (roll < 0.3) return '*';
  if (roll < 0.45) return oneOf(random, actions);
  const [vendor = '', name = ''] = (
    roll < 0.65 ? oneOf(random, [action.toLowerCase(), action.toUpperCase()]) : action
  ).split(':');
  return `${vendor}:${roll < 0.75 ? name : blur(random, name, false)}`;
}

function resourcePattern(random: Random, request: TwinRequest, hasVariables: boolean): string {
  const roll = random();
  if (roll < 0.4) return '*';
  if (request.resource === '*' || roll < 0.5) return generateResource(random, oneOf(random, accounts));
  if (roll < 0.6) return request.resource;
  if (roll < 0.65) return oneOf(random, ['arn:aws:kms:*', 'arn:*', 'arn:aws:kms:us-east-1:*', 'arn:aws:kms']);
  const segments = request.resource.split(':');
  const at = integerOf(random, 3, 5);
  const rest = segments.slice(5).join(':');
  return [...segments.slice(0, 5), rest]
    .map((segment, index) => {
      if (index === 5 && hasVariables && chance(random, 0.25)) return withVariable(random, request, segment);
      return index === at ? blur(random, segment, hasVariables && index === 5) : segment;
    })
    .join(':');
}

/** Wildcards into a text, now and then so that it no longer matches. */
function blur(random: Random, text: string, hasVariables: boolean): string {
  const chars = [...text];
  for (let rounds = integerOf(random, 1, 3); rounds > 0; rounds--) {
    const at = integerOf(random, 0, chars.length);
    const roll = random();
    if (roll < 0.45) chars.splice(at, integerOf(random, 0, chars.length - at), '*');
    else if (roll < 0.7) chars.splice(at, 1, '?');
    else if (roll < 0.8) chars.splice(at, 0, '?');
    else if (roll < 0.9) chars.splice(at, 0, '*', oneOf(random, ['a', 'b', '*', '😀']), '*');
    else if (hasVariables) chars.splice(at, 1, oneOf(random, [`\${*}`, `\${?}`, `\${$}`]));
    else chars.splice(at, 1);
  }
  return chars.join('');
}

/** A text that is, or nearly is, the one given, by way of a policy variable. */
function withVariable(random: Random, request: TwinRequest, text: string): string {
  const [name] = oneOf(random, keys);
  const value = request.context[name.toLowerCase()]?.[0] ?? '';
  const spelled = oneOf(random, [name, name.toLowerCase(), name.toUpperCase()]);
  const variable = chance(random, 0.4)
    ? `\${${spelled}, '${oneOf(random, ['finance', text.replaceAll("'", ''), ''])}'}`
    : `\${${spelled}}`;
  return value !== '' && text.includes(value)
    ? text.replace(value, () => variable)
    : variable + (chance(random, 0.3) ? '*' : '');
}

function generateConditions(
  random: Random,
  request: TwinRequest,
  hasVariables: boolean,
): NonNullable<TwinStatement['Condition']> {
  const condition: Record<string, Record<string, string | readonly string[]>> = {};
  for (let count = integerOf(random, 1, 2); count > 0; count--) {
    const [names, values] = oneOf(random, operatorFamilies);
    if (chance(random, 0.1)) {
      const [key] = oneOf(random, keys);
      condition.Null = { [key]: oneOf(random, ['true', 'false', ['true', 'false']]) };
      continue;
    }
    const usual = keysOfFamily[names[0] ?? ''];
    const key = usual !== undefined && chance(random, 0.85) ? oneOf(random, usual) : oneOf(random, keys)[0];
    const isOpenSet = /^(kms:EncryptionContext:|aws:RequestTag)/.test(key);
    const set = chance(random, 0.65)
      ? ''
      : oneOf(random, isOpenSet ? ['ForAnyValue:'] : ['ForAllValues:', 'ForAnyValue:']);
    const operator = `${set}${oneOf(random, names)}${chance(random, 0.2) ? 'IfExists' : ''}`;
    const requested = request.context[key.toLowerCase()] ?? [];
    const given = times(chance(random, 0.02) ? 0 : integerOf(random, 1, 3), () =>
      values === undefined
        ? textValue(random, request, names[0] ?? '', requested, hasVariables)
        : oneOf(random, values),
    );
    condition[operator] = {
      ...condition[operator],
      [oneOf(random, [key, key.toLowerCase(), key])]:
        given.length === 1 && chance(random, 0.5) ? String(given[0]) : given,
    };
  }
  return condition;
}

function textValue(
  random: Random,
  request: TwinRequest,
  family: string,
  requested: readonly string[],
  hasVariables: boolean,
): string {
  const base = requested.length > 0 && chance(random, 0.75) ? oneOf(random, requested) : oneOf(random, texts);
  const roll = random();
  if (hasVariables && roll < 0.2) return withVariable(random, request, base);
  // Before version 2012-10-17 a `${` is text, and is used as such.
  if (!hasVariables && roll < 0.03) return `\${aws:username}`;
  if (family === 'StringEquals')
    return roll < 0.4 ? oneOf(random, [base.toUpperCase(), base.toLowerCase()]) : base;
  return roll < 0.8 ? blur(random, base, hasVariables) : base;
}
