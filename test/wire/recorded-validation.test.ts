/** Validation errors as the real service was seen to word them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { refusalOf } from './refusal-of.ts';

interface Recorded {
  readonly source: string;
  readonly operation: string;
  /** `{ "bytes": N }` stands for a blob of that length. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly message: string;
  /** Values of the enum that the service did not have yet when the message was recorded. */
  readonly addedSince?: readonly string[];
}

const cases = JSON.parse(
  readFileSync(new URL('recorded-validation.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

for (const { source, operation, input, message, addedSince = [] } of cases) {
  test(`${operation} ${JSON.stringify(input)} is refused as recorded in ${source}`, () => {
    const body = JSON.stringify(input, (_, value: unknown) => blobOf(value) ?? value);
    const refusal = refusalOf(operation, body);
    assert.equal(refusal.code, 'ValidationException');
    assert.equal(
      addedSince.reduce((text, value) => text.replace(`, ${value}`, ''), refusal.message),
      message,
    );
  });
}

function blobOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('bytes' in value)) return undefined;
  return Buffer.alloc(Number(value.bytes), 1).toString('base64');
}
