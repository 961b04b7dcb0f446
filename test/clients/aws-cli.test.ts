/** The AWS CLI, unmodified, through every operation that is built. The README's own lines are in `readme.test.ts`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { builtOperations } from './built-operations.ts';
import { clientEnvironment, type Endpoints, startEndpoints, transports } from './endpoints.ts';
import { runChecks } from './python-program.ts';

let endpoints: Endpoints;
before(async () => {
  endpoints = await startEndpoints();
});
after(() => endpoints.stop());

for (const [kind, transport] of transports) {
  test(`the AWS CLI works through every operation that is built, over ${transport}`, async (t) => {
    const env = clientEnvironment(endpoints[kind]);
    assert.deepEqual(await runChecks(t, 'aws-cli-walk.py', [endpoints.directory], env), builtOperations);
  });
}
