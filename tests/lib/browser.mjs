// Debian's Chromium with shoppers in it: each a context of its own, so each a browser with its own cookies.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.WR_SHOTS; // a folder: pictures of every state are kept there
export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const desktop = { viewport: { width: 1280, height: 800 } };
const small = { width: 320, height: 640 };

export async function openBrowser() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, chromiumSandbox: false,
        args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
}

async function picture(page, name) {
    if (!shots) return;
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name}.png`) });
}
// Axe, in the light and in the dark, nothing cut off sideways however small the screen, and pictures when they are wanted.
export async function look(page, name) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
    const inspect = async (where) => {
        const { violations } = await page.evaluate(() => window.axe.run());
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], `axe finds nothing at "${name}"${where}`);
    };
    await inspect('');
    const size = page.viewportSize();
    for (const [kind, viewport] of [['small', small], ['phone', phone.viewport], ['desktop', desktop.viewport]]) {
        await page.setViewportSize(viewport);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `"${name}" is ${wide} px too wide for ${viewport.width} px`);
        await picture(page, `${name}-${kind}`);
        if (kind !== 'phone') continue;
        await page.emulateMedia({ colorScheme: 'dark' });
        await inspect(' in the dark');
        await picture(page, `${name}-dark`);
        await page.emulateMedia({ colorScheme: null });
    }
    await page.setViewportSize(size);
}

// What the eye finds: not what is there for screen readers alone.
export const seen = (page, text) => page.getByText(text).and(page.locator(':not(.unseen)')).filter({ visible: true }).first();

// A shopper on the page of `sale`. Everything the page logs as an error or throws fails the test at `close()`, but for what the
// test says it `allows` or `expects` - and what it expects must have been logged. `clockOff` (ms): how wrong the device's clock is.
export async function openShopper(browser, url, sale, options = {}) {
    const { expects = [], allows = [], clockOff = 0, network, prepare, ...rest } = options;
    const context = await browser.newContext({ locale: 'en-GB', ...(rest.viewport ? rest : { ...phone, ...rest }), ...(network && { proxy: network.settings }) });
    if (clockOff) {
        await context.addInitScript((off) => {
            const now = Date.now;
            window.Date = class extends Date {
                constructor(...given) { super(...(given.length ? given : [now() + off])); }
                static now() { return now() + off; }
            };
        }, clockOff);
    }
    const errors = [];
    const shopper = {
        context, sockets: [], page: null,
        // The page's visit: a new tab, watched from before its first byte.
        async open() {
            const page = shopper.page = await context.newPage();
            page.on('pageerror', (error) => errors.push(String(error)));
            page.on('console', (message) => { if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url ?? ''}`); });
            page.on('websocket', (socket) => {
                const heard = { messages: [], open: true };
                shopper.sockets.push(heard);
                socket.on('framereceived', ({ payload }) => heard.messages.push(JSON.parse(payload)));
                socket.on('close', () => { heard.open = false; });
            });
            await prepare?.(page);
            await page.goto(`${url}/s/${sale}`);
            await page.evaluate(() => { window.sameVisit = true; });
        },
        async reopen() {
            await shopper.page.close();
            await shopper.open();
        },
        // Whether it is still the visit that `open` began: nothing loaded the page again.
        sameVisit: () => shopper.page.evaluate(() => window.sameVisit === true),
        heard: (type) => shopper.sockets.flatMap((socket) => socket.messages).filter((message) => message.type === type),
        stored: () => shopper.page.evaluate((id) => JSON.parse(localStorage.getItem(`waitroom:${id}`) ?? '{}'), sale),
        async sees(text, timeout = 20_000) {
            await seen(shopper.page, text).waitFor({ timeout }).catch(async () => {
                throw new Error(`the page does not say "${text}" within ${timeout} ms, but: ${await shopper.page.locator('body').innerText()}`);
            });
        },
        // What a screen reader was told last.
        isTold: (text) => shopper.page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 10_000 }),
        says: (name) => shopper.page.getByRole('button', { name, exact: true }).click(),
        look: (name) => look(shopper.page, name),
        async close() {
            await context.close();
            assert.deepEqual(errors.filter((error) => ![...expects, ...allows].some((pattern) => pattern.test(error))), [], 'the page logs no error');
            for (const pattern of expects) assert.ok(errors.some((error) => pattern.test(error)), `the page was to log ${pattern}`);
        },
    };
    await shopper.open();
    return shopper;
}
