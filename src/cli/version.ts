/** `holdfast version`: of the package this program belongs to, and of what it runs on. */
import manifest from '../../package.json' with { type: 'json' };
import type { PlainInvocation } from './command.ts';
import { type ExitCode, say } from './io.ts';

export const holdfastVersion: string = manifest.version;

export async function printVersion({ io, json }: PlainInvocation): Promise<ExitCode> {
  const { node, openssl } = process.versions;
  const facts = { version: holdfastVersion, node, openssl };
  say(
    io.stdout,
    json ? JSON.stringify(facts) : `holdfast ${holdfastVersion} (Node.js ${node}, OpenSSL ${openssl})`,
  );
  return 0;
}
