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
/** As long as the service's own, for what `init` keeps and `server` takes. `dev` takes what tests have, such as `test`. */
const serverSecretLengthMin = 32;

/** The operator's credential first, when there is one. Messages never contain a secret. */
export function readCredentials(
  command: string,
  accountId: string,
  read: OptionReader,
  problems: string[],
): readonly Credential[] {
  const credentials: Credential[] = [];
  /** Takes `secret` over. */
  const add: AddCredential = (source, account, accessKeyId, secret) => {
    if (!isAccountId(account)) problems.push(`${source} must begin with an account id of 12 digits`);
    else if (!/^\w{1,128}$/.test(accessKeyId)) {
      problems.push(`${source} must have an access key id of 1 to 128 letters, digits and underscores`);
    } else if (secret.length < 1 || secret.length > secretLengthMax || !secret.every(isPrintable)) {
      problems.push(
        `${source} must have a secret of 1 to ${secretLengthMax} printable characters without spaces`,
      );
    } else if (command !== 'dev' && secret.length < serverSecretLengthMin) {
      problems.push(
        `${source} has a secret that can be guessed: take at least ${serverSecretLengthMin} random characters`,
      );
    } else if (credentials.some((credential) => credential.accessKeyId === accessKeyId)) {
      problems.push(`the access key id \`${accessKeyId}\` is given twice`);
    } else {
      credentials.push({ accountId: account, accessKeyId, secretAccessKey: new SecretText(secret) });
      return;
    }
    secret.fill(0);
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
  for (const text of read.texts('credential'))
    addLine(read.source('credential'), Buffer.from(text), add, problems);
  const file = readFile('credentials-file', read, problems);
  for (const [index, line] of linesOf(file).entries()) {
    if (line.length === 0 || line[0] === comment) continue;
    addLine(`line ${index + 1} of ${read.source('credentials-file')}`, line, add, problems);
  }
  file.fill(0);
  if (credentials.length > credentialsMax) problems.push(`more than ${credentialsMax} credentials are given`);
  return credentials;
}

type AddCredential = (source: string, account: string, accessKeyId: string, secret: Buffer) => void;

const secretLengthMax = 256;
const isPrintable = (byte: number): boolean => byte >= 0x21 && byte <= 0x7e;
const [comment, colon, lineFeed, space] = [0x23, 0x3a, 0x0a, 0x20];

/** Views of the lines, without the white space around each. */
function linesOf(text: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start <= text.length; ) {
    const lineEnd = text.indexOf(lineFeed, start);
    let end = lineEnd < 0 ? text.length : lineEnd;
    const next = end + 1;
    while (start < end && (text[start] ?? 0) <= space) start += 1;
    while (start < end && (text[end - 1] ?? 0) <= space) end -= 1;
    lines.push(text.subarray(start, end));
    start = next;
  }
  return lines;
}

/** Of `ACCOUNT:ID:SECRET` only the first two parts become strings, and `line` is wiped. */
function addLine(source: string, line: Buffer, add: AddCredential, problems: string[]): void {
  const idAt = line.indexOf(colon) + 1;
  const secretAt = line.indexOf(colon, idAt) + 1;
  if (idAt === 0 || secretAt === 0) problems.push(`${source} must have the form ACCOUNT:ID:SECRET`);
  else {
    const secret = Buffer.allocUnsafeSlow(line.length - secretAt);
    line.copy(secret, 0, secretAt);
    add(source, line.toString('latin1', 0, idAt - 1), line.toString('latin1', idAt, secretAt - 1), secret);
  }
  line.fill(0);
}

function readSecret(read: OptionReader, problems: string[]): Buffer | undefined {
  if (read.either('secret-access-key', 'secret-access-key-file') === 'secret-access-key-file') {
    const secret = readFile('secret-access-key-file', read, problems);
    return secret.length === 0 ? undefined : secret;
  }
  const text = read.optional('secret-access-key');
  return text === undefined ? undefined : Buffer.from(text);
}

/** The bytes behind a file option; none, and a problem, when they cannot be read. */
function readFile(name: string, read: OptionReader, problems: string[]): Buffer {
  const text = read.optional(name);
  if (text === undefined) return Buffer.alloc(0);
  try {
    return readSecretSource(parseSecretSource(text));
  } catch (error) {
    problems.push(
      `cannot read ${read.source(name)} \`${text}\`: ${error instanceof Error ? error.message : error}`,
    );
    return Buffer.alloc(0);
  }
}
