// Debian's Chromium with shoppers in it: each a context of its own, so each a browser with its own cookies.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const shots = process.env.WR_SHOTS; // a folder: pictures of every state are kept there
export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const desktop = { viewport: { width: 1280, height: 900 } };

export async function openBrowser() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, chromiumSandbox: false,
        args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
}

// A shopper on the page of `sale`; everything the page logs as an error fails the test at `close()`.
export async function openShopper(browser, url, sale, options = phone) {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    const page = await context.newPage();
    const errors = [];
    let loads = 0;
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => { if (message.type() === 'error' && /Content Security Policy|TypeError|ReferenceError/.test(message.text())) errors.push(message.text()); });
    page.on('load', () => { loads++; });
    await page.goto(`${url}/s/${sale}`);
    const shopper = {
        page, context,
        loads: () => loads,
        stored: () => page.evaluate((id) => JSON.parse(localStorage.getItem(`waitroom:${id}`) ?? '{}'), sale),
        sees: (text, timeout = 15_000) => page.getByText(text, { exact: false }).filter({ visible: true }).first().waitFor({ timeout }),
        // Axe, and a picture when they are wanted.
        async look(name) {
            if (!(await page.evaluate(() => 'axe' in window))) {
                await page.context().addInitScript({ path: axePath });
                await page.evaluate(await (await import('node:fs/promises')).readFile(axePath, 'utf8'));
            }
            const { violations } = await page.evaluate(() => window.axe.run());
            assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], `axe finds nothing at "${name}"`);
            const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
            assert.equal(wide, false, `nothing is cut off sideways at "${name}"`);
            if (shots) {
                mkdirSync(shots, { recursive: true });
                await page.screenshot({ path: join(shots, `${name}.png`) });
            }
        },
        async close() {
            await context.close();
            assert.deepEqual(errors, []);
        },
    };
    return shopper;
}
