/** How the service names what is wrong with a signature: name, text and status, and which comes first. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { querySignatureErrors } from '../../src/authn/signed-service.ts';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { presign, sign, usualHeaders } from './sign.ts';
import { accessKey, alice, authenticatorAt, bob, httpRequest, kms, refusalOf } from './signing.ts';

const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56, 789);
const time = '20251124T123456Z';
const iam = { signingName: 'iam', errors: querySignatureErrors };
const wrongSignature =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
const invalidToken = 'The security token included in the request is invalid.';
const digest = (text: string) => createHash('sha256').update(text).digest('base64');

type Row = readonly [name: string, request: HttpRequest, code: string, message: string];

const withAuthorization = (
  value: string,
  headers: readonly (readonly [string, string])[] = usualHeaders(time),
) => httpRequest('POST', '/', [...headers, ['authorization', value]]);
const field = {
  credential: `Credential=${alice.accessKeyId}/20251124/us-east-1/kms/aws4_request`,
  names: 'SignedHeaders=host',
  signature: 'Signature=0',
};
const whole = `AWS4-HMAC-SHA256 ${field.credential}, ${field.names}, ${field.signature}`;
const hostOnly = [['host', 'localhost:4600']] as const;
const missing = (parts: string, authorization: string) =>
  `${parts} (Hashed with SHA-256 and encoded with Base64) Authorization=${digest(authorization)}`;
const notAPair = (authorization: string) =>
  `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${digest(authorization)}'.`;
const required = (name: string) => `Authorization header requires '${name}' parameter.`;
const noDate = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
const notBasic = (date: string) =>
  `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`;
const at = (date: string) =>
  sign({
    time,
    headers: [
      ['host', 'h'],
      ['x-amz-date', date],
    ],
  });

const rows: readonly Row[] = [
  [
    'no signature at all',
    httpRequest('POST', '/', usualHeaders(time)),
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  ],
  [
    'both forms at once',
    { ...sign({ time }), target: presign({ time }).target },
    'InvalidSignatureException',
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  ],

  [
    'another scheme',
    withAuthorization('Bearer eyJhbGciOiJIUzI1NiJ9'),
    'IncompleteSignatureException',
    notAPair('Bearer eyJhbGciOiJIUzI1NiJ9'),
  ],
  [
    'a blank before the access key id',
    withAuthorization(whole.replace('=', '= ')),
    'IncompleteSignatureException',
    notAPair(whole.replace('=', '= ')),
  ],
  [
    'two Authorization headers',
    httpRequest('POST', '/', [...usualHeaders(time), ['authorization', whole], ['Authorization', whole]]),
    'IncompleteSignatureException',
    notAPair(`${whole},${whole}`),
  ],
  [
    'an empty Authorization',
    withAuthorization(''),
    'IncompleteSignatureException',
    missing(`${required('Credential')} ${required('Signature')} ${required('SignedHeaders')}`, ''),
  ],
  [
    'Signature Version 2',
    withAuthorization('AWS AKIAIOSFODNN7EXAMPLE:sig='),
    'IncompleteSignatureException',
    missing(
      `${required('Credential')} ${required('Signature')} ${required('SignedHeaders')}`,
      'AWS AKIAIOSFODNN7EXAMPLE:sig=',
    ),
  ],
  [
    'no credential',
    withAuthorization(`AWS4-HMAC-SHA256 ${field.names}, ${field.signature}`),
    'IncompleteSignatureException',
    missing(required('Credential'), `AWS4-HMAC-SHA256 ${field.names}, ${field.signature}`),
  ],
  [
    'no signature field',
    withAuthorization(`AWS4-HMAC-SHA256 ${field.credential}, ${field.names}`),
    'IncompleteSignatureException',
    missing(required('Signature'), `AWS4-HMAC-SHA256 ${field.credential}, ${field.names}`),
  ],
  [
    'no signed headers',
    withAuthorization(`AWS4-HMAC-SHA256 ${field.credential}, ${field.signature}`),
    'IncompleteSignatureException',
    missing(required('SignedHeaders'), `AWS4-HMAC-SHA256 ${field.credential}, ${field.signature}`),
  ],
  [
    'nothing but the algorithm',
    withAuthorization('AWS4-HMAC-SHA256', hostOnly),
    'IncompleteSignatureException',
    missing(
      `${required('Credential')} ${required('Signature')} ${required('SignedHeaders')} ${noDate}`,
      'AWS4-HMAC-SHA256',
    ),
  ],
  ['no date', withAuthorization(whole, hostOnly), 'IncompleteSignatureException', missing(noDate, whole)],

  [
    'a date of another format',
    at('2025-11-24T12:34:56Z'),
    'IncompleteSignatureException',
    notBasic('2025-11-24T12:34:56Z'),
  ],
  ['an empty date', at(''), 'IncompleteSignatureException', notBasic('')],
  [
    'an HTTP date in X-Amz-Date',
    at('Mon, 24 Nov 2025 12:34:56 GMT'),
    'IncompleteSignatureException',
    notBasic('Mon, 24 Nov 2025 12:34:56 GMT'),
  ],
  [
    'a day that does not exist',
    at('20250229T123456Z'),
    'IncompleteSignatureException',
    notBasic('20250229T123456Z'),
  ],
  [
    'an hour that does not exist',
    at('20251124T243456Z'),
    'IncompleteSignatureException',
    notBasic('20251124T243456Z'),
  ],
  [
    'digits of another script',
    at('２0251124T12345Z'),
    'IncompleteSignatureException',
    notBasic('２0251124T12345Z'),
  ],
  [
    'two X-Amz-Date headers',
    httpRequest('POST', '/', [
      ...sign({ time }).rawHeaders.flatMap((_, i, all) =>
        i % 2 === 0 ? [[all[i] ?? '', all[i + 1] ?? ''] as const] : [],
      ),
      ['X-Amz-Date', time],
    ]),
    'IncompleteSignatureException',
    notBasic(`${time},${time}`),
  ],

  [
    'signed five minutes and a second ago',
    sign({ time: '20251124T122955Z' }),
    'InvalidSignatureException',
    'Signature expired: 20251124T122955Z is now earlier than 20251124T122956Z (20251124T123456Z - 5 min.)',
  ],
  [
    'signed five minutes and a second ahead',
    sign({ time: '20251124T123957Z' }),
    'InvalidSignatureException',
    'Signature not yet current: 20251124T123957Z is still later than 20251124T123956Z (20251124T123456Z + 5 min.)',
  ],
  [
    'signed an age ago',
    sign({ time: '20150830T123600Z' }),
    'InvalidSignatureException',
    'Signature expired: 20150830T123600Z is now earlier than 20251124T122956Z (20251124T123456Z - 5 min.)',
  ],

  [
    'no signed names',
    withAuthorization(whole.replace(field.names, 'SignedHeaders=')),
    'InvalidSignatureException',
    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'host not signed',
    sign({ time, headers: [['x-amz-date', time]], unsigned: [['host', 'h']] }),
    'InvalidSignatureException',
    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'X-Amz-Target not signed',
    sign({
      time,
      headers: [
        ['host', 'h'],
        ['x-amz-date', time],
      ],
      unsigned: [['X-Amz-Target', 'TrentService.Encrypt']],
    }),
    'InvalidSignatureException',
    "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'X-Amz-Date not signed',
    sign({ time, headers: [['host', 'h']], unsigned: [['X-Amz-Date', time]] }),
    'InvalidSignatureException',
    "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'X-Amz-Target not signed in a presigned request',
    presign({ time, unsigned: [['x-amz-target', 'TrentService.Decrypt']] }),
    'InvalidSignatureException',
    "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
  ],
  [
    'names signed out of order',
    sign({
      time,
      headers: [
        ['x-amz-date', time],
        ['host', 'h'],
      ],
    }),
    'InvalidSignatureException',
    wrongSignature,
  ],
  [
    'a signed header that is absent',
    sign({
      time,
      headers: [
        ['host', 'h'],
        ['x-amz-date', time],
      ],
      signedHeaders: 'host;x-absent;x-amz-date',
    }),
    'InvalidSignatureException',
    wrongSignature,
  ],
  [
    'too many signed names',
    sign({
      time,
      headers: [
        ['host', 'h'],
        ...Array.from({ length: 128 }, (_, i) => [`n${String(i).padStart(3, '0')}`, ''] as const),
      ],
      unsigned: [['date', time]],
    }),
    'InvalidSignatureException',
    wrongSignature,
  ],

  [
    'SigV4A',
    sign({ time, algorithm: 'AWS4-ECDSA-P256-SHA256' }),
    'IncompleteSignatureException',
    "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
  ],
  [
    'an unknown algorithm, presigned',
    presign({ time, algorithm: 'AWS5-HMAC-SHA512' }),
    'IncompleteSignatureException',
    "Unsupported AWS 'algorithm': 'AWS5-HMAC-SHA512'.",
  ],

  [
    'a credential of four parts',
    withAuthorization(
      `AWS4-HMAC-SHA256 Credential=a/b/c/d, ${field.names};x-amz-date;x-amz-target, ${field.signature}`,
    ),
    'IncompleteSignatureException',
    `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got (hashed with SHA-256 and encoded with Base64): '${digest('a/b/c/d')}'`,
  ],
  [
    'an empty credential',
    withAuthorization(
      `AWS4-HMAC-SHA256 Credential=, ${field.names};x-amz-date;x-amz-target, ${field.signature}`,
    ),
    'IncompleteSignatureException',
    `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got (hashed with SHA-256 and encoded with Base64): '${digest('')}'`,
  ],
  [
    'a Region that is none',
    sign({ time, region: 'Frankfurt' }),
    'InvalidSignatureException',
    'Credential should be scoped to a valid region. ',
  ],
  [
    'another service',
    sign({ time, service: 's3' }),
    'InvalidSignatureException',
    "Credential should be scoped to correct service: 'kms'. ",
  ],
  [
    'another terminator',
    sign({ time, terminator: 'aws5_request' }),
    'InvalidSignatureException',
    "Credential should be scoped with a valid terminator: 'aws4_request'. ",
  ],
  [
    'another date',
    sign({ time, scopeDate: '20251123' }),
    'InvalidSignatureException',
    'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ',
  ],
  [
    'everything wrong with the scope',
    sign({ time, scopeDate: '20251123', region: 'r', service: 's', terminator: 't' }),
    'InvalidSignatureException',
    "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'kms'. Credential should be scoped with a valid terminator: 'aws4_request'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ",
  ],

  [
    'an unknown access key',
    sign({ time, credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 's' } }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'an empty access key id',
    sign({ time, credentials: { accessKeyId: '', secretAccessKey: 's' } }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'an access key id that objects inherit',
    sign({ time, credentials: { accessKeyId: '__proto__', secretAccessKey: 's' } }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'an inactive access key',
    sign({ time, credentials: { accessKeyId: 'AKIAINACTIVE', secretAccessKey: 'known' } }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'a wrong secret',
    sign({ time, credentials: { ...alice, secretAccessKey: bob.secretAccessKey } }),
    'InvalidSignatureException',
    wrongSignature,
  ],
  [
    'an empty signature',
    withAuthorization(`${sign({ time }).rawHeaders.at(-1)}`.replace(/Signature=.*/, 'Signature=')),
    'InvalidSignatureException',
    wrongSignature,
  ],

  [
    'a session token with a long-term key',
    sign({
      time,
      headers: [
        ...usualHeaders(time).slice(0, 3),
        ['x-amz-security-token', 'FwoGZXIvYXdz'],
        ['x-amz-target', 'T.E'],
      ],
    }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'a session token added after signing',
    sign({ time, unsigned: [['X-Amz-Security-Token', 'FwoGZXIvYXdz']] }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'an empty session token',
    sign({ time, unsigned: [['x-amz-security-token', '']] }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'a session token in a presigned URL',
    presign({ time }, { 'X-Amz-Security-Token': 'FwoGZXIvYXdz' }),
    'UnrecognizedClientException',
    invalidToken,
  ],
  [
    'a session token with a wrong signature',
    sign({
      time,
      credentials: { ...alice, secretAccessKey: 'x' },
      unsigned: [['x-amz-security-token', 't']],
    }),
    'InvalidSignatureException',
    wrongSignature,
  ],

  ...[
    'UNSIGNED-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',
    '',
  ].flatMap((value): Row[] => {
    const headers = [
      ['host', 'h'],
      ['x-amz-content-sha256', value],
      ['x-amz-date', time],
    ] as const;
    return [
      [
        `the payload hash '${value}' over an unsigned body`,
        sign({ time, headers, payloadHash: value }),
        'InvalidSignatureException',
        wrongSignature,
      ],
      [
        `the payload hash '${value}' beside a signed body`,
        sign({ time, headers }),
        'InvalidSignatureException',
        wrongSignature,
      ],
      [
        `the payload hash '${value}' in a presigned URL`,
        presign({ time }, { 'X-Amz-Content-Sha256': value }),
        'InvalidSignatureException',
        wrongSignature,
      ],
    ];
  }),

  [
    'a presigned URL without all but its algorithm',
    httpRequest('GET', '/?X-Amz-Algorithm=AWS4-HMAC-SHA256', hostOnly),
    'IncompleteSignatureException',
    "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
  ],
  [
    'a presigned URL with an empty algorithm',
    httpRequest('GET', presign({ time }).target.replace('AWS4-HMAC-SHA256', ''), hostOnly),
    'IncompleteSignatureException',
    "AWS query-string parameters must include 'X-Amz-Algorithm'. Re-examine the query-string parameters.",
  ],
  [
    'a presigned URL with parameters in other case',
    httpRequest('GET', presign({ time }).target.replace('X-Amz-Algorithm', 'x-amz-algorithm'), hostOnly),
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  ],
  [
    'a presigned URL whose time is over',
    presign({ time: '20251124T123355Z' }, { 'X-Amz-Expires': '60' }),
    'InvalidSignatureException',
    'Signature expired: 20251124T123355Z is now earlier than 20251124T123356Z (20251124T123456Z - 1 min.)',
  ],
  [
    'a presigned URL of seconds',
    presign({ time: '20251124T123425Z' }, { 'X-Amz-Expires': '30' }),
    'InvalidSignatureException',
    'Signature expired: 20251124T123425Z is now earlier than 20251124T123426Z (20251124T123456Z - 30 sec.)',
  ],
  [
    'a presigned URL of the future',
    presign({ time: '20251124T124000Z' }),
    'InvalidSignatureException',
    'Signature not yet current: 20251124T124000Z is still later than 20251124T123956Z (20251124T123456Z + 5 min.)',
  ],
  [
    'a presigned URL that lasts longer than a week',
    presign({ time }, { 'X-Amz-Expires': '604801' }),
    'IncompleteSignatureException',
    'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
  ],
  [
    'a presigned URL that lasts no time',
    presign({ time }, { 'X-Amz-Expires': '0' }),
    'IncompleteSignatureException',
    'X-Amz-Expires must be at least 1 second',
  ],
  ...['-1', '1e3', '', ' 60', '60.0', '99999999999', '0x10'].map(
    (value): Row => [
      `a presigned URL that lasts '${value}'`,
      presign({ time }, { 'X-Amz-Expires': value }),
      'IncompleteSignatureException',
      'X-Amz-Expires should be a number',
    ],
  ),
];

const authenticator = () => {
  const under = authenticatorAt(nowMs, { services: [kms, iam] });
  const inactive = { accessKeyId: 'AKIAINACTIVE', secretAccessKey: 'known' };
  under.keys.set(inactive.accessKeyId, accessKey(inactive, '111122223333', false));
  return under.authenticate;
};

describe('a signature that is refused is refused by name', () => {
  for (const [name, request, code, message] of rows) {
    it(`${name}: ${code}`, () => {
      const authenticate = authenticator();
      const refusal = refusalOf(authenticate, request);
      assert.deepEqual([refusal.code, refusal.message, refusal.httpStatus], [code, message, 400]);
      // The same again once the signing key is known, where another way is taken.
      authenticate(sign({ time }));
      const again = refusalOf(authenticate, request);
      assert.deepEqual([again.code, again.message, again.httpStatus], [code, message, 400]);
    });
  }

  it('a query service has other names and statuses for the same', () => {
    const authenticate = authenticator();
    const refuse = (request: HttpRequest) => {
      const { code, httpStatus, message } = refusalOf(authenticate, request, 'iam');
      return [code, httpStatus, message];
    };
    const ofIam = { time, service: 'iam' };
    assert.deepEqual(refuse(httpRequest('POST', '/', hostOnly)), [
      'MissingAuthenticationToken',
      403,
      'Request is missing Authentication Token',
    ]);
    assert.deepEqual(refuse(sign({ ...ofIam, algorithm: 'x' })), [
      'IncompleteSignature',
      400,
      "Unsupported AWS 'algorithm': 'x'.",
    ]);
    assert.deepEqual(refuse(sign({ ...ofIam, credentials: { ...alice, secretAccessKey: 'x' } })), [
      'SignatureDoesNotMatch',
      403,
      wrongSignature,
    ]);
    assert.deepEqual(refuse(sign({ ...ofIam, credentials: { accessKeyId: 'AKIA', secretAccessKey: 'x' } })), [
      'InvalidClientTokenId',
      403,
      invalidToken,
    ]);
  });

  it('a request routed to one service and signed for another is told the right one, in the words of its own', () => {
    const refusal = refusalOf(authenticator(), sign({ time, service: 'kms' }), 'iam');
    assert.equal(refusal.message, "Credential should be scoped to correct service: 'iam'. ");
    const other = refusalOf(authenticator(), sign({ time, service: 'iam' }), 'kms');
    assert.equal(other.message, "Credential should be scoped to correct service: 'kms'. ");
  });

  it('a Region that is not served is refused, though well formed', () => {
    const { authenticate } = authenticatorAt(nowMs, { regions: new Set(['eu-central-1']) });
    assert.equal(authenticate(sign({ time, region: 'eu-central-1' })).region, 'eu-central-1');
    assert.equal(
      refusalOf(authenticate, sign({ time })).message,
      'Credential should be scoped to a valid region. ',
    );
  });

  it('no refusal repeats what was presented as a credential', () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    for (const authorization of [
      `Bearer ${secret}`,
      `AWS4-HMAC-SHA256 Credential=${secret}/20251124/us-east-1/kms/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=0`,
      secret,
    ]) {
      const { message } = refusalOf(authenticator(), withAuthorization(authorization));
      assert.ok(!message.includes('K7MDENG'), message);
    }
  });
});
