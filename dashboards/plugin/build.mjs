// Builds the front end into dist/ as the AMD module that Grafana loads. What
// Grafana shares with its plugins stays outside the bundle.
import { build } from 'esbuild';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';

const shared = ['react', 'react-dom', 'rxjs', '@grafana/data', '@grafana/runtime', '@grafana/ui'];

const { version } = JSON.parse(await readFile('package.json', 'utf8'));
await mkdir('dist/img', { recursive: true });
await build({
  entryPoints: ['src/module.ts'],
  outfile: 'dist/module.js',
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'cjs',
  target: 'es2021',
  jsx: 'transform',
  external: shared,
  banner: {
    js:
      `define(${JSON.stringify(shared)},function(...deps){var module={exports:{}},exports=module.exports;` +
      `var shared=${JSON.stringify(shared)};var require=function(name){return deps[shared.indexOf(name)]};`,
  },
  footer: { js: 'return module.exports;});' },
});

const day = process.env.SOURCE_DATE_EPOCH ? new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000) : new Date();
const plugin = (await readFile('src/plugin.json', 'utf8'))
  .replace('%VERSION%', version)
  .replace('%TODAY%', day.toISOString().slice(0, 10));
await writeFile('dist/plugin.json', plugin);
await cp('src/img', 'dist/img', { recursive: true });
await cp('README.md', 'dist/README.md');
await cp('../../LICENSE', 'dist/LICENSE');
