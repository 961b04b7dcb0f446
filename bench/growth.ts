/** Start, memory and Encrypt's p50 as the number of keys grows, in one server restarted in between. */
import { join } from 'node:path';
import { runLoad } from './load.ts';
import { residentMiB } from './process-stats.ts';
import type { GrowthNumbers } from './report.ts';
import { createKey, plaintext, signer, startHoldfast } from './server-process.ts';
import { median, type Settings } from './settings.ts';
import { call, signedRequest } from './signed-requests.ts';
import { measure } from './throughput.ts';

/** As many as are made while one signature is good. */
const keysPerSignature = 10_000;
const settleMs = 500;
const connections = 16;

export async function measureGrowth(
  directory: string,
  launcher: string,
  settings: Settings,
): Promise<GrowthNumbers[]> {
  const data = ['--data-dir', join(directory, 'growth')];
  const growth: GrowthNumbers[] = [];
  let KeyId = '';
  let made = 0;
  for (const wanted of settings.keyCounts) {
    const filling = await startHoldfast(launcher, data);
    if (made === 0) {
      KeyId = await createKey(filling.port);
      made = 1;
    }
    // The quota of an account in a Region is 100,000: the key that is measured counts as one of them.
    while (made < wanted) {
      const request = await signedRequest(signer, filling.port, 'CreateKey', {});
      const requestsMax = Math.min(keysPerSignature, wanted - made);
      const load = { port: filling.port, requests: [request], connections: Math.min(64, requestsMax) };
      made += (await runLoad({ ...load, seconds: 240, requestsMax })).requests;
    }
    await filling.stop();

    const startedAt = performance.now();
    const server = await startHoldfast(launcher, data);
    const input = { KeyId, Plaintext: plaintext(32) };
    await call(signer, server.port, 'Encrypt', input);
    const startMs = performance.now() - startedAt;
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const idleMiB = residentMiB(server.pid);
    const request = await signedRequest(signer, server.port, 'Encrypt', input);
    await runLoad({
      port: server.port,
      requests: [request],
      connections: 64,
      seconds: 60,
      requestsMax: settings.warmUpRequests,
    });
    const p50s: number[] = [];
    for (let round = 0; round < settings.rounds; round += 1) {
      p50s.push((await measure(server, request, connections, settings.seconds)).p50Ms);
    }
    await server.stop();
    growth.push({ keys: wanted, startMs, idleMiB, p50Ms: median(p50s) });
    console.error(`${wanted} keys: done`);
  }
  return growth;
}
