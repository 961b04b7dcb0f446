/** Bodies made to confuse a reader of JSON. Each is refused or read as the plain data that it is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KmsInput } from '../../src/model/kms.ts';
import { decodeInput } from '../../src/protocol/services.ts';
import { refusalOf } from './refusal-of.ts';

const encrypt = (body: string): KmsInput<'Encrypt'> =>
  decodeInput('kms', 'Encrypt', Buffer.from(body)) as KmsInput<'Encrypt'>;

/** A body that cannot be read is refused without a word about what is wrong with it. */
function refusedSilently(body: string | Uint8Array, operation = 'Encrypt'): void {
  const { code, hasMessage, httpStatus } = refusalOf(operation, body);
  assert.deepEqual(
    { code, hasMessage, httpStatus },
    { code: 'SerializationException', hasMessage: false, httpStatus: 400 },
  );
}

describe('a member named twice is refused', () => {
  const cases: Readonly<Record<string, string>> = {
    'at the top': '{"KeyId":"a","Plaintext":"YQ==","KeyId":"b"}',
    'with the same value': '{"KeyId":"a","KeyId":"a","Plaintext":"YQ=="}',
    'once escaped': '{"KeyId":"a","Plaintext":"YQ==","\\u004beyId":"b"}',
    'both escaped differently': '{"\\u004beyId":"a","K\\u0065yId":"b","Plaintext":"YQ=="}',
    'once null': '{"KeyId":null,"KeyId":"b","Plaintext":"YQ=="}',
    'in a map': '{"KeyId":"a","Plaintext":"YQ==","EncryptionContext":{"tenant":"a","tenant":"b"}}',
    'in a map, escaped':
      '{"KeyId":"a","Plaintext":"YQ==","EncryptionContext":{"tenant":"a","ten\\u0061nt":"b"}}',
    'in an unknown member': '{"KeyId":"a","Plaintext":"YQ==","X":[{"y":{"z":1,"z":2}}]}',
    'that is __proto__': '{"KeyId":"a","Plaintext":"YQ==","__proto__":1,"__proto__":2}',
    'that has a quote in its name': '{"KeyId":"a","Plaintext":"YQ==","\\"":1,"\\u0022":2}',
    'that ends in a backslash': '{"KeyId":"a","Plaintext":"YQ==","\\\\":1,"\\\\":2}',
  };
  for (const [title, body] of Object.entries(cases)) test(title, () => refusedSilently(body));
});

test('colons, braces and quotes inside strings are not taken for structure', () => {
  const context = { 'a:b': '{":":[}', '\\': '\\"', '"': ':', '\\\\"': '::' };
  const input = encrypt(JSON.stringify({ KeyId: 'a', Plaintext: 'YQ==', EncryptionContext: context }));
  assert.deepEqual([...(input.EncryptionContext ?? [])], Object.entries(context));
});

describe('names that every object inherits are plain data', () => {
  const names = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'prototype',
    'valueOf',
    '__defineGetter__',
  ];
  for (const name of names) {
    test(`${name} as a key of the encryption context`, () => {
      const input = encrypt(`{"KeyId":"a","Plaintext":"YQ==","EncryptionContext":{"${name}":"x"}}`);
      assert.deepEqual([...(input.EncryptionContext ?? [])], [[name, 'x']]);
    });
    test(`${name} as a member of the input`, () => {
      const input = encrypt(`{"KeyId":"a","Plaintext":"YQ==","${name}":{"DryRun":true,"polluted":true}}`);
      assert.deepEqual(Object.keys(input), ['KeyId', 'Plaintext']);
      assert.equal(input.DryRun, undefined);
      assert.equal(Object.getPrototypeOf(input), Object.prototype);
      assert.equal(Reflect.get({}, 'polluted'), undefined);
    });
  }
  test('a required member is not found on a prototype that was sent', () => {
    const { code, message } = refusalOf('Encrypt', '{"Plaintext":"YQ==","__proto__":{"KeyId":"a"}}');
    assert.equal(code, 'ValidationException');
    assert.match(message, /Value null at 'keyId'/);
  });
});

describe('nesting is bounded', () => {
  const nested = (depth: number): string =>
    `{"KeyId":"a","Plaintext":"YQ==","X":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  test('31 levels below the input are read', () => assert.equal(encrypt(nested(31)).KeyId, 'a'));
  test('32 levels below the input are refused', () => refusedSilently(nested(32)));
  test('a million levels are refused without being parsed', () => refusedSilently('['.repeat(1_000_000)));
  test('brackets that never were opened do not buy depth', () =>
    refusedSilently(`${']'.repeat(100)}${nested(40)}`));
});

describe('numbers that are not the integer they seem', () => {
  const bodies: Readonly<Record<string, string>> = {
    'a fraction': '1.5',
    'beyond all doubles': '1e999',
    'beyond all doubles, negative': '-1e999',
    'beyond exact integers': '9007199254740993',
    'a very large power': '1e300',
  };
  for (const [title, value] of Object.entries(bodies)) {
    test(title, () => {
      const { code, message } = refusalOf('GenerateRandom', `{"NumberOfBytes":${value}}`);
      assert.deepEqual(
        [code, message],
        ['SerializationException', 'NUMBER_VALUE can not be converted to an Integer'],
      );
    });
  }
  for (const value of ['01', '0x10', '1_0', '+1', '.5', 'NaN', 'Infinity', '1.', '--1']) {
    test(`${value} is no JSON`, () => refusedSilently(`{"NumberOfBytes":${value}}`, 'GenerateRandom'));
  }
  test('an integer written with an exponent or a zero fraction is that integer', () => {
    for (const text of ['32', '3.2e1', '32.0', '320E-1']) {
      const input = decodeInput('kms', 'GenerateRandom', Buffer.from(`{"NumberOfBytes":${text}}`));
      assert.deepEqual(input, { NumberOfBytes: 32 });
    }
  });
});

describe('dates', () => {
  const validTo = (text: string): unknown =>
    (
      decodeInput(
        'kms',
        'ImportKeyMaterial',
        Buffer.from(`{"KeyId":"a","ImportToken":"YQ==","EncryptedKeyMaterial":"YQ==","ValidTo":${text}}`),
      ) as KmsInput<'ImportKeyMaterial'>
    ).ValidTo;
  test('seconds become milliseconds', () => {
    assert.equal(validTo('1759334400'), 1_759_334_400_000);
    assert.equal(validTo('1.7593344E9'), 1_759_334_400_000);
    assert.equal(validTo('1759334400.123'), 1_759_334_400_123);
    assert.ok(Object.is(validTo('-0'), 0));
  });
  for (const text of ['1e999', '-1e999', '253402300800', '-62135596801', '1e18']) {
    test(`${text} is not a date of the years 1 to 9999`, () => {
      const body = `{"KeyId":"a","ImportToken":"YQ==","EncryptedKeyMaterial":"YQ==","ValidTo":${text}}`;
      assert.equal(refusalOf('ImportKeyMaterial', body).code, 'SerializationException');
    });
  }
});

describe('text that has no UTF-8 form is refused', () => {
  const withContext = (value: string): string =>
    `{"KeyId":"a","Plaintext":"YQ==","EncryptionContext":{"k":"${value}"}}`;
  for (const value of ['\\ud800', '\\udc00', '\\udc00\\ud800', 'a\\uDBFFb']) {
    test(`a lone surrogate: ${value}`, () => refusedSilently(withContext(value)));
  }
  test('a lone surrogate as a key', () =>
    refusedSilently('{"KeyId":"a","Plaintext":"YQ==","EncryptionContext":{"\\ud800":"v"}}'));
  test('a pair of surrogates is one character', () => {
    assert.deepEqual([...(encrypt(withContext('\\ud83d\\ude00')).EncryptionContext ?? [])], [['k', '😀']]);
  });
  const bytes: Readonly<Record<string, readonly number[]>> = {
    'a lone continuation byte': [0x80],
    'a cut sequence': [0xe4, 0xb8],
    'an overlong slash': [0xc0, 0xaf],
    'an overlong quote': [0xe0, 0x80, 0xa2],
    'an encoded surrogate': [0xed, 0xa0, 0x80],
    'beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
    'a byte that never occurs': [0xff],
  };
  for (const [title, value] of Object.entries(bytes)) {
    test(title, () => {
      const [before = '', after = ''] = withContext('@').split('@');
      refusedSilently(Buffer.concat([Buffer.from(before), Buffer.from(value), Buffer.from(after)]));
    });
  }
  test('a byte order mark', () => refusedSilently('\ufeff{"KeyId":"a","Plaintext":"YQ=="}'));
  test('UTF-16', () => refusedSilently(Buffer.from('{"KeyId":"a","Plaintext":"YQ=="}', 'utf16le')));
});

describe('base64 that is not the one text of its bytes is refused', () => {
  const texts: Readonly<Record<string, string>> = {
    'without padding': 'YQ',
    'with too little padding': 'YQ=',
    'with too much padding': 'YQ===',
    'with padding inside': 'YQ==YQ==',
    'with bits beyond the last byte': 'YR==',
    'of the URL alphabet': '_-8=',
    'with a blank': 'YQ ==',
    'with a line break': 'YWJj\\nYWJj',
    'with a line break at the end': 'YWJj\\n',
    'with other characters': 'YW*j',
    'with a zero character': 'YWJj\\u0000',
    'with letters that look alike': 'YWJ\u0458',
    'of padding alone': '====',
    'of one letter': 'Y',
  };
  for (const [title, text] of Object.entries(texts)) {
    test(title, () => refusedSilently(`{"KeyId":"a","Plaintext":"${text}"}`));
  }
  test('slashes may be escaped as JSON allows', () => {
    assert.deepEqual(encrypt('{"KeyId":"a","Plaintext":"\\/+8="}').Plaintext, Buffer.from([0xff, 0xef]));
  });
});

describe('bodies that are no input', () => {
  for (const body of [
    'null',
    'true',
    '1',
    '"x"',
    ' ',
    '{',
    '}',
    '{"KeyId":"a",}',
    '{"KeyId" "a"}',
    "{'KeyId':'a'}",
    '{}{}',
    '{} x',
    '{"a":1}/**/',
    '\u0000',
    '{"KeyId":"a\tb"}',
  ]) {
    test(JSON.stringify(body), () => refusedSilently(body, 'ListKeys'));
  }
  test('a list says what it is', () => {
    const { code, message } = refusalOf('ListKeys', '[]');
    assert.deepEqual([code, message], ['SerializationException', 'Start of list found where not expected']);
  });
  test('no body is an empty input', () => {
    assert.deepEqual(decodeInput('kms', 'ListKeys', Buffer.alloc(0)), {});
  });
});

test('null is absence, and unknown members are passed over', () => {
  const input = encrypt(
    '{"KeyId":"a","Plaintext":"YQ==","DryRun":null,"GrantTokens":null,"Unknown":{"a":[1]}}',
  );
  assert.deepEqual(input, { KeyId: 'a', Plaintext: Buffer.from('a') });
});

describe('a refusal is no louder than its request', () => {
  test('a thousand broken elements make a hundred violations', () => {
    const { message } = refusalOf(
      'TagResource',
      JSON.stringify({ KeyId: 'a', Tags: [{ TagKey: 'a' }, ...Array(1000).fill({})] }),
    );
    assert.match(message, /^100 validation errors detected: /);
    assert.ok(message.length < 12_000);
  });
  test('a value of more than 16,384 characters is not echoed', () => {
    const { message } = refusalOf('DescribeKey', JSON.stringify({ KeyId: 'a'.repeat(16_385) }));
    assert.ok(message.length < 200, message);
  });
  test('secrets and plaintext are never echoed', () => {
    const secret = 'Sup3r$ecret';
    const refusals = [
      refusalOf(
        'Encrypt',
        JSON.stringify({ KeyId: '', Plaintext: Buffer.alloc(5000, secret).toString('base64') }),
      ),
      refusalOf('Encrypt', JSON.stringify({ KeyId: 'a', Plaintext: secret })),
      refusalOf(
        'CreateCustomKeyStore',
        JSON.stringify({ CustomKeyStoreName: 'a', KeyStorePassword: secret.repeat(9) }),
      ),
      refusalOf(
        'CreateCustomKeyStore',
        JSON.stringify({
          CustomKeyStoreName: 'a',
          XksProxyAuthenticationCredential: { AccessKeyId: secret, RawSecretAccessKey: secret },
        }),
      ),
      refusalOf(
        'CreateCustomKeyStore',
        JSON.stringify({ CustomKeyStoreName: 'a', KeyStorePassword: [secret] }),
      ),
    ];
    for (const { message } of refusals) {
      assert.ok(
        !message.includes(secret) && !message.includes(Buffer.from(secret).toString('base64').slice(0, 8)),
        message,
      );
    }
  });
  test('a wrong type outranks violations', () => {
    assert.equal(refusalOf('Encrypt', '{"KeyId":"","Plaintext":1}').code, 'SerializationException');
  });
});
