/**
 * Holds `src/` to the table in `layers.ts` with dependency-cruiser, cycles and type imports included.
 * dependency-cruiser without a TypeScript it understands reads no module and is content, so this fails
 * when it read fewer modules than there are source files.
 *
 *     node tools/check-layers.ts [--root DIR]
 */
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  cruise,
  type ICruiseResult,
  type IFlattenedRuleSet,
  type IRegularForbiddenRuleType,
} from 'dependency-cruiser';
import { cryptoFolder, entries, keyObjectFolders, providers, rows } from './layers.ts';

/** What is wrong with the imports of `root/src`, one sentence each. */
async function checkLayers(root: string): Promise<string[]> {
  const files = await Array.fromAsync(glob('src/**/*.{ts,mts,cts,js,mjs,cjs}', { cwd: root }));
  const known = new Set(rows.flat());
  const strays = files.filter((file) => !known.has(file.split(path.sep)[1] ?? ''));

  const { output } = await cruise(['src'], {
    baseDir: root,
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    validate: true,
    ruleSet,
  });
  if (typeof output === 'string') throw new Error(`dependency-cruiser answered text: ${output}`);

  const read = new Set(output.modules.map((module) => module.source));
  const unread = files.filter((file) => !read.has(file.split(path.sep).join('/')));
  if (files.length === 0) return [`no source file under ${path.join(root, 'src')}`];
  return [
    ...strays.map((file) => `${file}: its folder is in no row of tools/layers.ts`),
    ...unread.map((file) => `${file}: not read by dependency-cruiser (is its TypeScript beside it?)`),
    ...unreached(output),
    ...output.summary.violations.map(({ rule, from, to, cycle }) => {
      const chain = cycle === undefined ? to : cycle.map((step) => step.name).join(' -> ');
      return `${from} -> ${chain}: ${rule.name}`;
    }),
  ];
}

/** Source files that no import chain from an entry leads to: dead code, or a file somebody forgot to register. */
function unreached({ modules }: ICruiseResult): string[] {
  const importsOf = new Map(
    modules.map(({ source, dependencies }) => [source, dependencies.map(({ resolved }) => resolved)]),
  );
  const reached = new Set<string>();
  const waiting = entries.map((entry) => `src/${entry}`);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...(importsOf.get(next) ?? []));
  }
  return [...importsOf.keys()]
    .filter((file) => file.startsWith('src/') && !reached.has(file))
    .map((file) => `${file}: nothing that runs imports it`);
}

type Rule = IRegularForbiddenRuleType;

function forbid(name: string, from: Rule['from'], to: Rule['to']): Rule {
  return { name, severity: 'error', from, to };
}

const oneOf = (names: readonly string[]): string =>
  names.map((name) => name.replaceAll('.', '\\.')).join('|');

const layerRules = rows.flatMap((row, index) =>
  row.map((folder) => {
    const reachable = [folder, ...rows.slice(index + 1).flat()];
    return forbid(
      `\`${folder}\` imports itself and lower rows only`,
      { path: `^src/${oneOf([folder])}(/|$)` },
      { path: '^src/', pathNot: `^src/(${oneOf(reachable)})(/|$)` },
    );
  }),
);

const providerRules = Object.entries(providers).flatMap(([folder, names]) =>
  names.map((name) => {
    const provider = `^src/${folder}/${name}[/.-]`;
    return forbid(
      'only main.ts and the provider itself name a provider',
      { path: '^src/', pathNot: ['^src/main\\.ts$', provider] },
      { path: provider },
    );
  }),
);

const nodeCrypto = '^(node:)?crypto$';

const ruleSet: IFlattenedRuleSet = {
  forbidden: [
    ...layerRules,
    ...providerRules,
    forbid('imports go round in a circle', { path: '^src/' }, { circular: true }),
    forbid(
      `only src/${cryptoFolder}/ imports node:crypto`,
      { path: '^src/', pathNot: `^src/${cryptoFolder}/` },
      { path: nodeCrypto, dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      `only src/${cryptoFolder}/ and the folders that hold key objects name types of node:crypto`,
      { path: '^src/', pathNot: `^src/(${oneOf([cryptoFolder, ...keyObjectFolders])})/` },
      { path: nodeCrypto, dependencyTypes: ['type-only'] },
    ),
    forbid('imports a file that is not there', { path: '^src/' }, { couldNotResolve: true }),
    forbid(
      'src/ imports Node and itself only',
      { path: '^src/' },
      { pathNot: ['^src/', '^package\\.json$'], dependencyTypesNot: ['core'], couldNotResolve: false },
    ),
  ],
};

const { values } = parseArgs({
  options: { root: { type: 'string', default: path.join(import.meta.dirname, '..') } },
});
const problems = await checkLayers(values.root);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
