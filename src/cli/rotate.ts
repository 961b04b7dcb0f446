/** `holdfast rotate root` and `holdfast rotate domain-keys`: online, through the server that holds the keys. */
import type { PlainInvocation } from './command.ts';
import { type ExitCode, say } from './io.ts';
import { callOperator } from './operator-client.ts';

export async function rotateRoot(invocation: PlainInvocation): Promise<ExitCode> {
  const answer = await callOperator(invocation, 'RotateRootKey', {});
  const { RootKeyId: now, PreviousRootKeyId: before } = answer;
  say(
    invocation.io.stdout,
    invocation.json
      ? JSON.stringify(answer)
      : `every domain key is sealed under the new root key ${now}; ${before} is destroyed`,
  );
  return 0;
}

export async function rotateDomainKeys(invocation: PlainInvocation): Promise<ExitCode> {
  const { options } = invocation;
  const region = options.optional('region');
  const answer = await callOperator(invocation, 'RotateDomainKey', {
    ...(region === undefined ? {} : { Region: region }),
    ...(options.flag('installation') ? { OfInstallation: true } : {}),
  });
  const where = answer.Region === '' ? 'for the secrets of the installation' : `in ${answer.Region}`;
  say(
    invocation.io.stdout,
    invocation.json
      ? JSON.stringify(answer)
      : `domain key ${answer.Version} seals from now on ${where}; \`holdfast status\` shows what is still to be sealed anew`,
  );
  return 0;
}
