/**
 * AWS's own SigV4 test suite, as the AWS Common Runtime publishes it (github.com/awslabs/aws-c-auth
 * v0.9.0, `tests/aws-signing-test-suite/v4`, Apache-2.0), read as requests to verify.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { canonicalRequest } from '../../src/authn/canonical-request.ts';
import { scanHeaders } from '../../src/authn/header-scan.ts';
import { signedParameters } from '../../src/authn/presigned-query.ts';
import { canonicalQuery, parseQuery } from '../../src/authn/query-string.ts';
import { jsonSignatureErrors } from '../../src/authn/signed-service.ts';
import { accessKey, authenticatorAt, httpRequest, refusalOf, wire } from './signing.ts';

interface Case {
  readonly name: string;
  readonly form: 'header' | 'query';
  /** False for S3's rule, which leaves paths as they are. */
  readonly normalize: boolean;
  readonly token: boolean;
  readonly canonicalRequest: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const suite: {
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly timestamp: string;
  readonly region: string;
  readonly service: string;
  readonly cases: readonly Case[];
} = JSON.parse(readFileSync(new URL('sigv4-test-suite.json', import.meta.url), 'utf8'));

const requestOf = (test: Case) =>
  httpRequest(
    test.method,
    wire(test.target),
    test.headers.map(([name, value]) => [name, wire(value)] as const),
    test.body,
  );

function authenticatorOfSuite() {
  const service = { signingName: suite.service, errors: jsonSignatureErrors };
  const state = authenticatorAt(Date.parse(suite.timestamp), { services: [service] });
  state.keys.set(suite.credentials.accessKeyId, accessKey(suite.credentials));
  return state.authenticate;
}

describe('the AWS SigV4 test suite', () => {
  // A service decides whether a presigned URL's token is signed. Here it is, as everything is.
  const tokenAfterSigning = (test: Case) => test.name === 'post-sts-header-after' && test.form === 'query';
  const normalised = suite.cases.filter((test) => test.normalize && !tokenAfterSigning(test));

  it('has the cases it is said to have', () => {
    assert.equal(suite.cases.length, 76);
    assert.equal(normalised.length, 61);
  });

  it('refuses the one presigned URL to which a token was added after signing', () => {
    const [test, ...others] = suite.cases.filter(tokenAfterSigning);
    assert.ok(test !== undefined && others.length === 0);
    assert.equal(refusalOf(authenticatorOfSuite(), requestOf(test)).code, 'InvalidSignatureException');
  });

  for (const test of normalised) {
    it(`${test.name}, ${test.form} form, ${test.token ? 'is refused for its token alone' : 'is accepted'}`, () => {
      const authenticate = authenticatorOfSuite();
      if (test.token) {
        // Its signature holds, or the refusal would be that of a wrong one.
        assert.equal(refusalOf(authenticate, requestOf(test)).code, 'UnrecognizedClientException');
        return;
      }
      const { accessKeyId, region, service, signedAtMs, presigned } = authenticate(requestOf(test));
      assert.deepEqual(
        { accessKeyId, region, service, signedAtMs, presigned },
        {
          accessKeyId: suite.credentials.accessKeyId,
          region: suite.region,
          service: suite.service,
          signedAtMs: Date.parse(suite.timestamp),
          presigned: test.form === 'query',
        },
      );
    });

    it(`${test.name}, ${test.form} form, has the published canonical request`, () => {
      const { method, target, rawHeaders } = requestOf(test);
      const [path = '', query = ''] = target.split(/\?(.*)/s);
      const parameters = parseQuery(query) ?? [];
      const lines = test.canonicalRequest.split('\n');
      const signedHeaders = lines.at(-2) ?? '';
      assert.equal(
        canonicalRequest({
          method,
          path,
          query: canonicalQuery(signedParameters(parameters)),
          headers: scanHeaders(rawHeaders),
          signedNames: signedHeaders.split(';'),
          signedHeaders,
          payloadHash: lines.at(-1) ?? '',
        }),
        test.canonicalRequest,
      );
    });
  }

  it('refuses a path signed by the rule of S3, which does not normalise it', () => {
    const distinct = suite.cases.filter(
      ({ normalize, name }) => !normalize && name !== 'get-space-unnormalized',
    );
    assert.equal(distinct.length, 12);
    for (const test of distinct) {
      assert.equal(
        refusalOf(authenticatorOfSuite(), requestOf(test)).code,
        'InvalidSignatureException',
        test.name,
      );
    }
  });
});
