/** Holdfast as a package manager installs it: the bundle, the launcher, and the Node.js beside them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds the release into `directory`; returns its launcher. */
export function installRelease(directory: string): string {
  const modules = join(directory, 'node_modules');
  const home = join(modules, 'holdfast');
  execFileSync(process.execPath, [join(root, 'tools/build.ts'), '--out', join(home, 'dist')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(join(home, 'bin'));
  const launcher = join(home, 'bin', 'holdfast');
  copyFileSync(join(root, 'bin/holdfast'), launcher);
  writeFileSync(join(home, 'package.json'), '{"type":"module"}\n');
  const runtime = join(modules, `node-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(runtime, { recursive: true });
  symlinkSync(process.execPath, join(runtime, 'node'));
  return launcher;
}
