/** Each page in `docs/decisions/` is linked from its index, so that none is lost. */
import type { Rule } from './project.ts';

const folder = 'docs/decisions/';
const index = `${folder}README.md`;

export const decisions: Rule = (project) => {
  const pages = project.files.filter(
    (file) => file.startsWith(folder) && file.endsWith('.md') && file !== index,
  );
  if (pages.length === 0) return [];
  if (!project.files.includes(index)) return [{ file: index, text: 'the decisions have no index' }];
  const text = project.text(index);
  return pages
    .filter((page) => !text.includes(`](${page.slice(folder.length)})`))
    .map((page) => ({ file: page, text: `not linked from ${index}` }));
};
