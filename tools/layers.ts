/**
 * The layers of `src/`, top row first, and the powers that only some folders hold: the one table that
 * `check-layers.ts` enforces. A folder imports itself and lower rows only, type imports included;
 * folders in one row do not meet. `docs/architecture.md` says why the rows are in this order.
 */
export const rows: readonly (readonly string[])[] = [
  ['main.ts'],
  ['cli'],
  ['http'],
  ['pipeline', 'jobs'],
  ['protocol', 'authn'],
  ['operations'],
  ['authz'],
  ['analyzer', 'checks'],
  ['audit'],
  ['keys'],
  ['identity'],
  ['policy', 'tlog'],
  ['keystore', 'seal', 'storage'],
  ['crypto'],
  ['config', 'model'],
  ['base'],
];

/** The one folder that may use `node:crypto`. */
export const cryptoFolder = 'crypto';

/**
 * Folders that may name the type of a native key object, and nothing else of `node:crypto`: those that hold
 * key material, secret access keys (`identity`, `authn`) or the log's signing key (`tlog`).
 */
export const keyObjectFolders: readonly string[] = ['keystore', 'seal', 'keys', 'identity', 'authn', 'tlog'];

/** Implementations behind an interface. Only `main.ts` knows which are in use. */
export const providers: Readonly<Record<string, readonly string[]>> = {
  storage: ['sqlite', 'postgres'],
  keystore: ['software', 'pkcs11', 'xks'],
  seal: ['file', 'passphrase'],
};

/**
 * Where the program starts: the command, and the threads it starts by file name. All else is reached from
 * here, but for the part of the log's public format that auditors use and the server itself does not:
 * proofs and tiles, held to the Go implementation in `test/tlog/`.
 */
export const entries: readonly string[] = [
  'main.ts',
  'storage/sqlite/worker.ts',
  'tlog/proof.ts',
  'tlog/tile.ts',
];
