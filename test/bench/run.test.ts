/** The benchmark runs, and its report has all its parts. What the numbers say is for `make bench`: here they are too few. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { barsOf } from '../../bench/bars.ts';
import type { Report } from '../../bench/report.ts';

const run = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
const scenarios = [
  'Encrypt 32 B',
  'Encrypt 4 KiB',
  'Decrypt 32 B',
  'Decrypt 4 KiB',
  'GenerateDataKey',
  'DescribeKey',
];

let out = '';
let output = '';
let report: Report;

before(() => {
  out = mkdtempSync(join(tmpdir(), 'holdfast-bench-out-'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [run], {
    encoding: 'utf8',
    env: {
      ...process.env,
      HOLDFAST_BENCH_SECONDS: '0.03',
      HOLDFAST_BENCH_ROUNDS: '1',
      HOLDFAST_BENCH_WARM_UP: '64',
      HOLDFAST_BENCH_STARTS: '1',
      HOLDFAST_BENCH_KEYS: '0,80',
      HOLDFAST_BENCH_OUT: out,
    },
  });
  assert.equal(status, 0, stderr);
  output = stdout;
  report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
});
after(() => rmSync(out, { recursive: true }));

test('every scenario is measured at 1, 16 and 64 connections against the echo and without durable audit', () => {
  const measured = report.throughput.map(({ scenario, connections }) => `${scenario}, ${connections}`);
  assert.deepEqual(
    measured,
    scenarios.flatMap((name) => [1, 16, 64].map((connections) => `${name}, ${connections}`)),
  );
  for (const { echo, holdfast, undurable, ...ratios } of report.throughput) {
    for (const { perSecond, p50Ms, p99Ms } of [echo, holdfast, undurable]) {
      assert.ok(perSecond > 0 && p50Ms > 0 && p99Ms >= p50Ms, JSON.stringify({ perSecond, p50Ms, p99Ms }));
    }
    assert.ok(ratios.perSecondOverEcho > 0 && ratios.perSecondOverUndurable > 0 && ratios.p99OverP50 >= 1);
  }
});

test('the start is measured of the echo, the release and the sources, with the memory each holds', () => {
  assert.deepEqual(
    report.start.map(({ name }) => name),
    [
      'bare echo, first answer',
      'release with data, first Encrypt',
      'sources with data, first Encrypt',
      'release without data, first CreateKey and Encrypt',
    ],
  );
  for (const { ms, overEcho, idleMiB } of report.start) assert.ok(ms > 0 && overEcho > 0 && idleMiB > 0);
});

test('growth is measured with as many keys as were asked for', () => {
  assert.deepEqual(
    report.growth.map(({ keys }) => keys),
    [0, 80],
  );
  for (const { startMs, idleMiB, p50Ms } of report.growth) assert.ok(startMs > 0 && idleMiB > 0 && p50Ms > 0);
});

test('the report says of each thing to reach whether it is reached, as text and as a plot', () => {
  const markdown = readFileSync(join(out, 'report.md'), 'utf8');
  assert.equal(output.trim(), markdown.trim());
  for (const { what } of barsOf(report)) assert.ok(markdown.includes(`| ${what} | `), what);
  for (const part of ['## To reach', '## Requests', '## Start and idle memory', '## Growth']) {
    assert.ok(markdown.includes(part), part);
  }
  const bars = barsOf(report);
  // Three ciphers at two numbers of connections, DescribeKey and durable audit at two, four tails, two starts
  // with their memory, one growth.
  assert.equal(bars.length, 3 * 2 + 2 + 2 + 4 + 4 + 1);
  const svg = readFileSync(join(out, 'report.svg'), 'utf8');
  assert.match(svg, /^<svg .*<\/svg>\n$/s);
  for (const scenario of scenarios) assert.ok(svg.includes(`${scenario}, 64`), scenario);
});
