/** A test that does not run must not look like one that passed: no `skip`, `todo` or `only` in the code. */
import ts from 'typescript';
import { type Problem, problemAt, type Rule, walk } from './project.ts';

const callees = /^(test|it|describe|suite|t|context)$/;
const words = new Set(['skip', 'todo', 'only']);

export const skips: Rule = (project) => {
  const problems: Problem[] = [];
  for (const source of project.sources('test')) {
    walk(source, (node) => {
      const word = skipWord(node, source);
      if (word === undefined) return;
      problems.push(problemAt(source, node.getStart(source), `\`${word}\`: run the test, or remove it`));
    });
  }
  return problems;
};

function skipWord(node: ts.Node, source: ts.SourceFile): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    return callees.test(node.expression.getText(source)) && words.has(node.name.text)
      ? node.name.text
      : undefined;
  }
  if (!ts.isCallExpression(node) || !callees.test(node.expression.getText(source).replace(/\.test$/, '')))
    return;
  const options = node.arguments.find((argument) => ts.isObjectLiteralExpression(argument));
  return options?.properties
    .map((property) => property.name?.getText(source))
    .find((name) => name && words.has(name));
}
