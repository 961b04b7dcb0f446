/**
 * `make bench`: what Holdfast costs against a bare `node:http` echo, and what durable audit costs, in one run
 * on one machine. Machines differ and drift, so only the ratios mean anything: each round measures all
 * servers one after the other, and the ratio is taken within the round. `settings.ts` says what can be set.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureGrowth } from './growth.ts';
import { plot } from './plot.ts';
import { installRelease } from './release.ts';
import { type Report, toMarkdown } from './report.ts';
import { writePlainEcho } from './server-process.ts';
import { readSettings } from './settings.ts';
import { measureStart } from './start.ts';
import { measureThroughput } from './throughput.ts';

const settings = readSettings(process.env);
const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
try {
  const startedAt = performance.now();
  const echo = writePlainEcho(directory);
  const release = installRelease(directory);
  const report: Report = {
    date: new Date().toISOString(),
    node: process.version,
    seconds: settings.seconds,
    rounds: settings.rounds,
    throughput: await measureThroughput(directory, echo, settings),
    start: await measureStart(directory, echo, release, settings),
    growth: await measureGrowth(directory, release, settings),
    tookSeconds: Math.round((performance.now() - startedAt) / 1000),
  };
  const markdown = toMarkdown(report);
  mkdirSync(settings.out, { recursive: true });
  writeFileSync(join(settings.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(settings.out, 'report.md'), markdown);
  writeFileSync(join(settings.out, 'report.svg'), plot(report));
  console.log(markdown);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
