/**
 * Words that have no place in a public project: paths of somebody's machine, and hosts of package registries
 * (which registry serves a package is the user's choice). They are put together here from halves, so that
 * this file does not contain what it looks for.
 */
import type { Problem, Rule } from './project.ts';

const forbidden: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: new RegExp(
      `(^|[\\s'"\`(=:])/(${['work', 'root', 'home/[a-z]', 'Users/[A-Za-z]'].join('|')})[/\\w.-]`,
    ),
    why: 'a path of one machine',
  },
  { pattern: new RegExp(`/tmp/${'bash'}`), why: 'a path of one machine' },
  {
    pattern: new RegExp(`\\b${'shared'}/(design|style|mission|demand|feasibility|aws-facts|reference)\\b`),
    why: 'not a file of this project',
  },
  {
    pattern: new RegExp(['registry\\.npm' + 'js', 'registry\\.yarn' + 'pkg', 'npm' + 'mirror'].join('|')),
    why: 'the host of a package registry',
  },
  {
    pattern: new RegExp(['pypi\\.' + 'org', 'files\\.python' + 'hosted'].join('|')),
    why: 'the host of a package registry',
  },
];

/** Published data, copied byte for byte, is somebody else's prose. */
const verbatim = /^(test\/vectors\/|LICENSE$|tools\/models\/)|\.(png|gz|db|sqlite|bin|der|p12)$/;

export const wordsRule: Rule = (project) => {
  const problems: Problem[] = [];
  for (const file of project.files) {
    if (verbatim.test(file)) continue;
    const text = project.text(file);
    for (const { pattern, why } of forbidden) {
      for (const [index, line] of matchingLines(text, pattern)) {
        problems.push({ file, line: index + 1, text: `\`${pattern.exec(line)?.[0].trim()}\` is ${why}` });
      }
    }
  }
  return problems;
};

function matchingLines(text: string, pattern: RegExp): [number, string][] {
  if (!new RegExp(pattern, 'm').test(text)) return [];
  return [...text.split('\n').entries()].filter(([, line]) => pattern.test(line));
}
