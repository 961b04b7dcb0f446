/** A run of the benchmark: its numbers, and the same as Markdown for people. */
import { barsOf, isMet, perCpuBars } from './bars.ts';

export interface ServerNumbers {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Measurement {
  readonly scenario: string;
  readonly connections: number;
  /** Each the median of the ratios within the rounds. */
  readonly perCpuOverEcho: number;
  readonly perSecondOverEcho: number;
  readonly perSecondOverUndurable: number;
  readonly p99OverP50: number;
  readonly echo: ServerNumbers;
  readonly holdfast: ServerNumbers;
  /** Holdfast whose audit log is written but not flushed. */
  readonly undurable: ServerNumbers;
}

export interface StartNumbers {
  readonly name: string;
  readonly ms: number;
  readonly overEcho: number;
  readonly idleMiB: number;
}

export interface GrowthNumbers {
  readonly keys: number;
  readonly startMs: number;
  readonly idleMiB: number;
  readonly p50Ms: number;
}

export interface Report {
  readonly date: string;
  readonly node: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly throughput: readonly Measurement[];
  readonly start: readonly StartNumbers[];
  readonly growth: readonly GrowthNumbers[];
  readonly tookSeconds: number;
}

type Cell = string | number;

export function toMarkdown(report: Report): string {
  const { throughput, start, growth } = report;
  const fewest = growth[0];
  return `# Benchmark

${report.date}, Node ${report.node}, ${report.rounds} rounds of ${report.seconds} s, ${report.tookSeconds} s in all. Ratios are within a round of this run; the absolute numbers say more about the machine.

## To reach

${table(
  ['what', 'is', 'to reach', ''],
  barsOf(report).map((bar) => [
    bar.what,
    bar.value.toFixed(2),
    bar.least === undefined ? `at most ${bar.most}` : `at least ${bar.least}`,
    isMet(bar) ? 'yes' : '**no**',
  ]),
)}

## Requests

Everything on: signature, validation, decision, encryption, durable audit. "Without" is the same without a flush of the audit log before the answer.

${table(
  [
    'scenario',
    'connections',
    'per CPU-second / echo',
    'to reach',
    'per second / echo',
    'per second / without',
    'per second',
    'per CPU-second',
    'p50 ms',
    'p99 ms',
    'p99 / p50',
    'echo per second',
    'echo per CPU-second',
    'echo p50 ms',
    'echo p99 ms',
    'without per second',
    'without p50 ms',
    'without p99 ms',
  ],
  throughput.map(({ scenario, connections, echo, holdfast, undurable, ...ratios }) => [
    scenario,
    connections,
    ratios.perCpuOverEcho.toFixed(2),
    perCpuBars[connections]?.toFixed(2) ?? '',
    ratios.perSecondOverEcho.toFixed(2),
    ratios.perSecondOverUndurable.toFixed(2),
    holdfast.perSecond.toFixed(0),
    holdfast.perCpuSecond.toFixed(0),
    holdfast.p50Ms.toFixed(2),
    holdfast.p99Ms.toFixed(2),
    ratios.p99OverP50.toFixed(1),
    echo.perSecond.toFixed(0),
    echo.perCpuSecond.toFixed(0),
    echo.p50Ms.toFixed(2),
    echo.p99Ms.toFixed(2),
    undurable.perSecond.toFixed(0),
    undurable.p50Ms.toFixed(2),
    undurable.p99Ms.toFixed(2),
  ]),
)}

## Start and idle memory

${table(
  ['start', 'ms', '/ echo', 'resident MiB'],
  start.map(({ name, ms, overEcho, idleMiB }) => [
    name,
    ms.toFixed(0),
    overEcho.toFixed(2),
    idleMiB.toFixed(0),
  ]),
)}

## Growth

${table(
  ['keys', 'start to first Encrypt ms', 'resident MiB', 'bytes per key', 'Encrypt p50 ms, 16 connections'],
  growth.map(({ keys, startMs, idleMiB, p50Ms }) => [
    keys,
    startMs.toFixed(0),
    idleMiB.toFixed(0),
    fewest === undefined || keys === fewest.keys
      ? ''
      : (((idleMiB - fewest.idleMiB) * 1024 * 1024) / (keys - fewest.keys)).toFixed(0),
    p50Ms.toFixed(2),
  ]),
)}
`;
}

/** Columns after the first are numbers, set right. */
function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const rule = heads.map((_, index) => (index === 0 ? '---' : '--:'));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
