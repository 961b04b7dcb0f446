/** Laws that hold for every policy and request, whatever the rules in detail. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { integerOf, oneOf, type Random, seededRandom, seedOfRun } from '../fuzz/random.ts';
import { fastDecide, sayDecision } from './both-engines.ts';
import { type Case, generateCase, generatePolicy } from './generate.ts';
import type { TwinLayers, TwinPolicy, TwinStatement } from './slow-twin.ts';

const numRuns = 1_500;
const seed = seedOfRun();

/** Each case is grown from a seed, so that fast-check's failing value replays it. */
function law(title: string, holds: (testCase: Case, random: Random) => void): void {
  test(title, (context) => {
    context.diagnostic(`HOLDFAST_SEED=${seed}`);
    fc.assert(
      fc.property(fc.integer(), (caseSeed) => {
        const random = seededRandom(caseSeed);
        holds(generateCase(random), random);
      }),
      { numRuns, seed },
    );
  });
}

const decide = ({ request, layers }: Case): string => sayDecision(fastDecide(request, layers));
const effect = (testCase: Case): string => fastDecide(testCase.request, testCase.layers).effect;
const isAllowed = (testCase: Case): boolean => effect(testCase) === 'Allow';

const statementsOf = (policy: TwinPolicy): readonly TwinStatement[] => [policy.Statement].flat();

type Change = (policy: TwinPolicy) => TwinPolicy;
const eachPolicy = (layers: TwinLayers, change: Change): TwinLayers => ({
  ...layers,
  identity: layers.identity === 'root' ? layers.identity : layers.identity.map(change),
  ...(layers.resource ? { resource: change(layers.resource) } : {}),
  ...(layers.boundary ? { boundary: change(layers.boundary) } : {}),
  ...(layers.session ? { session: layers.session.map(change) } : {}),
  ...(layers.scp ? { scp: layers.scp.map((level) => level.map(change)) } : {}),
  ...(layers.rcp ? { rcp: layers.rcp.map((level) => level.map(change)) } : {}),
});
const eachStatement = (
  layers: TwinLayers,
  change: (statement: TwinStatement) => readonly TwinStatement[],
): TwinLayers =>
  eachPolicy(layers, (policy) => ({ ...policy, Statement: statementsOf(policy).flatMap(change) }));

/** A statement of some policy in the same place with the same reach, made anew. */
function another(
  random: Random,
  { request }: Case,
  of: TwinPolicy,
  wanted: TwinStatement['Effect'],
): TwinStatement {
  const everyone = ['"*"', '{"AWS":"*"}'];
  const isOrganizational = statementsOf(of).every(({ Principal }) =>
    everyone.includes(JSON.stringify(Principal)),
  );
  const hasPrincipal = statementsOf(of).some(({ Principal, NotPrincipal }) => Principal ?? NotPrincipal);
  const naming = hasPrincipal ? (isOrganizational ? 'everyone' : 'resource') : undefined;
  const made = statementsOf(generatePolicy(random, request, naming))[0];
  assert.ok(made !== undefined);
  const { Sid: _, ...statement } = made;
  const {
    Resource: _resource,
    NotResource: _notResource,
    Condition: _condition,
    ...withoutVariables
  } = statement;
  // Variables would be refused or be text in a policy of the older version.
  const isFit = of.Version === '2012-10-17' || !JSON.stringify(statement).includes('$');
  return { ...(isFit ? statement : { ...withoutVariables, Resource: '*' }), Effect: wanted };
}

const withAnother = (testCase: Case, random: Random, wanted: TwinStatement['Effect']): Case => ({
  ...testCase,
  layers: eachPolicy(testCase.layers, (policy) => ({
    ...policy,
    Statement: [...statementsOf(policy), another(random, testCase, policy, wanted)],
  })),
});

law('an added deny never allows', (testCase, random) => {
  if (!isAllowed(testCase)) assert.equal(effect(withAnother(testCase, random, 'Deny')), 'Deny');
});

law('an added allow never takes access away', (testCase, random) => {
  if (isAllowed(testCase)) assert.equal(effect(withAnother(testCase, random, 'Allow')), 'Allow');
});

law('a deny of everything for everyone denies, in whatever policy', (testCase) => {
  const everything: TwinStatement = { Effect: 'Deny', Action: '*', Resource: '*' };
  const layers = eachPolicy(testCase.layers, (policy) => {
    const hasPrincipal = statementsOf(policy).some(
      ({ Principal, NotPrincipal }) => Principal ?? NotPrincipal,
    );
    return {
      ...policy,
      Statement: [...statementsOf(policy), { ...everything, ...(hasPrincipal ? { Principal: '*' } : {}) }],
    };
  });
  const hasPolicy = JSON.stringify({ ...layers, grants: undefined }).includes('"Effect"');
  if (hasPolicy) assert.match(decide({ ...testCase, layers }), /^explicitDeny/);
});

law('without an allow nothing is allowed', (testCase) => {
  const layers = eachStatement(testCase.layers, (statement) => [{ ...statement, Effect: 'Deny' }]);
  const { grants: _, ...withoutGrants } = layers;
  const identity = layers.identity === 'root' ? [] : layers.identity;
  assert.equal(effect({ ...testCase, layers: { ...withoutGrants, identity } }), 'Deny');
});

law('the order of statements, of values and of policies does not matter', (testCase, random) => {
  const shuffle = <T>(values: readonly T[]): readonly T[] =>
    values
      .map((value) => [random(), value] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, value]) => value);
  const shuffleValue = <T>(value: T): T => (Array.isArray(value) ? (shuffle(value) as T) : value);
  const shuffled = eachPolicy(testCase.layers, (policy) => ({
    ...policy,
    Statement: shuffle(statementsOf(policy)).map((statement) => ({
      ...Object.fromEntries(
        shuffle(Object.entries(statement)).map(([name, value]) => [name, shuffleValue(value)]),
      ),
      Effect: statement.Effect,
    })),
  }));
  const layers: TwinLayers = {
    ...shuffled,
    identity: shuffleValue(shuffled.identity),
    ...(shuffled.session ? { session: shuffle(shuffled.session) } : {}),
    ...(shuffled.grants ? { grants: shuffle(shuffled.grants) } : {}),
    ...(shuffled.scp ? { scp: shuffle(shuffled.scp) } : {}),
  };
  // Which statement is named may change, and by which level; the layer may not.
  const layerOf = (answer: string): string => answer.split(' ').slice(0, 2).join(' ');
  assert.equal(layerOf(decide({ ...testCase, layers })), layerOf(decide(testCase)));
});

law('a statement split by its actions, resources or principals is the same', (testCase, random) => {
  const layers = eachStatement(testCase.layers, (statement) => {
    const { Sid: _, ...rest } = statement;
    const name = oneOf(random, ['Action', 'Resource', 'Principal'] as const);
    if (name === 'Principal') {
      if (rest.Principal === undefined || rest.Principal === '*') return [rest];
      return Object.entries(rest.Principal).flatMap(([type, values]) =>
        [values].flat().map((value) => ({ ...rest, Principal: { [type]: value } })),
      );
    }
    const values = rest[name];
    return values === undefined ? [rest] : [values].flat().map((value) => ({ ...rest, [name]: value }));
  });
  assert.equal(effect({ ...testCase, layers }), effect(testCase));
});

law('a statement said twice, or an action listed twice, changes nothing', (testCase) => {
  const layers = eachStatement(testCase.layers, (statement) => {
    const { Sid: _, ...rest } = statement;
    return [rest, rest.Action === undefined ? rest : { ...rest, Action: [rest.Action, rest.Action].flat() }];
  });
  assert.equal(effect({ ...testCase, layers }), effect(testCase));
});

law('the case of an action does not matter', (testCase) => {
  const { action } = testCase.request;
  for (const spelled of [action.toLowerCase(), action.toUpperCase()]) {
    assert.equal(
      decide({ ...testCase, request: { ...testCase.request, action: spelled } }),
      decide(testCase),
    );
  }
});

/** Every allow under one condition more. */
const underCondition = (layers: TwinLayers, key: string): TwinLayers =>
  eachStatement(layers, (statement) => {
    if (statement.Effect === 'Deny') return [statement];
    const operator = 'StringNotEqualsIfExists';
    const keys = { ...statement.Condition?.[operator], [key]: 'x' };
    return [{ ...statement, Condition: { ...statement.Condition, [operator]: keys } }];
  });

law('another condition on every allow never gives access', (testCase) => {
  const layers = underCondition(testCase.layers, 'aws:SourceVpc');
  if (!isAllowed(testCase)) assert.equal(effect({ ...testCase, layers }), 'Deny');
});

law('a condition on an unknown key in every allow leaves nothing allowed by a policy', (testCase) => {
  const { grants: _, ...layers } = underCondition(testCase.layers, 'kms:NoSuchKey');
  if (layers.resource !== undefined) assert.equal(effect({ ...testCase, layers }), 'Deny');
});

law('a further level, boundary or session policy never gives access', (testCase, random) => {
  if (isAllowed(testCase)) return;
  const policy = generatePolicy(random, testCase.request, undefined);
  const { layers } = testCase;
  assert.equal(
    effect({ ...testCase, layers: { ...layers, scp: [...(layers.scp ?? []), [policy]] } }),
    'Deny',
  );
  if (!layers.boundary)
    assert.equal(effect({ ...testCase, layers: { ...layers, boundary: policy } }), 'Deny');
  const isFederated = testCase.request.principal.kind === 'federatedUser';
  if (!isFederated && (layers.session ?? []).length === 0) {
    assert.equal(effect({ ...testCase, layers: { ...layers, session: [policy] } }), 'Deny');
  }
});

law('what one account is given says nothing of another', (testCase, random) => {
  const stranger = `9999${integerOf(random, 10_000_000, 99_999_999)}`;
  const { resource: _resource, grants: _grants, ...rest } = testCase.layers;
  const resource = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: stranger }, Action: '*', Resource: '*' },
  } as const;
  assert.equal(effect({ ...testCase, layers: { ...rest, resource } }), 'Deny');
});
