/**
 * Bundles a release: `main.js` and the storage thread's `sqlite-worker.js`, each with its source map. What
 * ships needs nothing from node_modules but the platform's Node, and the build fails if it would.
 *
 *     node tools/build.ts [--out DIR]
 */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build, type Plugin } from 'esbuild';

const root = path.join(import.meta.dirname, '..');

const entryPoints = {
  main: 'src/main.ts',
  'sqlite-worker': 'src/storage/sqlite/worker.ts',
};

/** A file that asks where it is finds itself in `dist/` once bundled: only these can live with that. */
const knowTheirPlace = new Set(['src/storage/sqlite/sqlite-storage.ts']);

const refuseUnknownPlaces: Plugin = {
  name: 'refuse-unknown-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      const contents = readFileSync(file, 'utf8');
      const name = path.relative(root, file);
      if (contents.includes('import.meta.') && !knowTheirPlace.has(name)) {
        return {
          errors: [{ text: `\`import.meta\` would mean dist/: see knowTheirPlace in tools/build.ts` }],
        };
      }
      return { contents, loader: 'ts' };
    });
  },
};

const dist = path.join(root, 'dist');
const { values } = parseArgs({ options: { out: { type: 'string', default: dist } } });
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
// Nothing stale may ship; a folder named by the user is not ours to empty.
if (path.resolve(values.out) === dist) rmSync(dist, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: path.resolve(values.out),
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  sourcemap: 'linked',
  legalComments: 'eof',
  banner: {
    js: `/*! Holdfast ${version}. Licensed under the Apache License 2.0: see LICENSE and NOTICE. */`,
  },
  plugins: [refuseUnknownPlaces],
  metafile: true,
  logLevel: 'warning',
}).catch(() => process.exit(1)); // esbuild has said why

const packages = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules/'));
if (packages.length > 0) {
  console.error(`the bundle would carry packages, and no notice of their licences: ${packages.join(', ')}`);
  process.exitCode = 1;
}
for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
  console.log(`${path.relative(root, path.resolve(root, file))} ${(bytes / 1024).toFixed(0)} KiB`);
}
