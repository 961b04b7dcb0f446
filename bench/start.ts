/** From the start of the process to the answer to the first request, and the memory it holds then. */
import { join } from 'node:path';
import { residentMiB } from './process-stats.ts';
import type { StartNumbers } from './report.ts';
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
import { call } from './signed-requests.ts';

interface Kind {
  readonly name: string;
  start(): Promise<ServerProcess>;
  firstRequest(port: number): Promise<unknown>;
}

/** Long enough for what a start leaves to be done after the first answer. */
const settleMs = 500;

export async function measureStart(
  directory: string,
  echoPath: string,
  release: string,
  settings: Settings,
): Promise<StartNumbers[]> {
  const data = ['--data-dir', join(directory, 'start')];
  // Makes the data, and compiles the sources as any earlier start has.
  const first = await startHoldfast(sourceLauncher, data);
  const KeyId = await createKey(first.port);
  await first.stop();
  const encrypt = (port: number) => call(signer, port, 'Encrypt', { KeyId, Plaintext: plaintext(32) });
  const kinds: readonly Kind[] = [
    {
      name: 'bare echo, first answer',
      start: () => startEcho(echoPath),
      firstRequest: async (port) =>
        (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' })).text(),
    },
    {
      name: 'release with data, first Encrypt',
      start: () => startHoldfast(release, data),
      firstRequest: encrypt,
    },
    {
      name: 'sources with data, first Encrypt',
      start: () => startHoldfast(sourceLauncher, data),
      firstRequest: encrypt,
    },
    {
      name: 'release without data, first CreateKey and Encrypt',
      start: () => startHoldfast(release, ['--ephemeral']),
      firstRequest: async (port) =>
        call(signer, port, 'Encrypt', { KeyId: await createKey(port), Plaintext: plaintext(32) }),
    },
  ];
  const times = new Map<string, number[]>();
  const memory = new Map<string, number[]>();
  for (let round = 0; round < settings.starts; round += 1) {
    for (const { name, start, firstRequest } of kinds) {
      const startedAt = performance.now();
      const server = await start();
      await firstRequest(server.port);
      times.set(name, [...(times.get(name) ?? []), performance.now() - startedAt]);
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      memory.set(name, [...(memory.get(name) ?? []), residentMiB(server.pid)]);
      await server.stop();
    }
  }
  const all = kinds.map(({ name }) => ({
    name,
    ms: median(times.get(name) ?? []),
    idleMiB: median(memory.get(name) ?? []),
  }));
  const echoMs = all[0]?.ms ?? Number.NaN;
  return all.map((numbers) => ({ ...numbers, overEcho: numbers.ms / echoMs }));
}
