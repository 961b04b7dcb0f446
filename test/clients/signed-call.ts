/** One request, signed as any SDK signs it and sent without the weight of one: for many Regions, or the operator's API. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { operator } from '../support/dev-server.ts';

const services = {
  kms: 'TrentService',
  holdfast: 'Holdfast_20261124',
} as const;

/** The body of the answer, null where it has none; rejects when it is not 200. The endpoint is plain HTTP. */
export async function signedCall<Output>(
  endpoint: string,
  service: keyof typeof services,
  operation: string,
  input: object,
  region = 'us-east-1',
): Promise<Output> {
  const { hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({ credentials: { ...operator }, region, service, sha256: Sha256 });
  const { headers, body } = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path: '/',
    headers: {
      host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${services[service]}.${operation}`,
    },
    body: JSON.stringify(input),
  });
  const answer = await fetch(endpoint, { method: 'POST', headers, body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${operation} answered ${answer.status}: ${text}`);
  return JSON.parse(text === '' ? 'null' : text);
}
