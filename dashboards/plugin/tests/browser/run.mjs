// Draws the built plugin in Chromium, uses its query editor, and fails on any
// console error. CHROMIUM names another browser, SCREENSHOTS a folder for pictures.
import { build } from 'esbuild';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
for (const [file, how] of [[executablePath, 'install chromium, or name one with CHROMIUM'], ['dist/module.js', 'run: npm run build']]) {
  assert(existsSync(file), `${file} is missing: ${how}`);
}
const dir = await mkdtemp(join(tmpdir(), 'spikeline-browser-'));
const bundle = join(dir, 'page.js');
await build({
  entryPoints: ['tests/browser/page.tsx'], outfile: bundle, bundle: true, minify: true, format: 'iife', jsx: 'transform',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' }, loader: { '.svg': 'dataurl', '.ttf': 'dataurl' }, logLevel: 'error',
});

const pages = {
  '/': ['text/html', async () => '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><div id="root"></div><script src="/page.js"></script><script src="/module.js"></script>'],
  '/page.js': ['text/javascript', () => readFile(bundle)],
  '/module.js': ['text/javascript', () => readFile('dist/module.js')],
};
const server = createServer(async (request, response) => {
  const [type, read] = pages[request.url] ?? ['image/svg+xml', async () => '<svg xmlns="http://www.w3.org/2000/svg"/>']; // icons
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(await read());
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const faults = [];
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const noServer = 'window.grafanaBootData was not set by the time config was initialized'; // there is no Grafana here
  page.on('console', (m) => m.type() === 'error' && m.text() !== noServer && faults.push(m.text()));
  page.on('pageerror', (e) => faults.push(String(e)));
  const shoot = (name) => process.env.SCREENSHOTS && page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
  const expectQuery = async (field, want) => {
    const holds = ([f, w]) => JSON.stringify(window.lastQuery?.[f]) === w;
    await page.waitForFunction(holds, [field, JSON.stringify(want)]).catch(async () => {
      assert.deepEqual(await page.evaluate((f) => window.lastQuery?.[f], field), want);
    });
  };

  page.setDefaultTimeout(10_000);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  for (const type of ['Timeline', 'Incidents', 'Signals', 'Events', 'Windows']) {
    await page.getByRole('radio', { name: type }).check();
    await shoot(type.toLowerCase());
  }
  for (const [field, want] of Object.entries({ queryType: 'windows', measure: 'error_rate', by: 'service' })) {
    await expectQuery(field, want);
  }

  await page.getByRole('combobox', { name: 'Services' }).click();
  await page.getByText('chatgpt.com').click();
  await expectQuery('services', ['chatgpt.com']);
  await shoot('picker');
  await page.getByText('$service', { exact: true }).click();
  await expectQuery('services', ['chatgpt.com', '$service']);
  await page.keyboard.press('Escape');

  await page.getByRole('combobox', { name: 'Measure' }).click();
  await page.getByText('Requests a second', { exact: true }).click();
  await expectQuery('measure', 'requests');
  await page.getByRole('combobox', { name: 'A line for each' }).click();
  await page.getByText('Status code', { exact: true }).click();
  await expectQuery('by', 'status');
  assert.equal(await page.getByText('Expected band').count(), 0, 'requests by status code have no band');
  await shoot('chosen');
  await page.locator('#config').scrollIntoViewIfNeeded();
  await shoot('config');
  assert.deepEqual(faults, [], 'the console has errors');
  process.stdout.write('query editor and configuration page: drawn and used in Chromium, no console error\n');
} finally {
  await browser.close();
  server.close();
  await rm(dir, { recursive: true });
}
