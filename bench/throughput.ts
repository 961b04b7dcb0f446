/** Requests and CPU time of the three servers, for every scenario at every number of connections. */
import { join } from 'node:path';
import { type LoadResult, runLoad } from './load.ts';
import { cpuSeconds } from './process-stats.ts';
import type { Measurement, ServerNumbers } from './report.ts';
import {
  createKey,
  plaintext,
  type ServerProcess,
  signer,
  sourceLauncher,
  startEcho,
  startHoldfast,
} from './server-process.ts';
import { median, type Settings } from './settings.ts';
import { call, signedRequest } from './signed-requests.ts';

interface Scenario {
  readonly name: string;
  readonly operation: string;
  readonly input: (port: number, keyId: string) => Promise<object>;
}

const ciphertext = async (port: number, KeyId: string, bytes: number): Promise<object> => {
  const input = { KeyId, Plaintext: plaintext(bytes) };
  const { CiphertextBlob } = await call<{ CiphertextBlob: string }>(signer, port, 'Encrypt', input);
  return { CiphertextBlob };
};

const encrypt = (bytes: number) => async (_port: number, KeyId: string) => ({
  KeyId,
  Plaintext: plaintext(bytes),
});

const scenarios: readonly Scenario[] = [
  { name: 'Encrypt 32 B', operation: 'Encrypt', input: encrypt(32) },
  { name: 'Encrypt 4 KiB', operation: 'Encrypt', input: encrypt(4096) },
  { name: 'Decrypt 32 B', operation: 'Decrypt', input: (port, keyId) => ciphertext(port, keyId, 32) },
  { name: 'Decrypt 4 KiB', operation: 'Decrypt', input: (port, keyId) => ciphertext(port, keyId, 4096) },
  {
    name: 'GenerateDataKey',
    operation: 'GenerateDataKey',
    input: async (_port, KeyId) => ({ KeyId, KeySpec: 'AES_256' }),
  },
  { name: 'DescribeKey', operation: 'DescribeKey', input: async (_port, KeyId) => ({ KeyId }) },
];

interface Server {
  readonly name: 'echo' | 'holdfast' | 'undurable';
  readonly process: ServerProcess;
  /** Where the input comes from: the echo is sent what Holdfast is sent. */
  readonly inputPort: number;
  readonly keyId: string;
}

export async function measureThroughput(
  directory: string,
  echoPath: string,
  settings: Settings,
): Promise<Measurement[]> {
  const started: ServerProcess[] = [];
  const keep = async (starting: Promise<ServerProcess>): Promise<ServerProcess> => {
    const server = await starting;
    started.push(server);
    return server;
  };
  try {
    const echo = await keep(startEcho(echoPath));
    const durable = await keep(startHoldfast(sourceLauncher, ['--data-dir', join(directory, 'durable')]));
    const undurableArgs = ['--data-dir', join(directory, 'undurable'), '--no-durable-audit'];
    const undurable = await keep(startHoldfast(sourceLauncher, undurableArgs));
    const keyId = await createKey(durable.port);
    const servers: readonly Server[] = [
      { name: 'echo', process: echo, inputPort: durable.port, keyId },
      { name: 'holdfast', process: durable, inputPort: durable.port, keyId },
      {
        name: 'undurable',
        process: undurable,
        inputPort: undurable.port,
        keyId: await createKey(undurable.port),
      },
    ];
    const measurements: Measurement[] = [];
    for (const [index, scenario] of scenarios.entries()) {
      // What all scenarios have in common is warmed with the first.
      const warmUpRequests = index === 0 ? 2 * settings.warmUpRequests : settings.warmUpRequests;
      for (const server of servers) await warmUp(server, scenario, warmUpRequests);
      for (const connections of settings.connections) {
        measurements.push(await measureScenario(servers, scenario, connections, settings));
        console.error(`${scenario.name}, ${connections} connections: done`);
      }
    }
    return measurements;
  } finally {
    for (const server of started) await server.stop();
  }
}

/** Signed when it is needed, because a signature is good for five minutes. */
async function requestFor(
  { process, inputPort, keyId }: Server,
  { operation, input }: Scenario,
): Promise<Buffer> {
  return signedRequest(signer, process.port, operation, await input(inputPort, keyId));
}

async function warmUp(server: Server, scenario: Scenario, requestsMax: number): Promise<void> {
  const request = await requestFor(server, scenario);
  await runLoad({
    port: server.process.port,
    requests: [request],
    connections: 64,
    seconds: 60,
    requestsMax,
  });
}

async function measureScenario(
  servers: readonly Server[],
  scenario: Scenario,
  connections: number,
  settings: Settings,
): Promise<Measurement> {
  const requests = await Promise.all(servers.map((server) => requestFor(server, scenario)));
  const rounds: Record<Server['name'], ServerNumbers>[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    const numbers: ServerNumbers[] = [];
    for (const [index, { process }] of servers.entries()) {
      const request = requests[index] ?? Buffer.alloc(0);
      numbers.push(await measure(process, request, connections, settings.seconds));
    }
    const [echo, holdfast, undurable] = numbers;
    if (echo && holdfast && undurable) rounds.push({ echo, holdfast, undurable });
  }
  const over = (ratio: (round: (typeof rounds)[number]) => number): number => median(rounds.map(ratio));
  const medians = (name: Server['name']): ServerNumbers => ({
    perSecond: over((round) => round[name].perSecond),
    perCpuSecond: over((round) => round[name].perCpuSecond),
    p50Ms: over((round) => round[name].p50Ms),
    p99Ms: over((round) => round[name].p99Ms),
  });
  return {
    scenario: scenario.name,
    connections,
    perCpuOverEcho: over(({ holdfast, echo }) => holdfast.perCpuSecond / echo.perCpuSecond),
    perSecondOverEcho: over(({ holdfast, echo }) => holdfast.perSecond / echo.perSecond),
    perSecondOverUndurable: over(({ holdfast, undurable }) => holdfast.perSecond / undurable.perSecond),
    p99OverP50: over(({ holdfast }) => holdfast.p99Ms / holdfast.p50Ms),
    echo: medians('echo'),
    holdfast: medians('holdfast'),
    undurable: medians('undurable'),
  };
}

export async function measure(
  server: ServerProcess,
  request: Buffer,
  connections: number,
  seconds: number,
): Promise<ServerNumbers> {
  const before = cpuSeconds(server.pid);
  const result: LoadResult = await runLoad({ port: server.port, requests: [request], connections, seconds });
  const cpu = cpuSeconds(server.pid) - before;
  return {
    perSecond: result.requests / result.seconds,
    perCpuSecond: result.requests / cpu,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}
