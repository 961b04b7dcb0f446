/**
 * How long and how much the benchmark measures. The whole takes about eight minutes as it stands:
 *
 *     HOLDFAST_BENCH_SECONDS=0.8        of load in one measurement
 *     HOLDFAST_BENCH_ROUNDS=5           measurements of each server in turn, of which the median counts
 *     HOLDFAST_BENCH_CONNECTIONS=1,16,64
 *     HOLDFAST_BENCH_WARM_UP=20000      requests before a server is measured: it is warm by requests, not by time
 *     HOLDFAST_BENCH_STARTS=7           starts of each kind
 *     HOLDFAST_BENCH_KEYS=0,10000,100000
 *     HOLDFAST_BENCH_OUT=bench/results
 */
import { fileURLToPath } from 'node:url';

export interface Settings {
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: readonly number[];
  readonly warmUpRequests: number;
  readonly starts: number;
  readonly keyCounts: readonly number[];
  readonly out: string;
}

export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const numbers = (name: string, otherwise: string): readonly number[] =>
    (environment[`HOLDFAST_BENCH_${name}`] ?? otherwise).split(',').map((text) => {
      const value = Number(text);
      if (!(value >= 0)) throw new Error(`HOLDFAST_BENCH_${name} is not a number: \`${text}\``);
      return value;
    });
  const number = (name: string, otherwise: number): number =>
    numbers(name, String(otherwise))[0] ?? otherwise;
  return {
    seconds: number('SECONDS', 0.8),
    rounds: number('ROUNDS', 5),
    connections: numbers('CONNECTIONS', '1,16,64'),
    warmUpRequests: number('WARM_UP', 20_000),
    starts: number('STARTS', 7),
    keyCounts: numbers('KEYS', '0,10000,100000'),
    out: environment.HOLDFAST_BENCH_OUT ?? fileURLToPath(new URL('results', import.meta.url)),
  };
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
