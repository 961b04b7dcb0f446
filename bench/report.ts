/** A run of the benchmark as Markdown for people, JSON for machines and a plot. */
export interface ServerNumbers {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Measurement {
  readonly scenario: string;
  readonly connections: number;
  /** `echo`, `holdfast`, and `undurable`: Holdfast whose audit log is not flushed. */
  readonly servers: Readonly<Record<string, ServerNumbers>>;
}

export interface Report {
  readonly date: string;
  readonly node: string;
  readonly secondsEach: number;
  readonly rounds: number;
  readonly throughput: readonly Measurement[];
  readonly start: {
    readonly echoMs: number;
    readonly holdfastMs: number;
    readonly emptyMs: number;
    readonly idleMiB: number;
  };
  readonly growth: readonly {
    readonly keys: number;
    readonly startMs: number;
    readonly idleMiB: number;
    readonly p50Ms: number;
  }[];
}

/** What has to be reached, per CPU-second against the bare echo. */
const bars: Readonly<Record<number, number>> = { 16: 0.22, 64: 0.3 };

const ratio = (measurement: Measurement, value: (numbers: ServerNumbers) => number, over: string): number => {
  const { holdfast, [over]: other } = measurement.servers;
  return holdfast === undefined || other === undefined ? Number.NaN : value(holdfast) / value(other);
};

const cpuRatio = (measurement: Measurement): number =>
  ratio(measurement, (numbers) => numbers.perCpuSecond, 'echo');

export function toMarkdown(report: Report): string {
  const rows = report.throughput.map((measurement) => {
    const { holdfast } = measurement.servers;
    const bar = bars[measurement.connections];
    return `| ${[
      measurement.scenario,
      measurement.connections,
      cpuRatio(measurement).toFixed(2),
      bar === undefined ? '' : bar.toFixed(2),
      ratio(measurement, (numbers) => numbers.perSecond, 'echo').toFixed(2),
      ratio(measurement, (numbers) => numbers.perSecond, 'undurable').toFixed(2),
      holdfast?.perSecond.toFixed(0),
      holdfast?.perCpuSecond.toFixed(0),
      holdfast?.p50Ms.toFixed(2),
      holdfast?.p99Ms.toFixed(2),
      holdfast === undefined ? '' : (holdfast.p99Ms / holdfast.p50Ms).toFixed(1),
    ].join(' | ')} |`;
  });
  const { start } = report;
  return `# Benchmark

${report.date}, Node ${report.node}, ${report.rounds} rounds of ${report.secondsEach} s. Ratios are within this run; absolute numbers say more about the machine.

| scenario | connections | per CPU-second / echo | to reach | per second / echo | per second / without durable audit | per second | per CPU-second | p50 ms | p99 ms | p99 / p50 |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
${rows.join('\n')}

| start | ms | / echo |
| --- | --: | --: |
| bare echo to its first answer | ${start.echoMs.toFixed(0)} | 1.0 |
| Holdfast with data to its first Encrypt | ${start.holdfastMs.toFixed(0)} | ${(start.holdfastMs / start.echoMs).toFixed(1)} |
| Holdfast without data to its first CreateKey and Encrypt | ${start.emptyMs.toFixed(0)} | ${(start.emptyMs / start.echoMs).toFixed(1)} |

Resident memory after the first Encrypt: ${start.idleMiB.toFixed(0)} MiB.

| keys | start ms | resident MiB | Encrypt p50 ms, 16 connections |
| --: | --: | --: | --: |
${report.growth.map(({ keys, startMs, idleMiB, p50Ms }) => `| ${keys} | ${startMs.toFixed(0)} | ${idleMiB.toFixed(0)} | ${p50Ms.toFixed(2)} |`).join('\n')}
`;
}

/** Bars of the ratio per CPU-second, one group a scenario, with the bar to reach as a line. */
export function plot({ throughput }: Report): string {
  const shown = throughput.filter(({ connections }) => bars[connections] !== undefined);
  const barWidth = 28;
  const height = 260;
  const scale = height / 0.7;
  const bodies = shown.map((measurement, index) => {
    const x = 60 + index * (barWidth + 12);
    const value = cpuRatio(measurement);
    const bar = bars[measurement.connections] ?? 0;
    const top = height - value * scale + 20;
    return `<rect x="${x}" y="${top.toFixed(1)}" width="${barWidth}" height="${(value * scale).toFixed(1)}" fill="${value >= bar ? '#3a7d44' : '#b3392f'}"/>
<line x1="${x - 3}" x2="${x + barWidth + 3}" y1="${(height - bar * scale + 20).toFixed(1)}" y2="${(height - bar * scale + 20).toFixed(1)}" stroke="#222" stroke-width="2"/>
<text x="${x + barWidth / 2}" y="${(top - 4).toFixed(1)}" font-size="10" text-anchor="middle">${value.toFixed(2)}</text>
<text transform="translate(${x + barWidth / 2 + 4},${height + 28}) rotate(60)" font-size="11">${measurement.scenario}, ${measurement.connections}</text>`;
  });
  const width = 80 + shown.length * (barWidth + 12);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + 150}" font-family="sans-serif">
<rect width="100%" height="100%" fill="white"/>
<text x="60" y="14" font-size="12">Requests per CPU-second against a bare node:http echo (line: to reach)</text>
<line x1="55" x2="${width - 10}" y1="${height + 20}" y2="${height + 20}" stroke="#888"/>
${bodies.join('\n')}
</svg>
`;
}
