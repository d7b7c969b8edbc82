// Compiles TypeScript and ES modules for Jest with the compiler that builds the plugin.
const { transformSync } = require('esbuild');

module.exports = {
  process(source, file) {
    const loader = file.endsWith('.tsx') ? 'tsx' : file.endsWith('.ts') ? 'ts' : 'js';
    const options = { loader, format: 'cjs', target: 'es2022', jsx: 'transform', sourcemap: 'inline', sourcefile: file };
    return loader === 'js' && !/\b(import|export)\b/.test(source) ? { code: source } : transformSync(source, options);
  },
};
