/**
 * The whole of what a change must pass besides its tests. Each step is a command that also runs alone;
 * two run at a time, and what a failed one said is shown in full.
 *
 *     npm run check
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const root = path.join(import.meta.dirname, '..');
const nodeMajorMin = 26;

interface Step {
  readonly name: string;
  /** A script for this Node: from `tools/`, or the entry of an installed package. */
  readonly command: readonly string[];
}

const steps: readonly Step[] = [
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--project', '.'] },
  { name: 'advisories', command: ['tools/check-advisories.ts'] },
  { name: 'conventions', command: ['tools/tidy.ts'] },
  { name: 'layers and cycles', command: ['tools/check-layers.ts'] },
  {
    name: 'lint and format',
    command: [
      'node_modules/@biomejs/biome/bin/biome',
      'ci',
      '--colors=off',
      '--error-on-warnings',
      '--max-diagnostics=100',
      '--diagnostic-level=warn',
      '.',
    ],
  },
  { name: 'generated files', command: ['tools/generate-model.ts', '--check'] },
  { name: 'links', command: ['tools/check-links.ts'] },
  { name: 'licences', command: ['tools/check-licences.ts'] },
];

/** Runs one step; true when it passed. */
async function run({ name, command }: Step): Promise<boolean> {
  const start = performance.now();
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = Promise.withResolvers<number | null>();
  child.on('error', ended.reject).on('close', ended.resolve);
  const [code, stdout, stderr] = await Promise.all([ended.promise, text(child.stdout), text(child.stderr)]);

  const passed = code === 0;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  const said = passed ? stdout : stdout + stderr;
  if (said.trim() !== '') console.log(said.trim().replace(/^/gm, '       '));
  return passed;
}

/** Takes steps from the shared list until none is left; the names of those that failed. */
async function worker(remaining: Iterator<Step>): Promise<string[]> {
  const failed: string[] = [];
  for (let next = remaining.next(); !next.done; next = remaining.next()) {
    if (!(await run(next.value))) failed.push(next.value.name);
  }
  return failed;
}

if (Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  console.error(
    `holdfast: this is Node ${process.version}; run \`npm run check\`, which finds the pinned one`,
  );
  process.exit(1);
}
const remaining = steps.values();
const failed = (await Promise.all([worker(remaining), worker(remaining)])).flat();
if (failed.length > 0) {
  console.log(`\nThe check failed: ${failed.join(', ')}`);
  process.exitCode = 1;
} else {
  console.log(`\nThe check passed: ${steps.length} steps`);
}
