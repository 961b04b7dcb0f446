/**
 * Timing: whatever is presented, the same cryptographic steps are taken, and the signature is
 * compared once, whole, by the runtime's constant-time comparison. The steps are counted for real;
 * clocks would only tell that this machine is busy. Times are printed for whoever is curious.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { after, before, describe, it } from 'node:test';
import ts from 'typescript';
import type { HttpRequest } from '../../src/base/http-message.ts';
import { presign, sign } from './sign.ts';
import { accessKey, alice, authenticatorAt } from './signing.ts';

const time = '20251124T123456Z';
const nowMs = Date.UTC(2025, 10, 24, 12, 34, 56);

const steps: string[] = [];
const original = {
  hash: crypto.hash,
  createHmac: crypto.createHmac,
  timingSafeEqual: crypto.timingSafeEqual,
};

before(() => {
  const count =
    <Arguments extends unknown[], Result>(name: string, step: (...args: Arguments) => Result) =>
    (...args: Arguments): Result => {
      const [first, second] = args;
      const size = name === 'timingSafeEqual' && ArrayBuffer.isView(second) ? ` ${second.byteLength}` : '';
      assert.ok(first !== undefined);
      steps.push(`${name}${size}`);
      return step(...args);
    };
  Object.assign(crypto, {
    hash: count('hash', original.hash),
    createHmac: count('createHmac', original.createHmac),
    timingSafeEqual: count('timingSafeEqual', original.timingSafeEqual),
  });
  syncBuiltinESMExports();
});

after(() => {
  Object.assign(crypto, original);
  syncBuiltinESMExports();
});

const withSignature = (request: HttpRequest, change: (hex: string) => string): HttpRequest => ({
  ...request,
  target: request.target.replace(/(?<=X-Amz-Signature=)[0-9a-f]{64}$/, change),
  rawHeaders: request.rawHeaders.map((value) => value.replace(/(?<=Signature=)[0-9a-f]{64}$/, change)),
});

const otherDigit = (digit: string | undefined) => (digit === '0' ? '1' : '0');

function presentations(request: HttpRequest, ofStranger: HttpRequest, ofInactive: HttpRequest) {
  return {
    right: request,
    'wrong in its first digit': withSignature(request, (hex) => `${otherDigit(hex[0])}${hex.slice(1)}`),
    'wrong in its last digit': withSignature(request, (hex) => `${hex.slice(0, -1)}${otherDigit(hex[63])}`),
    'not hexadecimal': withSignature(request, () => 'z'.repeat(64)),
    'too short': withSignature(request, () => '0'),
    'of an unknown key': ofStranger,
    'of an inactive key': ofInactive,
  };
}

describe('comparing signatures', () => {
  const stranger = { accessKeyId: 'AKIASTRANGERXXXXXXXX', secretAccessKey: 'x' };
  const inactive = { accessKeyId: 'AKIAINACTIVEXXXXXXXX', secretAccessKey: 'x' };
  const headerForm = [alice, stranger, inactive].map((credentials) => sign({ time, credentials }));
  const presignedForm = [alice, stranger, inactive].map((credentials) => presign({ time, credentials }));

  for (const [form, [request, ofStranger, ofInactive]] of Object.entries({ headerForm, presignedForm })) {
    assert.ok(request && ofStranger && ofInactive);
    it(`takes the same steps for every signature that is presented (${form})`, () => {
      const { authenticate, keys } = authenticatorAt(nowMs);
      keys.set(inactive.accessKeyId, accessKey(inactive, '111122223333', false));
      const stepsOf = (sent: HttpRequest) => {
        steps.length = 0;
        let accepted = true;
        try {
          authenticate(sent);
        } catch {
          accepted = false;
        }
        return { accepted, steps: [...steps] };
      };
      const cases = presentations(request, ofStranger, ofInactive);
      for (const sent of Object.values(cases)) stepsOf(sent);
      for (const [name, sent] of Object.entries(cases)) {
        const taken = stepsOf(sent);
        assert.equal(taken.accepted, name === 'right', name);
        // The body's hash, the canonical request's, and the two of the HMAC; then the comparison.
        assert.deepEqual(taken.steps, ['hash', 'hash', 'hash', 'hash', 'timingSafeEqual 32'], name);
      }
    });
  }

  it('derives a signing key for an unknown key as for a known one', () => {
    const { authenticate } = authenticatorAt(nowMs);
    const derivations = (credentials: typeof alice, region: string) => {
      steps.length = 0;
      try {
        authenticate(sign({ time, region, credentials }));
      } catch {
        // Which of the two it was is told by name; that is not what this counts.
      }
      return steps.filter((step) => step === 'createHmac').length - signerSteps;
    };
    // The test's own signer works with the same functions.
    steps.length = 0;
    sign({ time });
    const signerSteps = steps.filter((step) => step === 'createHmac').length;
    assert.equal(derivations({ ...alice, secretAccessKey: 'wrong' }, 'eu-west-1'), 4);
    assert.equal(derivations(stranger, 'eu-west-2'), 4);
  });

  it('touches neither the computed nor the presented signature in any other way', () => {
    const path = new URL('../../src/authn/authenticate.ts', import.meta.url);
    const source = ts.createSourceFile(
      'authenticate.ts',
      readFileSync(path, 'utf8'),
      ts.ScriptTarget.ESNext,
      true,
    );
    const uses = new Map<string, number>();
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node) && (node.text === 'computed' || node.text === 'presented')) {
        const { parent } = node;
        const use = ts.isVariableDeclaration(parent)
          ? 'declared'
          : ts.isCallExpression(parent) && parent.arguments.includes(node)
            ? `passed to ${parent.expression.getText(source)}`
            : `used in ${parent.getText(source)}`;
        uses.set(`${node.text} ${use}`, (uses.get(`${node.text} ${use}`) ?? 0) + 1);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    assert.deepEqual([...uses].sort(), [
      ['computed declared', 1],
      ['computed passed to equalConstantTime', 1],
      ['computed passed to signer.signInto', 1],
      ['presented declared', 1],
      ['presented passed to equalConstantTime', 1],
      ['presented passed to readSignatureBytes', 1],
    ]);
  });

  it('takes about as long for an unknown key as for a wrong signature (printed, not judged)', (t) => {
    const { authenticate } = authenticatorAt(nowMs);
    const [request, ofStranger, ofInactive] = headerForm;
    assert.ok(request && ofStranger && ofInactive);
    for (const [name, sent] of Object.entries(presentations(request, ofStranger, ofInactive))) {
      const run = () => {
        steps.length = 0;
        try {
          authenticate(sent);
        } catch {
          // Expected of all but one.
        }
      };
      for (let i = 0; i < 5000; i++) run();
      const startedAt = process.hrtime.bigint();
      for (let i = 0; i < 5000; i++) run();
      t.diagnostic(`${name}: ${(Number(process.hrtime.bigint() - startedAt) / 5e6).toFixed(1)} us`);
    }
  });
});
