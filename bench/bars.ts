/** What the benchmark has to show, and whether it does. */
import type { Measurement, Report } from './report.ts';

export interface Bar {
  readonly what: string;
  readonly value: number;
  /** The value must be at least, or at most, this. */
  readonly least?: number;
  readonly most?: number;
}

/** Requests per CPU-second against the bare echo, by number of connections. */
export const perCpuBars: Readonly<Record<number, number>> = { 16: 0.22, 64: 0.3 };
const durableCostBars: Readonly<Record<number, number>> = { 16: 0.4, 64: 0.1 };
const dataPlane: ReadonlySet<string> = new Set(['Encrypt 32 B', 'Decrypt 32 B', 'GenerateDataKey']);

export const isMet = ({
  value,
  least = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
}: Bar): boolean => value >= least && value <= most;

export function barsOf({ throughput, start, growth }: Report): readonly Bar[] {
  const bars: Bar[] = [];
  const of = (scenario: string, connections: number): Measurement | undefined =>
    throughput.find((each) => each.scenario === scenario && each.connections === connections);
  for (const measurement of throughput) {
    const { scenario, connections, perCpuOverEcho, p99OverP50, perSecondOverUndurable } = measurement;
    const at = `${scenario}, ${connections} connections`;
    const least = perCpuBars[connections];
    if (least === undefined) continue;
    if (dataPlane.has(scenario)) {
      bars.push({ what: `${at}: requests per CPU-second against the echo`, value: perCpuOverEcho, least });
    }
    if (scenario === 'Encrypt 32 B') {
      const most = durableCostBars[connections] ?? 1;
      const value = 1 - perSecondOverUndurable;
      bars.push({ what: `${at}: requests per second that durable audit costs`, value, most });
    }
    if (scenario === 'DescribeKey') {
      const value = perCpuOverEcho / (of('Encrypt 32 B', connections)?.perCpuOverEcho ?? Number.NaN);
      bars.push({ what: `${at}: requests per CPU-second against Encrypt`, value, least: 1 });
    }
    if (connections === 64 && (dataPlane.has(scenario) || scenario === 'DescribeKey')) {
      bars.push({ what: `${at}: p99 over p50`, value: p99OverP50, most: 3 });
    }
  }
  for (const { name, overEcho, idleMiB } of start) {
    if (!name.includes('with data')) continue;
    bars.push({ what: `${name}: time against the echo`, value: overEcho, most: 2 });
    bars.push({ what: `${name}: resident MiB when idle`, value: idleMiB, most: 100 });
  }
  const fewest = growth[0];
  for (const { keys, p50Ms } of growth.slice(1)) {
    const value = p50Ms / (fewest?.p50Ms ?? Number.NaN);
    bars.push({ what: `Encrypt p50 with ${keys} keys against ${fewest?.keys}`, value, most: 1.25 });
  }
  return bars;
}
