/** What `holdfast dev` and `holdfast server` print when they are ready. */
export interface Ready {
  readonly version: string;
  readonly url: string;
  readonly region: string;
  readonly dataDirectory: string;
  readonly logPublicKey: string;
}

export interface ShownCredential {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Lines to paste into a shell, for every AWS tool: the operator's credential, and how many there are besides. */
export function devReady(
  ready: Ready,
  credential: ShownCredential,
  further: number,
  rootKeyPath: string | undefined,
): string {
  return [
    `Holdfast ${ready.version} is ready at ${ready.url}`,
    '',
    `  export AWS_ENDPOINT_URL=${ready.url}`,
    `  export AWS_ACCESS_KEY_ID=${credential.accessKeyId}`,
    `  export AWS_SECRET_ACCESS_KEY=${credential.secretAccessKey}`,
    `  export AWS_REGION=${ready.region} AWS_DEFAULT_REGION=${ready.region}`,
    `  export HOLDFAST_LOG_KEY=${ready.logPublicKey}`,
    '',
    `account  ${credential.accountId}${further > 0 ? `, and ${further} more` : ''}`,
    `data     ${ready.dataDirectory}`,
    `log key  ${ready.logPublicKey}`,
    ...(rootKeyPath === undefined
      ? []
      : [
          '',
          `For development only: the root key lies beside the data (${rootKeyPath}). Who can read the disk can read every key.`,
        ]),
  ].join('\n');
}

export const serverReady = (ready: Ready): string =>
  [
    `Holdfast ${ready.version} is ready at ${ready.url}`,
    `data     ${ready.dataDirectory}`,
    `log key  ${ready.logPublicKey}`,
  ].join('\n');

export interface Initialized extends ShownCredential {
  readonly installationId: string;
  readonly dataDirectory: string;
  readonly logPublicKey: string;
}

/** What `holdfast init` prints once: the secret is not shown again. */
export const initialized = (made: Initialized): string =>
  [
    `installation  ${made.installationId}`,
    `data          ${made.dataDirectory}`,
    `log key       ${made.logPublicKey}`,
    '',
    `The root of account ${made.accountId}. The secret is shown this once:`,
    '',
    `  export AWS_ACCESS_KEY_ID=${made.accessKeyId}`,
    `  export AWS_SECRET_ACCESS_KEY=${made.secretAccessKey}`,
    `  export HOLDFAST_LOG_KEY=${made.logPublicKey}`,
    '',
    'Keep the log key where the server cannot change it: with it, anyone can verify the log.',
  ].join('\n');
