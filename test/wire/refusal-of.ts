import assert from 'node:assert/strict';
import { Refusal } from '../../src/base/refusal.ts';
import { decodeInput } from '../../src/protocol/services.ts';

/** The refusal that a body gets; fails when it is decoded or anything else is thrown. */
export function refusalOf(operation: string, body: string | Uint8Array): Refusal {
  try {
    decodeInput('kms', operation, typeof body === 'string' ? Buffer.from(body) : body);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return assert.fail(`${operation} accepted ${String(body)}`);
}
