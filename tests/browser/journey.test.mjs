// From the door to a paid order in a real browser, on the whole system. The tests of the first group run side by side, each with a
// sale of its own; those that stop a daemon come after them, one by one.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import Redis from 'ioredis';
import { startStack } from '../lib/stack.mjs';
import { root, stopAll } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';
import { desktop, look, openBrowser, openShopper, seen } from '../lib/browser.mjs';
import { Shopper, session } from '../lib/door.mjs';
import { openMerchantShop } from '../lib/merchant.mjs';
import { openNetwork } from '../lib/network.mjs';

let stack, browser;
before(async () => { [stack, browser] = await Promise.all([startStack(), openBrowser()]); });
after(async () => { await browser?.close(); await stack?.stop(); await stopAll(); });

const shopperOf = (sale, options) => openShopper(browser, stack.url, sale.id, options);
async function networkOf(t, options) {
    const network = await openNetwork(options);
    t.after(() => network.close());
    return network;
}
const steer = async (method, sale, path, body) => assert.equal((await stack.admin(method, `/sales/${sale.id}${path}`, body)).status, 200);
const setRate = (sale, perMinute) => steer('PUT', sale, '/rate', { per_minute: perMinute });
const setMode = (sale, mode) => steer('POST', sale, '/mode', { mode });
const stats = async (sale) => (await stack.admin('GET', `/sales/${sale.id}/stats`)).json();
const oneUnit = { skus: [{ sku: 'one', name: 'The only one', unit_price: 12900, total: 1 }] };
const gone = (status) => new RegExp(`status of ${status}`); // what Chromium logs of an answer that is no success
const seconds = (clock) => clock.trim().split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
// What the page counts down to, read as the time it shows and held against the time it should; a busy machine paints late.
async function countsDownTo(shopper, at, selector) {
    const most = (at - Date.now()) / 1000 + 4, shown = seconds(await text(shopper, selector)), least = (at - Date.now()) / 1000 - 4;
    assert.ok(shown >= least && shown <= most, `the page says ${shown} s, and it is between ${least} and ${most}`);
}
const text = (shopper, selector) => shopper.page.locator(selector).first().textContent();
const focused = (shopper) => shopper.page.evaluate(() => document.activeElement.textContent);

// The provider's page for this order, in a tab of its own.
async function openPayment(shopper) {
    const [tab] = await Promise.all([shopper.context.waitForEvent('page'), shopper.page.getByRole('link', { name: 'Pay now' }).click()]);
    await tab.waitForLoadState();
    return tab;
}
async function press(tab, button, says) {
    await tab.getByRole('button', { name: button }).click();
    await tab.getByText(says).first().waitFor();
}
const pay = (tab) => press(tab, /^Pay/, /^Paid/);
async function payAt(shopper, name) {
    const tab = await openPayment(shopper);
    if (name) await look(tab, `${name}-open`);
    await pay(tab);
    if (name) await look(tab, `${name}-paid`);
    await tab.close();
}
// People in the line without a browser, who answer when they are called.
async function crowd(t, sale, people) {
    const sockets = [];
    t.after(() => sockets.forEach(({ socket }) => socket.terminate()));
    const join = async () => {
        const { secret } = await session(stack.url);
        const shopper = new Shopper(stack.url, sale, { secret, headers: { origin: stack.url } }).connect();
        sockets.push(shopper);
        await shopper.got('ticket', undefined, { timeout: 30_000 });
    };
    for (let i = 0; i < people; i += 50) await Promise.all(Array.from({ length: Math.min(50, people - i) }, join));
    return sockets;
}
// Another tab of this browser, which takes over once it shows what it `sees` and the line has `told` it something of that type.
async function secondTab({ context, page }, sees, told = 'ticket') {
    const tab = await context.newPage();
    const socket = tab.waitForEvent('websocket');
    const heard = socket.then((it) => it.waitForEvent('framereceived', ({ payload }) => JSON.parse(payload).type === told));
    await tab.goto(page.url());
    await Promise.all([heard, seen(tab, sees).waitFor()]);
    return tab;
}
// At this point a refresh, and closing the page and opening it again, change nothing.
async function continues(shopper, sees) {
    const kept = await shopper.stored(), admission = jti(shopper);
    for (const again of [() => shopper.page.reload(), () => shopper.reopen()]) {
        await again(); // until the page is loaded
        await shopper.sees(sees);
        const now = await shopper.stored();
        assert.deepEqual([now.place, now.run, jti(shopper)], [kept.place, kept.run, admission], `the same place and admission at "${sees}"`);
        assert.ok(!shopper.heard('admitted').some(({ token }) => JSON.stringify(now).includes(token)), 'the token is nowhere but in the page');
    }
}
const jti = (shopper) => {
    const { token } = shopper.heard('admitted').at(-1) ?? {};
    return token && JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).jti;
};

test('the page\'s files come under names of their content, compressed as they were built, to be kept for ever', async () => {
    const get = (path, encoding) => new Promise((done, fail) => {
        request(`${stack.url}${path}`, { headers: { 'accept-encoding': encoding } }, async (answer) => {
            const { headers, statusCode: status } = answer;
            done({ status, headers, bytes: Buffer.concat(await answer.toArray()) });
        }).on('error', fail).end();
    });
    const sale = await stack.createSale();
    const page = await get(`/s/${sale.id}`, 'identity');
    const names = [...page.bytes.toString().matchAll(/\/(assets\/shopper-[0-9A-Z]{8}\.(?:js|css))"/g)].map(([, name]) => name);
    assert.equal(names.length, 2);
    assert.doesNotMatch(page.headers['cache-control'], /immutable/, 'the page itself may change its names');
    for (const name of names) {
        for (const [encoding, ending] of [['br', '.br'], ['gzip', '.gz'], ['identity', '']]) {
            const { status, headers, bytes } = await get(`/${name}`, encoding);
            assert.deepEqual([status, headers['content-encoding'] ?? 'identity'], [200, encoding]);
            assert.match(headers.vary, /accept-encoding/);
            assert.match(headers['cache-control'], /max-age=31536000, immutable/);
            assert.ok(bytes.equals(readFileSync(join(root, 'web/dist', name + ending))), `${name} as ${encoding} is the built file`);
        }
    }
});

describe('side by side', { concurrency: 4 }, () => {
    // Those that wait longest begin first: the others fit in beside them.
    test('two shoppers, one unit: one buys and pays, the other is told it is sold out; then the payment of a third expires and the unit comes back', async () => {
        // Of two units, since the one that is paid for is gone for good: another has to come back. The third shopper holds that one
        // and does not pay, so that one is left for two. Whoever waits behind them watches.
        const sale = await stack.createSale({ skus: [{ sku: 'one', name: 'The last one', unit_price: 12900, total: 2 }], factor_percent: 100, rate_per_minute: 0, hold_s: 40, admission_s: 300 });
        const inLine = async (sees, options) => { const shopper = await shopperOf(sale, options); await shopper.sees(sees); return shopper; };
        const third = await inLine('You are next'), carl = await inLine('ahead of you'), dora = await inLine('ahead of you', { ...desktop, expects: [gone(410)] }), waiting = await inLine('ahead of you');
        await setRate(sale, 6000);
        await third.sees('It is your turn');
        await third.says('Reserve now');
        await third.sees('Ready to pay');
        const away = await openPayment(third);
        await press(away, 'Walk away', 'You walked away');
        await carl.sees('It is your turn');
        const left = (n) => waitFor('the line to know what is left', () => waiting.heard('sale').at(-1).remaining === n);
        await left(1);
        await steer('PUT', sale, '/limits', { factor_percent: 200 }); // two are let in for the unit that is left
        await dora.sees('It is your turn');
        await setMode(sale, 'hold'); // a reservation frees its place inside at once, and the line hears of the unit a quarter of a second later
        await carl.says('Reserve now');
        await carl.sees('Ready to pay');
        await left(0);
        await setMode(sale, 'queue');
        await waiting.sees('Sold out for now');
        await waiting.sees('Stay in line');
        await dora.says('Reserve now');
        await dora.sees('Somebody was faster: it is sold out');
        await dora.look('turn-sold-out'); // what takes long comes now that nothing depends on third's hold any more
        await look(away, 'sandbox-walked-away');
        await away.close();
        await payAt(carl);
        await carl.sees('It is yours');
        await third.sees('The reservation expired', 50_000);
        await waiting.sees('It is your turn');
        await dora.says('Reserve now'); // still on her turn: "if a piece comes back, you can try again here"
        await dora.sees('Ready to pay');
        const card = await openPayment(dora);
        await press(card, 'Decline the payment', 'The payment was declined');
        await look(card, 'sandbox-declined');
        await dora.sees('Ready to pay');
        await pay(card);
        await dora.sees('It is yours');
        for (const shopper of [third, carl, dora, waiting]) {
            assert.ok(await shopper.sameVisit(), 'no page reloaded');
            assert.equal(shopper.sockets.length, 1, 'and all of it was told on one WebSocket');
        }
        const late = await shopperOf(sale);
        await late.sees('You are first in line');
        await continues(late, 'Stay in line');
        assert.deepEqual((await stats(sale)).orders, { confirmed: 2, expired: 1 });
        for (const shopper of [third, carl, dora, waiting, late]) await shopper.close();
    });

    test('an unpaid reservation expires, the unit goes to the next in line, and who let it go may join again', async () => {
        const sale = await stack.createSale({ ...oneUnit, rate_per_minute: 6000, hold_s: 20 });
        const carla = await shopperOf(sale, desktop);
        await carla.sees('It is your turn');
        await carla.says('Reserve now');
        await carla.sees('Ready to pay');
        await waitFor('the line to know', async () => { const { left, phase } = await stats(sale); return left === 0 && phase === 'sold_out'; });
        const dan = await shopperOf(sale);
        await dan.sees('Stay in line');
        await dan.look('sold-out-waiting');
        await carla.sees('The reservation expired', 40_000);
        await carla.isTold('The reservation expired. The payment did not arrive in time');
        await carla.look('expired');
        await dan.sees('It is your turn', 30_000);
        assert.ok(await carla.sameVisit(), 'told on the same page');
        await dan.says('Reserve now');
        await dan.sees('Ready to pay');
        await payAt(dan);
        await dan.sees('It is yours');
        assert.deepEqual((await stats(sale)).orders, { confirmed: 1, expired: 1 });
        const tab = await secondTab(carla, 'The reservation expired', 'spent');
        await carla.sees('open in another tab');
        await tab.getByRole('button', { name: 'Join the line again' }).click();
        await seen(tab, 'You are first in line').waitFor();
        await carla.says('Show it here'); // the place, and not the order that the other tab put away
        await carla.sees('You are first in line');
        await carla.close();
        await dan.close();
    });

    test('who cannot reach the line before the start is told so, and who was away for too long is, on returning', async (t) => {
        const network = await networkOf(t), options = { network, allows: [/WebSocket connection|net::ERR_/] };
        const sale = await stack.createSale({ rate_per_minute: 0, away_limit_s: 10 });
        const pat = await shopperOf(sale, options);
        await pat.sees('You are next');
        const redis = new Redis(stack.env.WR_REDIS_URL), key = (name) => `wr:{${sale.id}}:${name}`, { place } = await pat.stored();
        t.after(() => redis.disconnect());
        const rex = await shopperOf(await stack.createSale({ starts_at: Date.now() + 1_800_000 }), options);
        await rex.sees('Starts in');
        const behind = await shopperOf(sale);
        await behind.sees('person ahead of you');
        network.cut();
        await waitFor('the line to know that pat is away', async () => await redis.zscore(key('ready'), place) === null);
        await setRate(sale, 6000);
        await behind.sees('It is your turn');
        await rex.sees('We cannot reach the waiting room');
        await rex.look('unreachable');
        await waitFor('pat to be away for too long', async () => {
            const [since] = await redis.zrange(key('fronts'), 0, 0);
            return await redis.hget(key('line'), 'open_ms') - since > 10_500;
        }, { timeout: 60_000 });
        network.mend();
        await pat.sees('You were away for too long', 30_000);
        await pat.look('passed');
        for (const shopper of [pat, rex, behind]) await shopper.close();
    });

    test('where WebSockets do not pass, the page polls: from the countdown to a paid order', async (t) => {
        const network = await networkOf(t, { webSockets: false });
        const sale = await stack.createSale({ starts_at: Date.now() + 15_000, rate_per_minute: 0 });
        const pia = await shopperOf(sale, { network, expects: [/WebSocket connection .* failed/], allows: [gone(503)] }); // a join in the very moment of the start
        await pia.sees('Starts in');
        await pia.sees('allows no live connection');
        await pia.sees('You are next', 20_000);
        await pia.look('polling');
        await continues(pia, 'You are next');
        await setRate(sale, 6000);
        await pia.sees('It is your turn');
        await pia.says('Reserve now');
        await pia.sees('Ready to pay');
        await payAt(pia);
        await pia.sees('It is yours');
        assert.equal(pia.heard('sale').length, 0, 'nothing came on a socket');
        assert.ok(network.refused >= 2);
        const { orders, joined_total: joined } = await stats(sale);
        assert.deepEqual([orders, joined], [{ confirmed: 1 }, 1]);
        await pia.close();
    });

    test('who polls and let a token fall says "I am here", and can leave', async (t) => {
        const network = await networkOf(t, { webSockets: false });
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const kim = await shopperOf(sale, { network, expects: [/WebSocket connection .* failed/], allows: [/ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_PROXY/] });
        await kim.sees('You are next');
        // The browser goes out of reach; its place is called, given a token and lets it fall.
        let [{ ticket, worker }, [cookie]] = [await kim.stored(), await kim.context.cookies(stack.url)];
        const poll = async () => {
            const headers = { authorization: `Ticket ${ticket}`, cookie: `${cookie.name}=${cookie.value}` };
            const { messages } = await (await fetch(`${stack.url}/v1/sales/${sale.id}/queue?was=${worker}`, { headers })).json();
            ({ worker } = messages.find(({ type }) => type === 'ticket'));
            return messages;
        };
        network.cut();
        await setRate(sale, 6000);
        await waitFor('a token', async () => (await poll()).some(({ type }) => type === 'admitted'), { every: 300 });
        await waitFor('only a person to be believed', async () => {
            const told = await poll();
            return told.some(({ type, again }) => type === 'called' && again) || Promise.reject(new Error(told.map(({ type, code }) => code ?? type).join(' ')));
        }, { timeout: 20_000, every: 300 });
        network.mend();
        await kim.sees('Are you still there?', 30_000);
        await kim.look('dozing');
        await kim.says('Yes, I am here');
        await kim.sees('It is your turn');
        await kim.close();

        const other = await stack.createSale({ rate_per_minute: 0 });
        const lou = await shopperOf(other, { network, expects: [/WebSocket connection .* failed/] });
        await lou.sees('You are next');
        const { place } = await lou.stored();
        await waitFor('one to wait', async () => (await stats(other)).waiting === 1);
        await lou.says('Leave the line');
        await lou.look('leaving');
        await lou.says('Stay');
        await waitFor('the button to have the focus again', async () => await focused(lou) === 'Leave the line');
        await lou.says('Leave the line');
        await lou.says('Leave');
        await lou.sees('You left the line');
        await lou.look('left');
        await waitFor('nobody to wait', async () => (await stats(other)).waiting === 0, { timeout: 12_000 });
        await lou.says('Join the line again');
        await waitFor('a new place at the end of the line', async () => (await lou.stored()).place > place, { timeout: 20_000 });
        await lou.close();
    });

    test('from the countdown to a confirmed order: one visit, one WebSocket, right times on a clock that is an hour fast', async () => {
        const sale = await stack.createSale({ title: 'Aurora One turntable', description: 'One hand-built piece, in walnut.', starts_at: Date.now() + 15_000, rate_per_minute: 6000,
            skus: [{ sku: 'one', name: 'Aurora One, walnut', unit_price: 48900, total: 3 }] });
        const anna = await shopperOf(sale, { clockOff: 3_600_000 });
        await anna.sees('Starts in');
        await countsDownTo(anna, sale.starts_at, '[role=timer]');
        assert.equal(await text(anna, 'h1'), 'Aurora One turntable');
        assert.equal(await text(anna, '.facts'), '€489.003 pieces');
        await anna.sees('hand-built piece');
        assert.equal((await anna.stored()).ticket, undefined, 'no number before the start');
        await anna.look('countdown');

        await anna.sees('It is your turn', 20_000);
        assert.ok(Date.now() >= sale.starts_at, 'and nobody is let in before');
        await countsDownTo(anna, anna.heard('admitted').at(-1).expires_at, '.digits');
        await anna.look('turn');
        await anna.says('Reserve now');
        await anna.sees('Ready to pay');
        await countsDownTo(anna, anna.heard('order').at(-1).expires_at, '.digits');
        await anna.sees('1 × Aurora One, walnut · €489.00');
        await anna.look('payment');
        await payAt(anna, 'sandbox');
        await anna.sees('It is yours');
        await anna.look('confirmed');
        assert.deepEqual((await stats(sale)).orders, { confirmed: 1 });
        assert.equal(anna.sockets.length, 1, 'one WebSocket for all of it');
        assert.ok(anna.sockets[0].open);
        for (const type of ['sale', 'ticket', 'called', 'admitted', 'order']) assert.ok(anna.heard(type).length, `${type} came on it`);
        assert.ok(await anna.sameVisit(), 'the page never reloaded');
        await anna.close();
    });

    test('a clock that is an hour slow counts down right as well, and joins in time', async () => {
        const sale = await stack.createSale({ starts_at: Date.now() + 15_000, rate_per_minute: 6000 });
        const eve = await shopperOf(sale, { ...desktop, clockOff: -3_600_000 });
        await eve.sees('Starts in');
        await countsDownTo(eve, sale.starts_at, '[role=timer]');
        await eve.sees('It is your turn', 20_000);
        assert.ok(await eve.sameVisit());
        await eve.close();
    });

    test('in the line the page says how many are ahead, how long it takes, and what is left', async (t) => {
        const people = process.env.WR_SHOTS ? 1234 : 150; // a picture wants a large number
        const sale = await stack.createSale({ rate_per_minute: 60, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 400 }] });
        const zoe = await shopperOf(sale, desktop);
        await zoe.sees('It is your turn');
        await crowd(t, sale, people);
        const ben = await shopperOf(sale);
        await ben.sees('people ahead of you');
        await ben.page.locator('.eta').waitFor();
        const { ahead, eta_s: [low, high], shown } = await waitFor('the page to show what was told last', async () => {
            const [big, eta] = await ben.page.evaluate(() => ['.ahead .big', '.eta'].map((part) => document.querySelector(part).textContent)), told = ben.heard('position').at(-1);
            return big === told.ahead.toLocaleString('en') && { ...told, shown: eta };
        });
        assert.ok(ahead > people - 60 && ahead <= people + 1, `${people} joined before and wait, ${ahead} are ahead`);
        assert.ok(low <= ahead && ahead <= high, `${ahead} people at one a second: ${low} to ${high} s`);
        const [from, to] = shown.match(/^About (\d+) (?:to (\d+) )?minutes$/).slice(1);
        assert.ok(from * 60 <= low + 60 && (to ?? from) * 60 >= high - 10, `${low} to ${high} s are shown as ${from} to ${to} minutes`);
        assert.match(await text(ben, '.facts'), /400 of 400 left$/);
        await ben.look('line-far');
        await zoe.says('Reserve now');
        await zoe.sees('Ready to pay');
        await ben.sees('399 of 400 left');
        await ben.close();
        await zoe.close();
    });

    test('refreshing and reopening continue at the countdown, in the line, at the turn, at the payment and at the end', async () => {
        const later = await shopperOf(await stack.createSale({ starts_at: Date.now() + 1_800_000 }));
        await later.sees('Starts in');
        await continues(later, 'Starts in');
        await later.close();
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const fay = await shopperOf(sale);
        await fay.sees('You are next');
        await continues(fay, 'You are next');
        await setRate(sale, 6000);
        await fay.sees('It is your turn');
        await continues(fay, 'Reserve now');
        await fay.says('Reserve now');
        await fay.sees('Ready to pay');
        await continues(fay, 'Ready to pay');
        await payAt(fay);
        await fay.sees('It is yours');
        await continues(fay, 'It is yours');
        const { orders, joined_total: joined, granted_total: granted } = await stats(sale);
        assert.deepEqual([orders, joined, granted], [{ confirmed: 1 }, 1, 1], 'one place, one admission, one order');
        await fay.close();
    });

    test('a browser that refuses cookies, storage and locks comes from the line to its turn all the same', async () => {
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const pat = await shopperOf(sale, { prepare: (page) => page.addInitScript(() => {
            const refusal = () => new DOMException('The user denied it.', 'SecurityError');
            Object.defineProperty(Navigator.prototype, 'cookieEnabled', { value: false });
            Object.defineProperty(window, 'localStorage', { get() { throw refusal(); } });
            LockManager.prototype.request = async () => { throw refusal(); };
        }) });
        await pat.sees('You are next');
        await setRate(sale, 6000);
        await pat.sees('It is your turn');
        await pat.says('Reserve now');
        await pat.sees('Ready to pay');
        await pat.close();
    });

    test('who is refused because the shop admits nobody joins by itself as soon as it does', async () => {
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const first = await shopperOf(sale, desktop);
        await first.sees('You are next');
        await setMode(sale, 'reject');
        const max = await shopperOf(sale);
        await max.sees('The line is closed for now');
        await max.look('refused');
        await first.sees('If you have a place, it is safe');
        assert.equal((await max.stored()).ticket, undefined);
        await setMode(sale, 'queue');
        await max.sees('person ahead of you');
        assert.equal(max.sockets.length, 1, 'on the same socket');
        assert.ok(await max.sameVisit());
        await max.close();
        await first.close();
    });

    test('who is refused because too much is in flight is told so, and asks again by itself', async () => {
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const asked = [];
        let room = false;
        const ned = await shopperOf(sale, {
            prepare: (page) => page.routeWebSocket(/\/queue$/, (socket) => { // the server's own words, for its one-hundred-thousandth joiner
                const server = socket.connectToServer();
                socket.onMessage((message) => {
                    if (JSON.parse(message).type === 'join') asked.push(Date.now());
                    if (JSON.parse(message).type !== 'join' || room) server.send(message);
                    else socket.send(JSON.stringify({ type: 'error', code: 'busy', detail: 'Too much is in flight. Try again shortly.' }));
                });
            }),
        });
        await ned.sees('Many people are arriving');
        const moving = () => ned.page.evaluate(() => document.getAnimations().length);
        assert.equal(await moving(), 1);
        await ned.page.emulateMedia({ reducedMotion: 'reduce' });
        assert.equal(await moving(), 0, 'nothing moves for those who want no motion');
        await ned.look('busy');
        room = true;
        await ned.sees('You are next');
        for (const [i, at] of asked.slice(1).entries()) assert.ok(at - asked[i] > 1900, 'asked once more, not in a hurry');
        await ned.close();
    });

    test('a lost connection says so and that the place is safe, and comes back to it', async (t) => {
        const network = await networkOf(t);
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const olga = await shopperOf(sale, { network, allows: [/WebSocket connection|net::ERR_/] });
        await olga.sees('You are next');
        const { place } = await olga.stored();
        network.cut();
        await olga.sees('Your place is safe; we are reconnecting');
        await olga.look('lost');
        await waitFor('a try that fails', () => network.missed > 0, { timeout: 20_000 });
        network.mend();
        await seen(olga.page, 'we are reconnecting').waitFor({ state: 'hidden', timeout: 30_000 });
        await olga.sees('You are next');
        assert.equal((await olga.stored()).place, place);
        assert.equal((await stats(sale)).joined_total, 1);
        await olga.close();
    });

    test('a connection that leads nowhere without a word is noticed by its silence, and left for a new one', async (t) => {
        const network = await networkOf(t);
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const rex = await shopperOf(sale, { network, prepare: (page) => page.clock.install() });
        await rex.sees('You are next');
        const { place } = await rex.stored(), lost = rex.page.locator('.notice').getByText('we are reconnecting');
        network.freeze();
        await waitFor('its silence to be noticed', async () => {
            await rex.page.clock.fastForward(20_000);
            return lost.isVisible();
        }, { every: 300 });
        network.thaw();
        await lost.waitFor({ state: 'hidden', timeout: 30_000 });
        await rex.sees('You are next');
        assert.equal((await rex.stored()).place, place);
        await setRate(sale, 6000);
        await rex.sees('It is your turn');
        await rex.close();
    });

    test('a second tab takes the place over, and the first can take it back', async () => {
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const gus = await shopperOf(sale, desktop);
        await gus.sees('You are next');
        const { place } = await gus.stored();
        await secondTab(gus, 'You are next');
        await gus.sees('open in another tab');
        await gus.isTold('The line is open in another tab.');
        await gus.look('superseded');
        assert.equal((await gus.stored()).place, place, 'one browser, one place');
        await gus.says('Show it here');
        await gus.sees('You are next');
        assert.equal((await stats(sale)).joined_total, 1);
        await gus.close();
    });

    test('a second tab takes an order over, too, and what was bought stays in sight in both', async () => {
        const sale = await stack.createSale({ rate_per_minute: 6000 });
        let letThrough;
        const held = new Promise((done) => { letThrough = done; });
        const hugo = await shopperOf(sale, {
            prepare: (page) => page.route(/\/checkout$/, async (route) => { // the answer comes when the other tab has taken over
                const response = await route.fetch();
                await held;
                await route.fulfill({ response });
            }),
        });
        await hugo.sees('It is your turn');
        await hugo.says('Reserve now');
        const tab = await secondTab(hugo, 'Ready to pay');
        await hugo.sees('open in another tab');
        letThrough();
        await waitFor('the answer to be heard', async () => (await hugo.stored()).key === undefined);
        await hugo.sees('open in another tab');
        const offers = () => hugo.page.getByText(/Pay now|Cancel the order/).count();
        assert.equal(await offers(), 0, 'a tab that hears nothing offers neither to pay nor to cancel');
        await hugo.isTold('The line is open in another tab.');
        await hugo.look('superseded-payment');
        await hugo.says('Show it here');
        await hugo.sees('Ready to pay');
        assert.equal(await offers(), 2);
        await seen(tab, 'open in another tab').waitFor();
        const shop = await openPayment(hugo);
        await pay(shop);
        await hugo.sees('It is yours');
        await shop.getByRole('link', { name: 'Back to the shop' }).click();
        await seen(shop, 'It is yours').waitFor();
        await waitFor('the first to be replaced', () => !hugo.sockets.at(-1).open);
        await hugo.sees('It is yours');
        await hugo.close();
    });

    test('two tabs opened before the start are one shopper with one place', async () => {
        const sale = await stack.createSale({ starts_at: Date.now() + 15_000, rate_per_minute: 0 });
        const ivy = await shopperOf(sale, desktop);
        const tab = await ivy.context.newPage();
        await tab.goto(ivy.page.url());
        await seen(tab, 'Starts in').waitFor();
        const atRest = () => Promise.all([ivy.page, tab].map((page) => seen(page, /You are next|open in another tab/).waitFor()));
        await atRest();
        await waitFor('one of them to have the place', async () => (await stats(sale)).waiting === 1);
        assert.equal((await stats(sale)).joined_total, 1);
        await ivy.close();
    });

    test('a pause and the merchant\'s message reach the page within seconds, and so does going on', async () => {
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const hal = await shopperOf(sale);
        await hal.sees('You are next');
        await steer('POST', sale, '/hold', { message: 'Back at noon: the van is late.' });
        await hal.sees('Back at noon', 10_000);
        await hal.sees('paused the line', 10_000);
        await hal.sees('until the line moves again');
        await hal.isTold('The shop has paused the line. Your place is safe. Back at noon: the van is late. You are next.');
        await hal.look('held');
        await setRate(sale, 6000);
        await steer('POST', sale, '/resume');
        await hal.sees('It is your turn');
        await hal.close();
    });

    test('cancelling gives the unit back; a cancel that comes too late is told as that', async () => {
        const sale = await stack.createSale({ ...oneUnit, rate_per_minute: 6000 });
        const ida = await shopperOf(sale, { expects: [gone(409)] });
        await ida.sees('It is your turn');
        await ida.says('Reserve now');
        await ida.sees('Ready to pay');
        await ida.says('Cancel the order');
        await ida.look('cancelling');
        await ida.says('Keep it');
        await waitFor('the button to have the focus again', async () => await focused(ida) === 'Cancel the order');
        const cancel = async () => { await ida.says('Cancel the order'); await ida.says('Cancel the order'); };
        await ida.page.route('**/v1/orders/status/*', (route) => route.fulfill({ status: 409, json: { type: '/problems/conflict', title: '', status: 409 } }), { times: 1 });
        await cancel();
        await ida.sees('can no longer be cancelled');
        await ida.look('not-cancelled');
        await cancel();
        await ida.sees('Order cancelled');
        await ida.look('cancelled');
        await waitFor('the unit to be free', async () => (await stats(sale)).left === 1);
        await ida.close();
    });

    test('an unknown sale says so', async () => {
        const nobody = await openShopper(browser, stack.url, 'no-such-sale', { expects: [gone(404)] });
        await nobody.sees('There is no such sale');
        await nobody.look('missing');
        await nobody.close();
    });

    test('a shop of the merchant\'s own is opened with the token, and lets in the browser that the line let through', async () => {
        const id = `own-shop-${Math.random().toString(36).slice(2, 8)}`, shop = await openMerchantShop(stack.url, id);
        const sale = await stack.createSale({ id, title: 'In our own shop', rate_per_minute: 6000, skus: [], checkout_url: `${shop.url}?from=line#cart` });
        const rob = await shopperOf(sale);
        await rob.sees('It is your turn');
        await rob.look('turn-own-shop');
        const { token } = rob.heard('admitted').at(-1);
        await rob.page.getByRole('link', { name: 'Continue to the shop' }).click();
        await rob.sees('Welcome to the shop');
        assert.equal(rob.page.url(), `${shop.url}?from=line&token=${token}#cart`);
        await rob.page.reload();
        await rob.sees('Welcome to the shop');
        assert.equal((await fetch(`${shop.url}?token=${token}`)).status, 403, 'and no other browser that has the address');
        assert.equal((await fetch(shop.url)).status, 401);
        await rob.close();
        await shop.stop();
    });

    test('the last ones are counted, and a turn that is not used is over, whether or not the server can say so', async (t) => {
        const network = await networkOf(t);
        const sale = await stack.createSale({ rate_per_minute: 6000, per_shopper: 2, admission_s: 20, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 3 }] });
        const nora = await shopperOf(sale, desktop);
        await nora.sees('It is your turn');
        await nora.page.getByRole('spinbutton', { name: 'Quantity' }).fill('2');
        await nora.says('Reserve now');
        await nora.sees('Ready to pay');
        const mia = await shopperOf(sale, { network, allows: [/WebSocket connection|net::ERR_/] });
        await mia.sees('It is your turn');
        await mia.sees('Only 1 left');
        await mia.look('turn-last-one');
        network.cut();
        await nora.close();
        await mia.sees('Your turn is over', 30_000);
        await mia.isTold('Your turn is over.');
        assert.equal(await mia.page.title(), 'Test article');
        await mia.look('turn-over');
        await mia.close();
    });

    test('a place that is blocked says so, and so does a sale that the shop ends', async () => {
        const sale = await stack.createSale({ rate_per_minute: 0 });
        const bo = await shopperOf(sale, desktop);
        await bo.sees('You are next');
        await steer('POST', sale, `/places/0/${(await bo.stored()).place}/block`, { reason: 'a robot' });
        await bo.page.reload(); // whoever waits on is told within some ten seconds, with the next whole list
        await bo.sees('This place was blocked');
        await bo.look('blocked');
        await bo.close();
        await setMode(sale, 'hold');
        const fred = await shopperOf(sale);
        await fred.sees('paused the line');
        await steer('POST', sale, '/end');
        await fred.sees('This sale has ended');
        await fred.isTold('This sale has ended'); // what is read out follows what is seen
        assert.equal(await fred.page.getByText('Your place is safe').count(), 0, 'nor is a place any more, and nothing says so');
        await fred.look('ended');
        await fred.close();
    });

    test('an order that the ledger has no unit for says so', async (t) => {
        const sale = await stack.createSale({ ...oneUnit, rate_per_minute: 6000, per_shopper: 2 });
        const redis = new Redis(stack.env.WR_REDIS_STOCK.split(':')[1], { lazyConnect: true });
        t.after(() => redis.disconnect());
        const stock = `wr:{${sale.id}:0}:stock`; // as after a loss that made a sold unit free again
        await waitFor('the stock to be dealt', () => redis.hexists(stock, 'one|free'));
        await redis.multi().hincrby(stock, 'one|share', 1).hincrby(stock, 'one|free', 1).exec();
        const sam = await shopperOf(sale);
        await sam.sees('It is your turn');
        await sam.page.getByRole('spinbutton', { name: 'Quantity' }).fill('2');
        await sam.says('Reserve now');
        await sam.sees('We are sorry');
        await sam.sees('Somebody was faster');
        await sam.look('failed');
        await sam.close();
    });

    test('the keyboard reaches the button; long names, many articles and quantities keep their shape, in either direction', async () => {
        const sale = await stack.createSale({ rate_per_minute: 6000, per_shopper: 4, title: 'Limited anniversary edition of the hand-built Aurora One turntable with tonearm',
            description: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.',
            skus: [{ sku: 'a', name: 'Aurora One, smoked eucalyptus, with dust cover and spare belt', unit_price: 1_248_900, total: 20_000 }, { sku: 'b', name: 'أورورا ون، خشب الجوز', unit_price: 48_900, total: 3 }] });
        const jo = await shopperOf(sale, desktop);
        await jo.sees('It is your turn');
        await jo.look('turn-choices');
        await jo.page.keyboard.press('Tab');
        await jo.page.keyboard.press('ArrowDown');
        await jo.page.keyboard.press('Tab');
        await jo.page.keyboard.type('2');
        await jo.page.keyboard.press('Tab');
        assert.equal(await focused(jo), 'Reserve now');
        await jo.page.keyboard.press('Enter');
        await jo.sees('Ready to pay');
        await jo.sees('€978.00');
        await jo.look('payment-choices');
        await jo.close();
    });

    test('a tap on the quantity and a key replace it, and what is out of bounds is not bought', async () => {
        const sale = await stack.createSale({ rate_per_minute: 6000, per_shopper: 4 });
        const una = await shopperOf(sale);
        await una.sees('It is your turn');
        await una.sees('up to 4');
        const field = una.page.getByRole('spinbutton', { name: 'Quantity' });
        for (const [typed, taken] of [['12', false], ['0', false], ['', false], ['2', true]]) {
            await field.tap();
            await una.page.keyboard.press('Delete');
            await una.page.keyboard.type(typed);
            assert.equal(await field.inputValue(), typed);
            assert.equal(await field.evaluate((input) => input.validity.valid), taken);
            if (typed === '12') await una.look('turn-quantity');
            await una.says('Reserve now');
            if (!taken) assert.equal(await field.evaluate((input) => document.activeElement === input), true, `"${typed}" is pointed at, and nothing is bought`);
        }
        await una.sees('Ready to pay');
        await una.sees('2 × The one · €20.00');
        await una.close();
    });
});

test('refreshing and reopening continue while an order waits for its payment link, and while a payment is on its way', async () => {
    const sale = await stack.createSale({ rate_per_minute: 6000 });
    const uma = await shopperOf(sale);
    await uma.sees('It is your turn');
    const fulfillment = stack.pid('fulfillmentd');
    try {
        process.kill(fulfillment, 'SIGSTOP');
        await uma.says('Reserve now');
        await uma.sees('Reserved for you');
        await uma.look('ordered');
        await continues(uma, 'Reserved for you');
        process.kill(fulfillment, 'SIGCONT');
        await uma.sees('Ready to pay');
        process.kill(fulfillment, 'SIGSTOP');
        await payAt(uma);
        await continues(uma, 'Ready to pay');
    } finally {
        process.kill(fulfillment, 'SIGCONT');
    }
    await uma.sees('It is yours');
    assert.deepEqual((await stats(sale)).orders, { confirmed: 1 });
    await uma.close();
});

test('who cancels while the payment is on its way gets it back', async () => {
    const sale = await stack.createSale({ rate_per_minute: 6000 });
    const vic = await shopperOf(sale);
    await vic.sees('It is your turn');
    await vic.says('Reserve now');
    await vic.sees('Ready to pay');
    const fulfillment = stack.pid('fulfillmentd');
    try {
        process.kill(fulfillment, 'SIGSTOP');
        await payAt(vic);
        await vic.says('Cancel the order');
        await Promise.all([vic.page.waitForResponse((answer) => answer.request().method() === 'DELETE' && answer.ok()), vic.says('Cancel the order')]);
    } finally {
        process.kill(fulfillment, 'SIGCONT');
    }
    await vic.sees('Refunded');
    await vic.look('refunded');
    await waitFor('the unit to be free', async () => (await stats(sale)).left === 10);
    await vic.close();
});

// As when the line's Redis is away and the stock's is not: the line waits for a generation that nobody opens.
test('while the line is closed, a refresh still shows the order, which can be paid', async () => {
    const sale = await stack.createSale({ rate_per_minute: 6000 });
    const vic = await shopperOf(sale);
    await vic.sees('It is your turn');
    await vic.says('Reserve now');
    await vic.sees('Ready to pay');
    const redis = new Redis(stack.env.WR_REDIS_URL), admission = stack.pid('admissiond');
    try {
        process.kill(admission, 'SIGSTOP');
        await redis.hset(`wr:{${sale.id}}:line`, 'run_id', 'f'.repeat(40));
        await vic.sees('the line is paused for a technical reason');
        await vic.page.reload();
        await vic.sees('Ready to pay');
        await vic.sees('the line is paused for a technical reason');
        await vic.look('payment-line-closed');
        await payAt(vic);
        await vic.sees('It is yours', 30_000);
    } finally {
        process.kill(admission, 'SIGCONT');
        redis.disconnect();
    }
    await seen(vic.page, 'the line is paused').waitFor({ state: 'hidden' });
    await vic.sees('It is yours');
    await vic.close();
});
