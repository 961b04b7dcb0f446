/** The services of this server over AWS JSON, by name: found by target, read and written alike. */
import { type ServiceName, serviceNames, serviceTables } from '../model/tables.ts';
import { type AwsJson, awsJson } from './aws-json.ts';

const services: Readonly<Record<ServiceName, AwsJson>> = {
  kms: awsJson(serviceTables.kms),
  holdfast: awsJson(serviceTables.holdfast),
};

export interface Target {
  readonly service: ServiceName;
  readonly operation: string;
}

/** By target prefix, then by operation. A request finds its target without making one. */
const targets: ReadonlyMap<string, ReadonlyMap<string, Target>> = new Map(
  serviceNames.map((service) => {
    const { targetPrefix = '', operations } = serviceTables[service];
    return [
      targetPrefix,
      new Map(Object.keys(operations).map((operation) => [operation, { service, operation }])),
    ];
  }),
);

/**
 * What an `X-Amz-Target` header asks for; undefined when it names nothing of the models. Some prefixes hold
 * dots (`com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101`), operations do not.
 */
export function operationOfTarget(header: string | undefined): Target | undefined {
  if (header === undefined) return undefined;
  const dot = header.lastIndexOf('.');
  return dot === -1 ? undefined : targets.get(header.slice(0, dot))?.get(header.slice(dot + 1));
}

/** The input of an operation that `operationOfTarget` found. Throws a `Refusal`: see `AwsJson`. */
export const decodeInput = (service: ServiceName, operation: string, body: Uint8Array): object =>
  services[service].decodeInput(operation, body);

/** The body of a success. */
export const encodeOutput = (service: ServiceName, operation: string, output: object | undefined): string =>
  services[service].encodeOutput(operation, output);
