// Draws pages in Chromium, at two widths, in light and dark, and as a print. It
// ends with a fault of the first page that scrolls sideways, loads something
// from elsewhere, tells an error to the console, or is the same in light and dark.
// Arguments: the address, then paths. SCREENSHOTS names a folder for pictures.
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import { join } from 'node:path';

const [address, ...paths] = process.argv.slice(2);
const faults = [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const drawn = async (path, colorScheme, width, media) => {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const where = `${path} at ${width} pixels, ${media ?? colorScheme}`;
  page.on('console', (m) => m.type() === 'error' && faults.push(`${where}: ${m.text()}`));
  page.on('pageerror', (e) => faults.push(`${where}: ${e}`));
  page.on('request', (r) => r.url().startsWith(address + '/') || faults.push(`${where} loads ${r.url()}`));
  await page.emulateMedia({ media: media ?? 'screen' });
  const answer = await page.goto(address + path);
  assert(answer.ok(), `${where}: ${answer.status()}`);
  const seen = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth, ground: getComputedStyle(document.body).backgroundColor,
    heading: document.querySelector('h1')?.getBoundingClientRect().height ?? 0,
    flat: [...document.querySelectorAll('svg[role=img]')].filter((e) => e.getBoundingClientRect().height < 50).length,
  }));
  if (seen.wide > width) faults.push(`${where} is ${seen.wide} wide: it scrolls sideways`);
  if (!(seen.heading > 0)) faults.push(`${where} has no heading to be seen`);
  if (seen.flat) faults.push(`${where} has ${seen.flat} charts without height`);
  if (process.env.SCREENSHOTS) {
    const name = where.replaceAll(/[^a-z0-9]+/g, '-');
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
  }
  const pdf = media && (await page.pdf({ preferCSSPageSize: true })).length;
  if (media && pdf < 5000) faults.push(`${where}: a document of ${pdf} bytes`);
  await page.close();
  return seen.ground;
};
const a4 = 688; // pixels between the margins
let pages = 0;
try {
  for (const path of paths) {
    for (const width of [1280, 390]) {
      const [light, dark] = [await drawn(path, 'light', width), await drawn(path, 'dark', width)];
      if (light === dark) faults.push(`${path} has the ground ${light} in light and dark`);
      pages += 2;
    }
    await drawn(path, 'light', a4, 'print');
    pages += 1;
  }
} finally {
  await browser.close();
}
assert.deepEqual(faults, []);
console.log(pages);
