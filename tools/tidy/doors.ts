/**
 * Each power of the platform has its doors: the clock, randomness, files, sockets, the environment.
 * Behind a door it can be faked in a test, bounded and reviewed; `check-layers.ts` guards `node:crypto`.
 */
import ts from 'typescript';
import { type Problem, problemAt, type Rule, walk } from './project.ts';

/** Modules of Node, and the paths under `src/` that may import them. */
const moduleDoors: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': [],
  'node:cluster': [],
  'node:dgram': [],
  'node:http': ['http/', 'cli/'],
  'node:http2': [],
  'node:https': ['http/', 'cli/'],
  'node:inspector': [],
  'node:net': ['http/', 'cli/'],
  'node:repl': [],
  'node:sqlite': ['storage/'],
  'node:tls': ['http/', 'cli/'],
  'node:vm': [],
  'node:wasi': [],
};

/** Where files may be written. Reading one (a certificate, a settings file) needs no door. */
const fileWriters: readonly string[] = [
  'base/durable-file.ts',
  'storage/',
  'audit/',
  'seal/',
  'cli/',
  'main.ts',
];

const fileReads = new Set(
  ['access', 'createReadStream', 'exists', 'fstat', 'lstat', 'read', 'readFile', 'readSync', 'readdir']
    .concat(['readlink', 'realpath', 'stat', 'statfs', 'watch', 'watchFile', 'unwatchFile', 'constants'])
    .flatMap((name) => [name, `${name}Sync`]),
);

/** Globals, and the paths under `src/` that may use them. */
const globalDoors: Readonly<Record<string, readonly string[]>> = {
  'Date.now': ['base/clock.ts'],
  'new Date()': ['base/clock.ts'],
  'Math.random': [],
  'process.env': ['config/', 'main.ts'],
  'process.argv': ['main.ts'],
  'process.exit': ['main.ts', 'cli/'],
  'process.getBuiltinModule': ['http/node-http.ts'],
  'process.binding': [],
  'process.dlopen': [],
  createRequire: [],
  console: ['main.ts', 'cli/'],
  crypto: [],
  eval: [],
  Function: [],
  fetch: [],
  WebSocket: [],
};

export const doors: Rule = (project) =>
  project.sources('src').flatMap((source) => [...importedPowers(source), ...globalPowers(source)]);

function importedPowers(source: ts.SourceFile): Problem[] {
  const problems: Problem[] = [];
  walk(source, (node) => {
    if (!ts.isImportDeclaration(node) || node.importClause?.isTypeOnly) return;
    if (!ts.isStringLiteral(node.moduleSpecifier)) return;
    const name = node.moduleSpecifier.text;
    const module = name.startsWith('node:') ? name : `node:${name}`;
    const allowed = moduleDoors[module];
    if (allowed !== undefined && !passes(source, allowed) && !isTypesOnly(node)) {
      problems.push(problemAt(source, node.getStart(source), refuse(`\`${module}\``, allowed)));
    }
    if (/^node:fs(\/promises)?$/.test(module) && !passes(source, fileWriters) && !readsOnly(node)) {
      problems.push(problemAt(source, node.getStart(source), refuse('writing files', fileWriters)));
    }
  });
  return problems;
}

function isTypesOnly(node: ts.ImportDeclaration): boolean {
  const names = node.importClause?.namedBindings;
  return (
    names !== undefined && ts.isNamedImports(names) && names.elements.every((element) => element.isTypeOnly)
  );
}

function readsOnly(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause?.name !== undefined || clause?.namedBindings === undefined) return false;
  if (!ts.isNamedImports(clause.namedBindings)) return false;
  return clause.namedBindings.elements.every(
    (element) => element.isTypeOnly || fileReads.has((element.propertyName ?? element.name).text),
  );
}

function globalPowers(source: ts.SourceFile): Problem[] {
  const problems: Problem[] = [];
  walk(source, (node) => {
    const power = powerOf(node, source);
    const allowed = power === undefined ? undefined : globalDoors[power];
    if (allowed === undefined || passes(source, allowed)) return;
    problems.push(problemAt(source, node.getStart(source), refuse(`\`${power}\``, allowed)));
  });
  return problems;
}

function powerOf(node: ts.Node, source: ts.SourceFile): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText(source) === 'Date') {
    return (node.arguments ?? []).length === 0 ? 'new Date()' : undefined;
  }
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText(source).replace(/^globalThis\./, '');
    return Object.hasOwn(globalDoors, text) ? text : undefined;
  }
  if (!ts.isIdentifier(node) || !Object.hasOwn(globalDoors, node.text)) return undefined;
  return isUseOfGlobal(node) ? node.text : undefined;
}

/** An identifier that is read as a value: neither a property's name, nor a declaration, nor a type. */
function isUseOfGlobal(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return ts.isCallExpression(parent) || ts.isNewExpression(parent) || ts.isElementAccessExpression(parent);
}

function passes(source: ts.SourceFile, allowed: readonly string[]): boolean {
  const file = source.fileName.slice('src/'.length);
  return allowed.some((door) => (door.endsWith('/') ? file.startsWith(door) : file === door));
}

function refuse(power: string, allowed: readonly string[]): string {
  if (allowed.length === 0) return `${power} has no place in src/`;
  return `${power} belongs to ${allowed.map((door) => `src/${door}`).join(', ')}`;
}
