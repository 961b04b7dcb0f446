/**
 * `make bench`: what Holdfast costs against a bare `node:http` echo, and what durable audit costs,
 * in one run on one machine. Machines differ and drift, so only the ratios mean anything: each round
 * measures all three servers one after the other, and the median over the rounds is reported.
 *
 *     HOLDFAST_BENCH_SECONDS=2 HOLDFAST_BENCH_ROUNDS=3 HOLDFAST_BENCH_KEYS=0,10000,100000
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LoadResult, runLoad } from './load.ts';
import { cpuSeconds, residentMiB } from './process-stats.ts';
import { type Measurement, plot, type Report, toMarkdown } from './report.ts';
import { type ServerProcess, signer, startEcho, startHoldfast } from './server-process.ts';
import { call, signedRequest } from './signed-requests.ts';

const secondsEach = Number(process.env['HOLDFAST_BENCH_SECONDS'] ?? 2);
const rounds = Number(process.env['HOLDFAST_BENCH_ROUNDS'] ?? 3);
const keyCounts = (process.env['HOLDFAST_BENCH_KEYS'] ?? '0,10000,100000').split(',').map(Number);
const connectionCounts = [1, 16, 64];
/** A server is warm by requests, not by time: the first few hundred run unoptimised code. */
const warmUpSeconds = 1.5;

interface Scenario {
  readonly name: string;
  readonly operation: string;
  readonly input: (port: number, keyId: string) => Promise<object>;
}

const plaintext = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

const ciphertext = async (port: number, keyId: string, bytes: number): Promise<object> => {
  const { CiphertextBlob } = await call<{ CiphertextBlob: string }>(signer, port, 'Encrypt', {
    KeyId: keyId,
    Plaintext: plaintext(bytes),
  });
  return { CiphertextBlob };
};

const scenarios: readonly Scenario[] = [
  {
    name: 'Encrypt 32 B',
    operation: 'Encrypt',
    input: async (_port, KeyId) => ({ KeyId, Plaintext: plaintext(32) }),
  },
  {
    name: 'Encrypt 4 KiB',
    operation: 'Encrypt',
    input: async (_port, KeyId) => ({ KeyId, Plaintext: plaintext(4096) }),
  },
  { name: 'Decrypt 32 B', operation: 'Decrypt', input: (port, keyId) => ciphertext(port, keyId, 32) },
  { name: 'Decrypt 4 KiB', operation: 'Decrypt', input: (port, keyId) => ciphertext(port, keyId, 4096) },
  {
    name: 'GenerateDataKey',
    operation: 'GenerateDataKey',
    input: async (_port, KeyId) => ({ KeyId, KeySpec: 'AES_256' }),
  },
  { name: 'DescribeKey', operation: 'DescribeKey', input: async (_port, KeyId) => ({ KeyId }) },
];

async function createKey(port: number): Promise<string> {
  const { KeyMetadata } = await call<{ KeyMetadata: { KeyId: string } }>(signer, port, 'CreateKey', {});
  return KeyMetadata.KeyId;
}

async function measure(
  server: ServerProcess,
  request: Buffer,
  connections: number,
  seconds: number,
): Promise<LoadResult & { cpu: number }> {
  const before = cpuSeconds(server.pid);
  const result = await runLoad({ port: server.port, requests: [request], connections, seconds });
  return { ...result, cpu: cpuSeconds(server.pid) - before };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Three servers, every scenario at every number of connections, in rounds. */
async function measureThroughput(directory: string): Promise<Measurement[]> {
  const echo = await startEcho();
  const durable = await startHoldfast(['--data-dir', join(directory, 'durable')]);
  const undurable = await startHoldfast(['--data-dir', join(directory, 'undurable'), '--no-durable-audit']);
  const measurements: Measurement[] = [];
  try {
    const durableKey = await createKey(durable.port);
    const undurableKey = await createKey(undurable.port);
    for (const { name, operation, input } of scenarios) {
      for (const connections of connectionCounts) {
        // Signed anew for each, because a signature is good for five minutes only.
        const servers = [
          {
            name: 'echo',
            server: echo,
            request: await signedRequest(signer, echo.port, operation, await input(durable.port, durableKey)),
          },
          {
            name: 'holdfast',
            server: durable,
            request: await signedRequest(
              signer,
              durable.port,
              operation,
              await input(durable.port, durableKey),
            ),
          },
          {
            name: 'undurable',
            server: undurable,
            request: await signedRequest(
              signer,
              undurable.port,
              operation,
              await input(undurable.port, undurableKey),
            ),
          },
        ] as const;
        if (connections === connectionCounts[0]) {
          for (const { server, request } of servers) await measure(server, request, 16, warmUpSeconds);
        }
        const results = new Map<string, (LoadResult & { cpu: number })[]>();
        for (let round = 0; round < rounds; round += 1) {
          for (const { name: server, server: process, request } of servers) {
            const list = results.get(server) ?? [];
            list.push(await measure(process, request, connections, secondsEach));
            results.set(server, list);
          }
        }
        const of = (server: string, value: (result: LoadResult & { cpu: number }) => number): number =>
          median((results.get(server) ?? []).map(value));
        const perSecond = (result: LoadResult): number => result.requests / result.seconds;
        const perCpuSecond = (result: LoadResult & { cpu: number }): number => result.requests / result.cpu;
        measurements.push({
          scenario: name,
          connections,
          servers: Object.fromEntries(
            ['echo', 'holdfast', 'undurable'].map((server) => [
              server,
              {
                perSecond: of(server, perSecond),
                perCpuSecond: of(server, perCpuSecond),
                p50Ms: of(server, (result) => result.p50Ms),
                p99Ms: of(server, (result) => result.p99Ms),
              },
            ]),
          ),
        });
        console.log(`${name}, ${connections} connections: done`);
      }
    }
  } finally {
    await Promise.all([echo.stop(), durable.stop(), undurable.stop()]);
  }
  return measurements;
}

/** From the start of the process to the answer of the first request, in milliseconds. */
async function measureStart(directory: string): Promise<Report['start']> {
  const data = join(directory, 'start');
  const first = await startHoldfast(['--data-dir', data]);
  const keyId = await createKey(first.port);
  await first.stop();
  const echoMs: number[] = [];
  const holdfastMs: number[] = [];
  const emptyMs: number[] = [];
  let idleMiB = 0;
  for (let round = 0; round < Math.max(3, rounds); round += 1) {
    let startedAt = performance.now();
    const echo = await startEcho();
    await fetch(`http://127.0.0.1:${echo.port}/`, { method: 'POST', body: '{}' });
    echoMs.push(performance.now() - startedAt);
    await echo.stop();
    startedAt = performance.now();
    const holdfast = await startHoldfast(['--data-dir', data]);
    await call(signer, holdfast.port, 'Encrypt', { KeyId: keyId, Plaintext: plaintext(32) });
    holdfastMs.push(performance.now() - startedAt);
    idleMiB = residentMiB(holdfast.pid);
    await holdfast.stop();
    startedAt = performance.now();
    const empty = await startHoldfast(['--ephemeral']);
    const fresh = await createKey(empty.port);
    await call(signer, empty.port, 'Encrypt', { KeyId: fresh, Plaintext: plaintext(32) });
    emptyMs.push(performance.now() - startedAt);
    await empty.stop();
  }
  return { echoMs: median(echoMs), holdfastMs: median(holdfastMs), emptyMs: median(emptyMs), idleMiB };
}

/** Memory, start and Encrypt's p50 as the number of keys grows, in one server restarted in between. */
async function measureGrowth(directory: string): Promise<Report['growth']> {
  const data = join(directory, 'growth');
  const growth: Report['growth'][number][] = [];
  let made = 0;
  let keyId = '';
  for (const keys of keyCounts) {
    if (keys > made || keyId === '') {
      const server = await startHoldfast(['--data-dir', data]);
      if (keyId === '') keyId = await createKey(server.port);
      while (made < keys) {
        const request = await signedRequest(signer, server.port, 'CreateKey', {});
        const { requests } = await runLoad({
          port: server.port,
          requests: [request],
          connections: 64,
          seconds: Math.min(60, 1 + (keys - made) / 5000),
        });
        made += requests;
      }
      await server.stop();
    }
    const startedAt = performance.now();
    const server = await startHoldfast(['--data-dir', data]);
    const startMs = performance.now() - startedAt;
    const request = await signedRequest(signer, server.port, 'Encrypt', {
      KeyId: keyId,
      Plaintext: plaintext(32),
    });
    const idleMiB = residentMiB(server.pid);
    await measure(server, request, 16, warmUpSeconds);
    const { p50Ms } = await measure(server, request, 16, secondsEach);
    await server.stop();
    growth.push({ keys: made, startMs, idleMiB, p50Ms });
    console.log(`${made} keys: done`);
  }
  return growth;
}

const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
try {
  const report: Report = {
    date: new Date().toISOString(),
    node: process.version,
    secondsEach,
    rounds,
    throughput: await measureThroughput(directory),
    start: await measureStart(directory),
    growth: await measureGrowth(directory),
  };
  const results = fileURLToPath(new URL('results/', import.meta.url));
  mkdirSync(results, { recursive: true });
  const markdown = toMarkdown(report);
  writeFileSync(join(results, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(results, 'report.md'), markdown);
  writeFileSync(join(results, 'report.svg'), plot(report));
  console.log(markdown);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
