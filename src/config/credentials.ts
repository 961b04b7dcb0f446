/** Root credentials given from outside: of the operator's account, and of further accounts. */
import { isAccountId } from '../base/arn.ts';
import type { OptionReader } from './option-reader.ts';
import { parseSecretSource, readSecretSource } from './secret-source.ts';
import { SecretText } from './secret-text.ts';

export interface Credential {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: SecretText;
}

const credentialsMax = 1_000;
/** As long as the service's own. `dev` takes what tests have, such as `test`. */
const serverSecretLengthMin = 32;

/** The operator's credential first, when there is one. Messages never contain a secret. */
export function readCredentials(
  command: string,
  accountId: string,
  read: OptionReader,
  problems: string[],
): readonly Credential[] {
  const credentials: Credential[] = [];
  const add = (source: string, account: string, accessKeyId: string, secret: string): void => {
    if (!isAccountId(account)) problems.push(`${source} must begin with an account id of 12 digits`);
    else if (!/^\w{1,128}$/.test(accessKeyId)) {
      problems.push(`${source} must have an access key id of 1 to 128 letters, digits and underscores`);
    } else if (!/^[\x21-\x7e]{1,256}$/.test(secret)) {
      problems.push(`${source} must have a secret of 1 to 256 printable characters without spaces`);
    } else if (command !== 'dev' && secret.length < serverSecretLengthMin) {
      problems.push(
        `${source} has a secret that can be guessed: take at least ${serverSecretLengthMin} random characters`,
      );
    } else if (credentials.some((credential) => credential.accessKeyId === accessKeyId)) {
      problems.push(`the access key id \`${accessKeyId}\` is given twice`);
    } else credentials.push({ accountId: account, accessKeyId, secretAccessKey: new SecretText(secret) });
  };

  const accessKeyId = read.optional('access-key-id');
  const secret = readSecret(read, problems);
  if (accessKeyId !== undefined && secret !== undefined) {
    add(`${read.source('access-key-id')} with its secret`, accountId, accessKeyId, secret);
  } else if (accessKeyId !== undefined && !read.flag('secret-access-key-file')) {
    problems.push(
      '`--access-key-id` needs its secret: set HOLDFAST_SECRET_ACCESS_KEY or add `--secret-access-key-file FILE`',
    );
  } else if (secret !== undefined && accessKeyId === undefined) {
    problems.push('a secret access key needs its id: add `--access-key-id ID`');
  }
  for (const text of read.texts('credential')) addLine(read.source('credential'), text, add, problems);
  for (const [index, line] of readFile('credentials-file', read, problems).split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    addLine(`line ${index + 1} of ${read.source('credentials-file')}`, line.trim(), add, problems);
  }
  if (credentials.length > credentialsMax) problems.push(`more than ${credentialsMax} credentials are given`);
  return credentials;
}

function addLine(
  source: string,
  text: string,
  add: (source: string, account: string, accessKeyId: string, secret: string) => void,
  problems: string[],
): void {
  const [account = '', accessKeyId = '', ...secret] = text.split(':');
  if (secret.length === 0) problems.push(`${source} must have the form ACCOUNT:ID:SECRET`);
  else add(source, account, accessKeyId, secret.join(':'));
}

function readSecret(read: OptionReader, problems: string[]): string | undefined {
  return read.either('secret-access-key', 'secret-access-key-file') === 'secret-access-key-file'
    ? readFile('secret-access-key-file', read, problems) || undefined
    : read.optional('secret-access-key');
}

/** The text behind a file option; empty, and a problem, when it cannot be read. */
function readFile(name: string, read: OptionReader, problems: string[]): string {
  const text = read.optional(name);
  if (text === undefined) return '';
  try {
    const bytes = readSecretSource(parseSecretSource(text));
    const secret = bytes.toString('utf8');
    bytes.fill(0);
    return secret;
  } catch (error) {
    problems.push(
      `cannot read ${read.source(name)} \`${text}\`: ${error instanceof Error ? error.message : error}`,
    );
    return '';
  }
}
