/** `holdfast doctor` as text. */
export interface Diagnosis {
  readonly databasePath: string;
  readonly databaseBytes: number;
  readonly schemaVersion: number | undefined;
  readonly programSchemaVersion: number;
  readonly rows: Readonly<Record<string, number>> | undefined;
  readonly writeAheadLogBytes: number;
  readonly migrationCopies: readonly string[];
  /** Sentences that say what is wrong and what to do. */
  readonly problems: readonly string[];
}

export function diagnosis(found: Diagnosis): string {
  const rows = Object.entries(found.rows ?? {}).map(([table, count]) => `${table} ${count}`);
  const lines = [
    `database  ${found.databasePath}, ${found.databaseBytes} bytes, schema ${found.schemaVersion ?? 'unknown'} of ${found.programSchemaVersion}`,
    `rows      ${rows.join(', ') || 'not readable'}`,
  ];
  if (found.writeAheadLogBytes > 0)
    lines.push(`journal   ${found.writeAheadLogBytes} bytes that the next start takes up`);
  for (const copy of found.migrationCopies) lines.push(`copy      ${copy}, from before a migration`);
  if (found.problems.length === 0) lines.push('', 'nothing is wrong');
  else
    lines.push(
      '',
      `${found.problems.length} problem${found.problems.length === 1 ? '' : 's'}:`,
      ...found.problems.map((problem) => `- ${problem}`),
    );
  return lines.join('\n');
}
