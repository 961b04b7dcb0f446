/**
 * Asks the registry whether any package that ships has a published advisory (`npm audit --omit=dev`).
 * A registry that cannot be reached fails the check. A registry that answers but has no advisories to offer,
 * as mirrors often do not, is said in so many words, and is the only way past without an answer.
 *
 *     node tools/check-advisories.ts [--root DIR]
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** The answers of a registry without the audit endpoint: no such page, no such method, not implemented. */
const unsupported = new Set([404, 405, 501]);

function audit(root: string): { passes: boolean; text: string } {
  const flags = ['--omit=dev', '--json', '--audit=true', '--fetch-retries=2', '--fetch-timeout=20000'];
  const { error, stdout, stderr } = spawnSync('npm', ['audit', ...flags], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (error !== undefined) return { passes: false, text: `npm audit did not run: ${error.message}` };

  const answer = readAnswer(stdout);
  const total = answer?.metadata?.vulnerabilities?.total;
  if (typeof total === 'number') {
    if (total > 0) return { passes: false, text: `packages that ship have advisories: ${stdout}` };
    return { passes: true, text: 'no package that ships has an advisory' };
  }
  if (answer?.statusCode !== undefined && unsupported.has(answer.statusCode)) {
    return {
      passes: true,
      text: `NOT CHECKED: this package registry answers advisories with ${answer.statusCode}; ask one that has them`,
    };
  }
  return {
    passes: false,
    text: `the registry gave no answer about advisories: ${answer?.message ?? stderr}`,
  };
}

interface Answer {
  readonly message?: string;
  readonly statusCode?: number;
  readonly metadata?: { readonly vulnerabilities?: { readonly total?: number } };
}

function readAnswer(text: string): Answer | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const { values } = parseArgs({
  options: { root: { type: 'string', default: path.join(import.meta.dirname, '..') } },
});
const { passes, text } = audit(values.root);
if (passes) console.log(text);
else console.error(text);
if (!passes) process.exitCode = 1;
