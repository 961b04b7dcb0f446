/** One question to both engines, in the twin's terms. */
import { type Decision, decide, type PolicyLayers } from '../../src/policy/evaluate.ts';
import { grantStatement, type Policy, type PolicyKind, parsePolicy } from '../../src/policy/parse.ts';
import type { ConditionContext, PolicyPrincipal } from '../../src/policy/request.ts';
import type { TwinLayers, TwinPolicy, TwinPrincipal, TwinRequest, TwinStatement } from './slow-twin.ts';

export const contextOf = (values: Readonly<Record<string, readonly string[]>>): ConditionContext => {
  const byName = new Map(Object.entries(values));
  return { get: (key) => byName.get(key) };
};

export function fastDecide(request: TwinRequest, layers: TwinLayers): Decision {
  return decide(
    { ...request, principal: enginePrincipal(request.principal), context: contextOf(request.context) },
    engineLayers(layers),
  );
}

/** The decision as the twin says it. */
export function sayDecision(decision: Decision): string {
  if (decision.effect === 'Allow') return 'Allow';
  switch (decision.reason) {
    case 'explicitDeny':
      return `explicitDeny ${decision.layer} ${decision.statement.statement}`;
    case 'implicitDeny':
      return `implicitDeny ${decision.layer}`;
    case 'tooComplex':
      return 'tooComplex';
  }
}

export function engineLayers(layers: TwinLayers): PolicyLayers {
  const { identity, resource, grants, boundary, session, scp, rcp } = layers;
  const parse =
    (kind: PolicyKind) =>
    (policy: TwinPolicy): Policy =>
      parsePolicy(JSON.stringify(policy), kind);
  const attached = parse('identityPolicy');
  return {
    identity: identity === 'root' ? identity : identity.map(attached),
    resource:
      resource === undefined
        ? undefined
        : { policy: resource === null ? undefined : parse('keyPolicy')(resource) },
    grants: grants?.map(engineGrant),
    boundary: boundary && attached(boundary),
    sessionPolicies: session?.map(attached),
    serviceControlPolicies: scp?.map((level) => level.map(parse('serviceControlPolicy'))),
    resourceControlPolicies: rcp?.map((level) => level.map(parse('resourceControlPolicy'))),
  };
}

function engineGrant({ Principal, Action, Condition }: TwinStatement, index: number) {
  const grantee = Principal === undefined || Principal === '*' ? {} : Principal;
  const condition = Object.fromEntries(
    Object.entries(Condition ?? {}).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, [values].flat().map(String)])),
    ]),
  );
  return grantStatement({
    grantId: `grant-${index}`,
    grantee: 'Service' in grantee ? { Service: String(grantee.Service) } : { AWS: String(grantee.AWS) },
    actions: [Action ?? []].flat(),
    ...(Condition === undefined ? {} : { condition }),
  });
}

export function enginePrincipal(principal: TwinPrincipal): PolicyPrincipal {
  const {
    kind,
    accountId,
    arn,
    userId = '',
    roleArn = '',
    roleId = '',
    userArn = '',
    service = '',
  } = principal;
  switch (kind) {
    case 'root':
      return { kind, accountId, arn };
    case 'user':
      return { kind, accountId, arn, userId };
    case 'assumedRole':
      return { kind, accountId, arn, roleArn, roleId };
    case 'federatedUser':
      return { kind, accountId, arn, userArn };
    case 'service':
      return { kind, accountId, arn, service };
    default:
      throw new Error(`no principal of kind ${kind}`);
  }
}
