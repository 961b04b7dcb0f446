/** A file holds one idea: it says which at its head, and is not longer than a reader can hold. */
import ts from 'typescript';
import type { Problem, Rule } from './project.ts';

const sourceLinesMax = 400;
const testLinesMax = 600;

/** Every file of `src/` and `tools/` begins with a doc comment, or documents its first declaration. */
export const heads: Rule = (project) =>
  [...project.sources('src'), ...project.sources('tools')]
    .filter((source) => !hasHead(source))
    .map(missingHead);

const missingHead = (source: ts.SourceFile): Problem => ({
  file: source.fileName,
  line: 1,
  text: 'begin with a `/** */` comment that says what the file is and what it is not',
});

function hasHead(source: ts.SourceFile): boolean {
  const text = source.text.replace(/^#!.*\n/, '');
  if (text.startsWith('/**')) return true;
  const first = source.statements.find((statement) => !ts.isImportDeclaration(statement));
  if (first === undefined) return false;
  return source.statements.some(isOperation) || ts.getJSDocCommentsAndTags(first).length > 0;
}

/** `export const encrypt = kmsOperation('Encrypt', ...)`: the API's own reference says what that is. */
function isOperation(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  const [declaration] = statement.declarationList.declarations;
  const call = declaration?.initializer;
  return call !== undefined && ts.isCallExpression(call) && /Operation$/.test(call.expression.getText());
}

/** A long table, state machine or primitive may be long: a comment that begins `Long because` says so. */
export const lengths: Rule = (project) => [
  ...tooLong(project.sources('src'), sourceLinesMax),
  ...tooLong(project.sources('tools'), sourceLinesMax),
  ...tooLong(project.sources('bench'), sourceLinesMax),
  ...tooLong(project.sources('test'), testLinesMax),
];

function tooLong(sources: readonly ts.SourceFile[], linesMax: number): Problem[] {
  return sources
    .map((source) => ({ source, lines: source.text.split('\n').length - 1 }))
    .filter(({ source, lines }) => lines > linesMax && !/(\*|\/\/) Long because \S/.test(source.text))
    .map(({ source, lines }) => ({
      file: source.fileName,
      text: `${lines} lines, more than ${linesMax}: move the second idea out, or say \`Long because ...\` at its head`,
    }));
}
