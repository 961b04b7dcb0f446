/** The operations of KMS that a walk must call: those that are built, and no other. */
import { kmsTable } from '../../src/model/kms-table.ts';
import { operationOf } from '../../src/operations/registry.ts';

export const builtOperations: readonly string[] = Object.keys(kmsTable.operations)
  .filter((name) => operationOf('kms', name) !== undefined)
  .sort();
