/**
 * `as` tells the compiler to stop looking, so it stands only where a type is minted: where a check that
 * the compiler cannot follow has just been made. Such a line says so in a comment that begins `Minted:`.
 * The proof of an authorization decision is minted in one file.
 */
import ts from 'typescript';
import { type Problem, problemAt, type Rule, walk } from './project.ts';

const authorizedMint = 'src/authz/authorize.ts';

export const casts: Rule = (project) => {
  const problems: Problem[] = [];
  for (const source of [...project.sources('src'), ...project.sources('tools')]) {
    const lines = source.text.split('\n');
    walk(source, (node) => {
      if (!ts.isAsExpression(node) && !ts.isTypeAssertionExpression(node)) return;
      const type = node.type.getText(source);
      if (type === 'const') return;
      if (/\bAuthorized\b/.test(type)) {
        if (source.fileName === authorizedMint) return;
        problems.push(
          problemAt(source, node.type.pos, `only ${authorizedMint} makes an \`Authorized\` value`),
        );
        return;
      }
      if (isMint(lines, source, node)) return;
      problems.push(
        problemAt(
          source,
          node.type.pos,
          `\`as ${type}\` without a comment \`Minted: why it holds\` on it or above it`,
        ),
      );
    });
  }
  return problems;
};

/** A `Minted:` comment stands on the line of `as`, or above the statement. */
function isMint(
  lines: readonly string[],
  source: ts.SourceFile,
  node: ts.AsExpression | ts.TypeAssertion,
): boolean {
  const at = source.getLineAndCharacterOfPosition(node.type.getStart(source)).line;
  if (/\/[/*].*\bMinted: \S/.test(lines[at] ?? '')) return true;
  const statement = ts.findAncestor(node, ts.isStatement) ?? node;
  const comments = ts.getLeadingCommentRanges(source.text, statement.pos) ?? [];
  return comments.some(({ pos, end }) => /\bMinted: \S/.test(source.text.slice(pos, end)));
}
