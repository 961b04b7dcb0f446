/**
 * A comment in `src/` with a sentence that begins `MUST:` is a promise: a test has the same sentence as its
 * title, with or without the word. A test that names a promise no source makes is as wrong.
 */
import ts from 'typescript';
import { type Problem, type Project, problemAt, type Rule, walk } from './project.ts';

export const promises: Rule = (project) => {
  const titles = testTitles(project);
  const made = new Set<string>();
  const problems: Problem[] = [];
  for (const source of project.sources('src')) {
    for (const { text, position } of promisesOf(source)) {
      made.add(text);
      if (titles.has(text) || titles.has(`MUST: ${text}`)) continue;
      problems.push(problemAt(source, position, `no test has the title \`${text}\``));
    }
  }
  for (const [title, file] of titles) {
    if (!title.startsWith('MUST: ') || made.has(title.slice('MUST: '.length))) continue;
    problems.push({ file, text: `no comment in src/ makes the promise \`${title}\`` });
  }
  return problems;
};

/** Each sentence after `MUST:` up to its full stop or the end of the comment, on one line. */
function* promisesOf(source: ts.SourceFile): Generator<{ text: string; position: number }> {
  for (const { pos, end } of commentsOf(source)) {
    const comment = source.text.slice(pos, end).replace(/\*\/$/, '  ');
    for (const match of comment.matchAll(/MUST:\s+/g)) {
      const rest = comment
        .slice(match.index + match[0].length)
        .replace(/\n[^\S\n]*(\/\/|\*)?[^\S\n]*/g, '\n');
      const [sentence = ''] = rest.split(/\.(?=\s|$)|\n\n|\bMUST:/);
      yield { text: sentence.replace(/\s+/g, ' ').trim(), position: pos + match.index };
    }
  }
}

/** Neighbouring line comments are one comment. */
function commentsOf(source: ts.SourceFile): { pos: number; end: number }[] {
  const ranges = new Map<number, number>();
  walk(source, (node) => {
    for (const { pos, end } of ts.getLeadingCommentRanges(source.text, node.pos) ?? []) ranges.set(pos, end);
    for (const { pos, end } of ts.getTrailingCommentRanges(source.text, node.end) ?? []) ranges.set(pos, end);
  });
  const comments: { pos: number; end: number }[] = [];
  for (const [pos, end] of [...ranges].sort(([a], [b]) => a - b)) {
    const before = comments.at(-1);
    const joined = before !== undefined && /^\s*$/.test(source.text.slice(before.end, pos));
    if (joined && source.text.startsWith('//', pos)) before.end = end;
    else comments.push({ pos, end });
  }
  return comments;
}

/** Titles of tests, with the file of each. Only literal titles count: one that is computed promises nothing. */
function testTitles(project: Project): ReadonlyMap<string, string> {
  const titles = new Map<string, string>();
  for (const source of project.sources('test')) {
    walk(source, (node) => {
      if (!ts.isCallExpression(node)) return;
      const [title] = node.arguments;
      if (title === undefined || !ts.isStringLiteralLike(title)) return;
      if (/^(test|it|describe|suite|t\.test)$/.test(node.expression.getText(source))) {
        titles.set(title.text.replace(/\.$/, ''), source.fileName);
      }
    });
  }
  return titles;
}
