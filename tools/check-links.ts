/**
 * Every relative link in the project's Markdown leads to a file that is there, and to a heading in it.
 * Links to other sites are not followed: the check must not depend on the network.
 *
 *     node tools/check-links.ts [--root DIR]
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openProject, type Problem, type Project } from './tidy/project.ts';

function brokenLinks(project: Project, root: string): Problem[] {
  const documents = project.files.filter((file) => file.endsWith('.md'));
  return documents.flatMap((document) =>
    linksOf(project.text(document))
      .map(({ target, line }) => ({
        file: document,
        line,
        text: whatIsWrong(project, root, document, target),
      }))
      .filter((problem) => problem.text !== undefined)
      .map(({ file, line, text = '' }) => ({ file, line, text })),
  );
}

function whatIsWrong(project: Project, root: string, document: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('//')) return undefined;
  const [file = '', anchor] = target.split('#', 2);
  if (file.startsWith('/'))
    return `\`${target}\` begins at the root of a site: write it relative to this file`;
  const found =
    file === '' ? document : path.posix.join(path.posix.dirname(document), decodeURIComponent(file));
  if (found.startsWith('..')) return `\`${target}\` leads out of the project`;
  const known = project.files.includes(found) || isFolder(project, root, found);
  if (!known) return `\`${target}\` leads nowhere: there is no ${found}`;
  if (anchor === undefined || !found.endsWith('.md')) return undefined;
  return anchorsOf(project.text(found)).has(anchor)
    ? undefined
    : `\`${target}\`: ${found} has no such heading`;
}

function isFolder(project: Project, root: string, found: string): boolean {
  const folder = found.replace(/\/$/, '');
  const listed = folder === '.' || project.files.some((file) => file.startsWith(`${folder}/`));
  return listed && statSync(path.join(root, folder)).isDirectory();
}

/** Inline links and images, and reference definitions; code is not prose. */
function* proseLinks(text: string): Generator<{ target: string; line: number }> {
  const patterns = [
    /\[(?:[^\][]|\[[^\]]*\])*\]\(\s*<?([^\s)>]+)>?(?:\s+["'(][^)]*)?\)/g,
    /^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/g,
    /<(?:a|img)\s[^>]*(?:href|src)="([^"]+)"/g,
  ];
  for (const [index, line] of withoutCode(text).split('\n').entries()) {
    for (const pattern of patterns) {
      for (const match of line.matchAll(pattern)) yield { target: match[1] ?? '', line: index + 1 };
    }
  }
}

const linksOf = (text: string): { target: string; line: number }[] => [...proseLinks(text)];

/** Blanks fenced blocks and code spans, line for line. */
function withoutCode(text: string): string {
  let fence: string | undefined;
  return text
    .split('\n')
    .map((line) => {
      const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
      if (fence === undefined && mark !== undefined) fence = mark;
      else if (fence !== undefined && mark?.startsWith(fence)) fence = undefined;
      else if (fence === undefined)
        return line.replace(/(`+)(?:(?!\1).)+\1/g, (code) => ' '.repeat(code.length));
      return '';
    })
    .join('\n');
}

/** The names that GitHub gives to headings: lower case, punctuation dropped, spaces to hyphens, repeats numbered. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  let fenced = false;
  for (const line of text.split('\n')) {
    if (/^\s*(`{3,}|~{3,})/.test(line)) fenced = !fenced;
    const heading = fenced ? undefined : /^#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)?.[1];
    for (const match of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '');
    if (heading === undefined) continue;
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '').replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

const { values } = parseArgs({
  options: { root: { type: 'string', default: path.join(import.meta.dirname, '..') } },
});
const problems = brokenLinks(openProject(values.root), values.root);
for (const { file, line, text } of problems) console.error(`${file}:${line}: ${text}`);
if (problems.length > 0) process.exitCode = 1;
