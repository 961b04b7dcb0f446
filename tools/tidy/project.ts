/** What the conventions are checked on: the files git knows or would add, and their syntax trees. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export interface Project {
  /** Slash-separated paths from the root, sorted. */
  readonly files: readonly string[];
  text(file: string): string;
  /** The TypeScript files under `folder`, with their trees; generated ones are left out. */
  sources(folder: string): readonly ts.SourceFile[];
}

/** A breach: where, and what to do about it. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly text: string;
}

export type Rule = (project: Project) => readonly Problem[];

/** Written by `tools/generate-model.ts`; held to its own check, not to these. */
const generatedFolder = 'src/model/';

export function openProject(root: string): Project {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const files = [...new Set(listed.split('\0'))].filter(
    (file) => file !== '' && existsSync(path.join(root, file)),
  );
  const texts = new Map<string, string>();
  const trees = new Map<string, ts.SourceFile>();

  const text = (file: string): string =>
    remember(texts, file, () => readFileSync(path.join(root, file), 'utf8'));
  const tree = (file: string): ts.SourceFile =>
    remember(trees, file, () => ts.createSourceFile(file, text(file), ts.ScriptTarget.ESNext, true));

  return {
    files: files.sort(),
    text,
    sources: (folder) =>
      files
        .filter(
          (file) =>
            file.startsWith(`${folder}/`) && file.endsWith('.ts') && !file.startsWith(generatedFolder),
        )
        .map(tree),
  };
}

/** Calls `visit` with every node of the tree, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

export function problemAt(source: ts.SourceFile, position: number, text: string): Problem {
  return { file: source.fileName, line: source.getLineAndCharacterOfPosition(position).line + 1, text };
}

function remember<T>(known: Map<string, T>, name: string, make: () => T): T {
  const before = known.get(name);
  if (before !== undefined) return before;
  const made = make();
  known.set(name, made);
  return made;
}
