/**
 * A second policy engine, slow and plain: it reads the JSON again for every question and works out every
 * fact before it looks at any. Written from the documented rules and sharing no code with `src/policy/`;
 * the two are held equal on random policies (`twin.test.ts`). When they differ, one of them is wrong.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

export interface TwinStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: TwinPrincipalElement;
  readonly NotPrincipal?: TwinPrincipalElement;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, TwinValue | readonly TwinValue[]>>>>;
}
export type TwinValue = string | number | boolean;
export type TwinPrincipalElement = '*' | Readonly<Record<string, string | readonly string[]>>;
export interface TwinPolicy {
  readonly Version?: string;
  readonly Statement: TwinStatement | readonly TwinStatement[];
}

export interface TwinPrincipal {
  readonly kind: string;
  readonly accountId: string;
  readonly arn: string;
  readonly userId?: string;
  readonly roleArn?: string;
  readonly roleId?: string;
  readonly userArn?: string;
  readonly service?: string;
}

export interface TwinRequest {
  readonly principal: TwinPrincipal;
  readonly action: string;
  readonly resource: string;
  readonly resourceAccountId: string;
  /** Condition keys in lower case. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export interface TwinLayers {
  readonly identity: 'root' | readonly TwinPolicy[];
  /** `null`: the resource has no policy. Undefined: the action takes none. */
  readonly resource?: TwinPolicy | null;
  readonly grants?: readonly TwinStatement[];
  readonly boundary?: TwinPolicy;
  readonly session?: readonly TwinPolicy[];
  readonly scp?: readonly (readonly TwinPolicy[])[];
  readonly rcp?: readonly (readonly TwinPolicy[])[];
}

/** `Allow`, or what denied: `explicitDeny resourcePolicy 2` (the statement's place), `implicitDeny sessionPolicy`. */
export type TwinAnswer = string;

export function slowDecide(request: TwinRequest, layers: TwinLayers): TwinAnswer {
  const everyLayer: readonly (readonly [string, readonly TwinPolicy[]])[] = [
    ['serviceControlPolicy', (layers.scp ?? []).flat()],
    ['resourceControlPolicy', (layers.rcp ?? []).flat()],
    ['resourcePolicy', layers.resource ? [layers.resource] : []],
    ['identityPolicy', layers.identity === 'root' ? [] : layers.identity],
    ['permissionsBoundary', layers.boundary ? [layers.boundary] : []],
    ['sessionPolicy', layers.session ?? []],
  ];
  const denials = everyLayer.flatMap(([layer, policies]) =>
    policies.flatMap((policy) =>
      statementsOf(policy)
        .map((statement, index) => ({ statement, index }))
        .filter(({ statement }) => statement.Effect === 'Deny')
        .filter(({ statement }) => deniesWhom(statement, request.principal, layers.boundary !== undefined))
        .filter(({ statement }) => isAbout(statement, policy, request))
        .map(({ index }) => `explicitDeny ${layer} ${index}`),
    ),
  );
  const firstDenial = denials[0];
  if (firstDenial !== undefined) return firstDenial;

  const anyAllows = (policies: readonly TwinPolicy[]): boolean =>
    policies.some((policy) =>
      statementsOf(policy).some(
        (statement) =>
          statement.Effect === 'Allow' &&
          (!hasPrincipal(statement) || whatIsGiven(statement, request.principal) !== 'nothing') &&
          isAbout(statement, policy, request),
      ),
    );
  if (!(layers.scp ?? []).every(anyAllows)) return 'implicitDeny serviceControlPolicy';
  if (!(layers.rcp ?? []).every(anyAllows)) return 'implicitDeny resourceControlPolicy';

  const { principal } = request;
  const isForeign = principal.kind !== 'service' && principal.accountId !== request.resourceAccountId;
  const givenBy = (statements: readonly TwinStatement[], policy: TwinPolicy): readonly string[] =>
    statements
      .filter((statement) => statement.Effect === 'Allow' && isAbout(statement, policy, request))
      .map((statement) => whatIsGiven(statement, principal));
  const byPolicy = layers.resource ? givenBy(statementsOf(layers.resource), layers.resource) : [];
  const byGrant = givenBy(layers.grants ?? [], { Version: '2008-10-17', Statement: [] });
  const given = [...byPolicy, ...byGrant];

  const identityAllows = layers.identity === 'root' || anyAllows(layers.identity);
  const boundaryAllows = layers.boundary === undefined || anyAllows([layers.boundary]);
  const hasSessionPolicy = layers.session !== undefined && layers.session.length > 0;
  const sessionAllows = hasSessionPolicy
    ? anyAllows(layers.session ?? [])
    : principal.kind !== 'federatedUser';

  const names = ['direct', 'limited'];
  const isNamed = given.some((gift) => names.includes(gift));
  const isDirect = given.includes('direct');
  const isDelegated = given.includes('delegated');
  const isNamedByGrant = byGrant.some((gift) => names.includes(gift));
  const hasNoResourcePolicy = layers.resource === undefined && !isNamed && !isDelegated;

  let needs: { resource: boolean; identity: boolean; narrowing: boolean };
  if (isForeign) {
    needs = { resource: !isNamed && !isDelegated, identity: !isNamedByGrant, narrowing: true };
  } else if (isDirect) {
    needs = { resource: false, identity: false, narrowing: false };
  } else {
    needs = {
      resource: !isNamed && !isDelegated && !hasNoResourcePolicy,
      identity: !isNamed,
      narrowing: true,
    };
  }
  if (needs.resource) return 'implicitDeny resourcePolicy';
  if (needs.identity && !identityAllows) return 'implicitDeny identityPolicy';
  if (needs.narrowing && !boundaryAllows) return 'implicitDeny permissionsBoundary';
  if (needs.narrowing && !sessionAllows) return 'implicitDeny sessionPolicy';
  return 'Allow';
}

const statementsOf = (policy: TwinPolicy): readonly TwinStatement[] => list(policy.Statement);

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

// Principals.

const hasPrincipal = (statement: TwinStatement): boolean =>
  statement.Principal !== undefined || statement.NotPrincipal !== undefined;

/** `AWS:arn:aws:iam::111122223333:root`, `Service:...`: one spelling for each principal. */
function entries(element: TwinPrincipalElement): readonly string[] {
  if (element === '*') return ['AWS:*'];
  return Object.entries(element).flatMap(([type, values]) =>
    list(values).map((value) => `${type}:${/^[0-9]{12}$/.test(value) ? rootOf(value) : value}`),
  );
}

const rootOf = (accountId: string): string => `arn:aws:iam::${accountId}:root`;

function whatIsGiven(statement: TwinStatement, principal: TwinPrincipal): string {
  if (statement.NotPrincipal !== undefined) {
    return givenToNamed(entries(statement.NotPrincipal), principal) === 'nothing' ? 'limited' : 'nothing';
  }
  return statement.Principal === undefined
    ? 'nothing'
    : givenToNamed(entries(statement.Principal), principal);
}

function givenToNamed(named: readonly string[], principal: TwinPrincipal): string {
  const has = (name: string | undefined): boolean => name !== undefined && named.includes(name);
  if (has('AWS:*')) return 'direct';
  if (principal.kind === 'service') return has(`Service:${principal.service}`) ? 'direct' : 'nothing';
  const root = `AWS:${rootOf(principal.accountId)}`;
  if (principal.kind === 'root') return has(root) ? 'direct' : 'nothing';
  if (has(`AWS:${principal.arn}`) || has(`AWS:${principal.userId}`)) return 'direct';
  const isRootSession = principal.userArn === rootOf(principal.accountId);
  if (has(`AWS:${principal.roleArn}`) || has(`AWS:${principal.roleId}`)) return 'limited';
  if (!isRootSession && has(`AWS:${principal.userArn}`)) return 'limited';
  return has(root) ? 'delegated' : 'nothing';
}

function deniesWhom(statement: TwinStatement, principal: TwinPrincipal, hasBoundary: boolean): boolean {
  if (!hasPrincipal(statement)) return true;
  if (statement.NotPrincipal === undefined) return whatIsGiven(statement, principal) !== 'nothing';
  if (hasBoundary) return true;
  const named = entries(statement.NotPrincipal);
  if (named.includes('AWS:*')) return false;
  if (principal.kind === 'service') return !named.includes(`Service:${principal.service}`);
  const parts: (readonly (string | undefined)[])[] = [[rootOf(principal.accountId)]];
  if (principal.kind === 'assumedRole') parts.push([principal.roleArn, principal.roleId]);
  if (principal.kind === 'federatedUser') parts.push([principal.userArn]);
  parts.push([principal.arn, principal.userId]);
  return !parts.every((names) => names.some((name) => named.includes(`AWS:${name}`)));
}

// Actions and resources.

function isAbout(statement: TwinStatement, policy: TwinPolicy, request: TwinRequest): boolean {
  const hasVariables = policy.Version === '2012-10-17';
  const allows = statement.Effect === 'Allow';
  const action = (pattern: string): boolean =>
    glob(plain(pattern.toLowerCase()), request.action.toLowerCase());
  if (statement.Action === undefined && statement.NotAction === undefined) return false;
  if (statement.Action !== undefined && !list(statement.Action).some(action)) return false;
  if (statement.NotAction !== undefined && list(statement.NotAction).some(action)) return false;

  if (statement.Resource === undefined && statement.NotResource === undefined) return false;
  const arn = (pattern: string): boolean | 'unknown' => {
    const tokens = substitute(pattern, hasVariables, request.context);
    return tokens === 'unknown' ? tokens : arnGlob(tokens, request.resource);
  };
  if (statement.Resource !== undefined && !list(statement.Resource).some((one) => arn(one) === true))
    return false;
  if (statement.NotResource !== undefined) {
    const outcomes = list(statement.NotResource).map(arn);
    if (outcomes.includes(true) || (allows && outcomes.includes('unknown'))) return false;
  }
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) =>
      conditionHolds(allows, operator, key.toLowerCase(), list(values).map(String), hasVariables, request),
    ),
  );
}

// Conditions.

/** The keys that the twin's tests use and that exist. */
const knownKeys = [
  'aws:currenttime',
  'aws:epochtime',
  'aws:multifactorauthage',
  'aws:principalarn',
  'aws:securetransport',
  'aws:sourceip',
  'aws:sourcearn',
  'aws:tagkeys',
  'aws:userid',
  'aws:username',
  'kms:encryptioncontextkeys',
  'kms:keyspec',
  'kms:viaservice',
  'kms:resourcealiases',
];
const knownPrefixes = ['aws:principaltag/', 'aws:requesttag/', 'aws:resourcetag/', 'kms:encryptioncontext:'];

function conditionHolds(
  allows: boolean,
  operator: string,
  key: string,
  values: readonly string[],
  hasVariables: boolean,
  request: TwinRequest,
): boolean {
  const isKnown = knownKeys.includes(key) || knownPrefixes.some((prefix) => key.startsWith(prefix));
  if (allows && !isKnown) return false;
  const present = request.context[key] ?? [];
  const [, set, base = '', ifExists] =
    /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (base === 'Null')
    return values.some((value) => (value.toLowerCase() === 'true') === (present.length === 0));
  const isNegated = /Not/.test(base);
  const positive = base.replace('Not', '');

  const holdsFor = (value: string): boolean => {
    const outcomes = values.map((given) => compare(positive, value, given, hasVariables, request.context));
    if (outcomes.includes(true)) return !isNegated;
    if (outcomes.includes('unknown') || !isOfType(positive, value)) return isNegated && !allows;
    return isNegated;
  };
  if (set === 'ForAllValues:') return present.every(holdsFor);
  if (set === 'ForAnyValue:') return present.some(holdsFor);
  if (present.length === 0) return isNegated || ifExists !== undefined;
  return allows ? present.every(holdsFor) : present.some(holdsFor);
}

function isOfType(operator: string, value: string): boolean {
  if (operator.startsWith('Numeric')) return !Number.isNaN(number(value));
  if (operator.startsWith('Date')) return !Number.isNaN(instant(value));
  if (operator === 'IpAddress') return inRange(value, '0.0.0.0/0') !== 'unknown';
  return true;
}

function compare(
  operator: string,
  value: string,
  given: string,
  hasVariables: boolean,
  context: TwinRequest['context'],
): boolean | 'unknown' {
  const family = /^(String|Arn|Numeric|Date|Bool|BinaryEquals|IpAddress)(.*)$/.exec(operator);
  switch (family?.[1]) {
    case 'String': {
      const tokens = substitute(given, hasVariables, context);
      if (tokens === 'unknown') return tokens;
      if (family[2] === 'Like') return glob(tokens, value);
      const text = tokens.map((token) => token.text).join('');
      return family[2] === 'Equals' ? text === value : text.toLowerCase() === value.toLowerCase();
    }
    case 'Arn': {
      const tokens = substitute(given, hasVariables, context);
      return tokens === 'unknown' ? tokens : arnGlob(tokens, value);
    }
    case 'Numeric':
      return order(family[2], number(value), number(given));
    case 'Date':
      return order(family[2], instant(value), instant(given));
    case 'Bool':
      return /^(true|false)$/i.test(value) ? value.toLowerCase() === given.toLowerCase() : 'unknown';
    case 'BinaryEquals':
      return isBase64(value) ? atob(value) === atob(given) : 'unknown';
    default:
      return inRange(value, given);
  }
}

function order(name: string | undefined, value: number, given: number): boolean | 'unknown' {
  if (Number.isNaN(value)) return 'unknown';
  switch (name) {
    case 'Equals':
      return value === given;
    case 'LessThan':
      return value < given;
    case 'LessThanEquals':
      return value <= given;
    case 'GreaterThan':
      return value > given;
    default:
      return value >= given;
  }
}

const number = (text: string): number => {
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) && text.length <= 40;
  return isNumber && Math.abs(Number(text)) <= 2 ** 53 - 1 ? Number(text) : Number.NaN;
};

function instant(text: string): number {
  if (/^\d{4}-\d\d(-\d\d([Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?)?$/.test(text)) {
    const [day = ''] = text.split(/[Tt]/);
    // `Date.parse` reads February 30 as March 2.
    const midnight = new Date(`${day}${day.length === 7 ? '-01' : ''}T00:00:00Z`);
    if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return Number.NaN;
    const hasTime = /[Tt]/.test(text);
    const hasZone = /([Zz]|[Tt].*[+-]\d\d:\d\d)$/.test(text);
    return Date.parse((hasTime && !hasZone ? `${text}Z` : text).toUpperCase());
  }
  return /^\d{4}$/.test(text) ? Number.NaN : number(text) * 1000;
}

const isBase64 = (text: string): boolean => {
  try {
    return btoa(atob(text)) === text;
  } catch {
    return false;
  }
};

function inRange(value: string, given: string): boolean | 'unknown' {
  const address = value.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  if (family === undefined) return 'unknown';
  const [base = '', prefix] = given.split('/');
  const rangeFamily = isIPv4(base) ? 'ipv4' : 'ipv6';
  if (family !== rangeFamily) return false;
  const range = new BlockList();
  range.addSubnet(
    base,
    prefix === undefined ? (rangeFamily === 'ipv4' ? 32 : 128) : Number(prefix),
    rangeFamily,
  );
  return range.check(address, family);
}

// Texts with wildcards and variables.

/** One code point; `isLiteral` for one that came from a variable and so is never a wildcard. */
interface Token {
  readonly text: string;
  readonly isLiteral: boolean;
}

const plain = (text: string): readonly Token[] => [...text].map((char) => ({ text: char, isLiteral: false }));
const quoted = (text: string): readonly Token[] => [...text].map((char) => ({ text: char, isLiteral: true }));

function substitute(
  text: string,
  hasVariables: boolean,
  context: TwinRequest['context'],
): readonly Token[] | 'unknown' {
  if (!hasVariables) return plain(text);
  const tokens: Token[] = [];
  for (const part of text.split(/(\$\{[*?$]\}|\$\{[^,}]*(?:, *'[^']*' *)?\})/)) {
    const variable = /^\$\{([^,}]*)(?:, *'([^']*)' *)?\}$/s.exec(part);
    if (variable === null) {
      tokens.push(...plain(part));
      continue;
    }
    const [, name = '', fallback] = variable;
    const present = context[name.toLowerCase()] ?? [];
    const value = /^[*?$]$/.test(name)
      ? name
      : present.length === 0
        ? fallback
        : present.length === 1
          ? present[0]
          : undefined;
    if (value === undefined) return 'unknown';
    tokens.push(...quoted(value));
  }
  return tokens;
}

/** `matches[i]`: the tokens so far match the first `i` characters. */
function glob(pattern: readonly Token[], text: string): boolean {
  const chars = [...text];
  let matches = [true, ...chars.map(() => false)];
  for (const { text: token, isLiteral } of pattern) {
    if (token === '*' && !isLiteral) {
      const first = matches.indexOf(true);
      matches = matches.map((_, at) => first >= 0 && at >= first);
    } else {
      const isAny = token === '?' && !isLiteral;
      matches = matches.map(
        (_, at) => at > 0 && matches[at - 1] === true && (isAny || chars[at - 1] === token),
      );
    }
  }
  return matches[chars.length] === true;
}

/** Six segments, the last one reaching to the end. Colons of variables separate nothing. */
function arnGlob(pattern: readonly Token[], text: string): boolean {
  const segments: Token[][] = [[]];
  for (const token of pattern) {
    if (token.text === ':' && !token.isLiteral && segments.length < 6) segments.push([]);
    else segments.at(-1)?.push(token);
  }
  const parts = text.split(':');
  if (parts.length < segments.length) return false;
  const last = segments.length - 1;
  return segments.every((segment, at) =>
    glob(segment, at < last ? (parts[at] ?? '') : parts.slice(last).join(':')),
  );
}
