/** `holdfast status`: what a running server says of itself. */
import type { PlainInvocation } from './command.ts';
import { type ExitCode, say } from './io.ts';
import { callOperator } from './operator-client.ts';

export async function status(invocation: PlainInvocation): Promise<ExitCode> {
  const answer = await callOperator(invocation, 'DescribeInstallation', {});
  say(invocation.io.stdout, invocation.json ? JSON.stringify(answer) : report(answer));
  return 0;
}

function report(answer: Readonly<Record<string, unknown>>): string {
  const time = (value: unknown): string =>
    typeof value === 'number' ? new Date(value * 1000).toISOString() : '';
  const domainKeys = Array.isArray(answer.DomainKeys)
    ? answer.DomainKeys.map(
        (each: { Region?: string; Version?: number }) => `${each.Region || 'installation'} ${each.Version}`,
      )
    : [];
  const stale = Number(answer.StaleKeyMaterialCount);
  return [
    `installation  ${answer.InstallationId}`,
    `version       ${answer.Version}, running since ${time(answer.StartTime)}`,
    `clock         ${time(answer.CurrentTime)}`,
    `root key      ${answer.RootKeyId}, held by the seal \`${answer.SealKind}\``,
    `domain keys   ${domainKeys.join(', ')}`,
    `keys          ${answer.KeyCount}${stale > 0 ? `; ${stale} key materials are still to be sealed under the newest domain key` : ''}`,
    `log           ${answer.LogSize} events`,
    `log key       ${answer.LogPublicKey}`,
  ].join('\n');
}
