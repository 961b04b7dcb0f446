/**
 * The conventions of the code that a type checker or a linter does not know. A convention worth arguing
 * about twice becomes a rule here, with the line that breaks it in `test/tools/tidy.test.ts`.
 *
 *     node tools/tidy.ts [--root DIR]
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { casts } from './tidy/casts.ts';
import { decisions } from './tidy/decisions.ts';
import { doors } from './tidy/doors.ts';
import { heads, lengths } from './tidy/files.ts';
import { openProject, type Rule } from './tidy/project.ts';
import { promises } from './tidy/promises.ts';
import { skips } from './tidy/skips.ts';
import { wordsRule } from './tidy/words.ts';

const rules: readonly Rule[] = [heads, lengths, casts, doors, promises, skips, wordsRule, decisions];

const { values } = parseArgs({
  options: { root: { type: 'string', default: path.join(import.meta.dirname, '..') } },
});
const project = openProject(values.root);
const problems = rules.flatMap((rule) => rule(project));
for (const { file, line, text } of problems) {
  console.error(line === undefined ? `${file}: ${text}` : `${file}:${line}: ${text}`);
}
if (project.sources('src').length === 0) {
  console.error(`no source file under ${path.join(values.root, 'src')}`);
  process.exitCode = 1;
}
if (problems.length > 0) process.exitCode = 1;
