/** boto3, unmodified, through every operation that is built. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { builtOperations } from './built-operations.ts';
import {
  clientEnvironment,
  type Endpoints,
  neighbourEnvironment,
  startEndpoints,
  transports,
} from './endpoints.ts';
import { runChecks } from './python-program.ts';

let endpoints: Endpoints;
before(async () => {
  endpoints = await startEndpoints();
});
after(() => endpoints.stop());

for (const [kind, transport] of transports) {
  test(`boto3 works through every operation that is built, over ${transport}`, async (t) => {
    const endpoint = endpoints[kind];
    const env = { ...clientEnvironment(endpoint), ...neighbourEnvironment() };
    assert.deepEqual(await runChecks(t, 'boto3-walk.py', [], env), builtOperations);
  });
}
