/** Which installation a data directory holds, as a stored row. */
import { isAccountId } from '../base/arn.ts';
import type { MetaRow } from '../storage/interface.ts';

export interface InstallationFacts {
  readonly installationId: string;
  readonly operatorAccountId: string;
  readonly createdMs: number;
}

export const installationRowName = 'installation';

export const installationToRow = (facts: InstallationFacts): MetaRow => ({
  name: installationRowName,
  value: Buffer.from(JSON.stringify(facts)),
});

/** Undefined when the directory has not been set up. Throws when the row does not read. */
export function installationFromRows(rows: readonly MetaRow[]): InstallationFacts | undefined {
  const row = rows.find(({ name }) => name === installationRowName);
  if (row === undefined) return undefined;
  const facts: unknown = JSON.parse(Buffer.from(row.value).toString());
  if (!isInstallationFacts(facts)) throw new Error('the stored row of the installation does not read');
  return facts;
}

const isInstallationFacts = (value: unknown): value is InstallationFacts =>
  typeof value === 'object' &&
  value !== null &&
  'installationId' in value &&
  typeof value.installationId === 'string' &&
  'createdMs' in value &&
  typeof value.createdMs === 'number' &&
  'operatorAccountId' in value &&
  typeof value.operatorAccountId === 'string' &&
  isAccountId(value.operatorAccountId);
