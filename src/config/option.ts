/** What is known of one option: enough to parse it, to name its environment variable and to explain it. */
export interface Option {
  /** As typed after `--`. */
  readonly name: string;
  /** What stands for the value in help; absent for an option without one. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly help: string;
  /** What holds when it is not given, as text; shown in help. */
  readonly fallback?: string;
  /** Its environment variable, where that is not `HOLDFAST_` and the name; false for none. */
  readonly env?: string | false;
  readonly section: Section;
  /** The commands that take it. */
  readonly commands: readonly string[];
  /** Gives up something that `server` promises, so `server` refuses it wherever it comes from. */
  readonly relaxation?: true;
  /** Its value is a secret: as an argument every process of the machine could read it. */
  readonly secret?: true;
  /** Bounds of a whole number. */
  readonly min?: number;
  readonly max?: number;
}

export const sections = [
  'Network',
  'State and root key',
  'Accounts and credentials',
  'For tests: never in production',
  'Limits of the listener',
  'Quotas',
  'Calling a server',
  'Audit log',
  'Output',
] as const;
export type Section = (typeof sections)[number];

export const variableOf = ({ name, env }: Option): string | undefined =>
  env === false ? undefined : (env ?? `HOLDFAST_${name.toUpperCase().replaceAll('-', '_')}`);
