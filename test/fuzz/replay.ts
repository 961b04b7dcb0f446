/**
 * Sends requests of a fuzzing run again, to a server that is as the run's was at its beginning, and prints
 * what each asked and what was answered.
 *
 *     node test/fuzz/replay.ts SEED INDEX [LAST]
 */
import { whatIsWrong } from './check-answer.ts';
import { fuzzedRequest } from './fuzz-request.ts';
import { openFuzzWorld } from './fuzz-world.ts';
import { exchange, HttpConnection } from './http-connection.ts';

const [seed = Number.NaN, first = Number.NaN, last = first] = process.argv.slice(2).map(Number);
if (![seed, first, last].every(Number.isInteger)) {
  console.error('usage: node test/fuzz/replay.ts SEED INDEX [LAST]');
  process.exit(2);
}
const world = await openFuzzWorld();
try {
  const connection = new HttpConnection(world.server.port);
  for (let index = first; index <= last; index += 1) {
    const request = fuzzedRequest(seed, index, world, Date.now());
    console.log(
      `--- ${index}: ${request.operation} (${request.kind})\n${request.bytes.toString('latin1')}\n`,
    );
    const answers =
      request.kind === 'bytes'
        ? await exchange(world.server.port, request.bytes)
        : [await connection.ask(request.bytes, request.isHead)];
    for (const answer of answers) {
      const wrong = whatIsWrong(request, answer);
      console.log(`${answer.status} ${answer.body}${wrong === undefined ? '' : `\nWRONG: ${wrong}`}\n`);
    }
  }
  connection.close();
} finally {
  const output = world.server.output();
  await world.close();
  if (/"level":"(error|fatal)"/.test(output)) console.log(output);
}
