// From the door to a paid order in a real browser, on the whole system.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../lib/stack.mjs';
import { stopAll } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';
import { desktop, openBrowser, openShopper } from '../lib/browser.mjs';

let stack, browser;
before(async () => { [stack, browser] = await Promise.all([startStack(), openBrowser()]); });
after(async () => { await browser?.close(); await stack?.stop(); await stopAll(); });

const setRate = async (sale, perMinute) => assert.equal((await stack.admin('PUT', `/sales/${sale.id}/rate`, { per_minute: perMinute })).status, 200);
const stats = async (sale) => (await stack.admin('GET', `/sales/${sale.id}/stats`)).json();
const oneUnit = { skus: [{ sku: 'one', name: 'The only one', unit_price: 12900, total: 1 }] };

async function payAt(shopper, shotName) {
    const [tab] = await Promise.all([shopper.context.waitForEvent('page'), shopper.page.getByRole('link', { name: 'Pay now' }).click()]);
    await tab.waitForLoadState();
    if (process.env.WR_SHOTS) await tab.screenshot({ path: `${process.env.WR_SHOTS}/${shotName}.png` });
    await tab.getByRole('button', { name: /^Pay/ }).click();
    await tab.getByText(/paid/i).first().waitFor();
    if (process.env.WR_SHOTS) await tab.screenshot({ path: `${process.env.WR_SHOTS}/${shotName}-done.png` });
    await tab.close();
}

test('two shoppers, one unit: one buys and pays, the other is told without reloading', async () => {
    const sale = await stack.createSale({ ...oneUnit, title: 'Aurora One turntable', description: 'One hand-built piece, in walnut.', factor_percent: 200, rate_per_minute: 6000 });
    const anna = await openShopper(browser, stack.url, sale.id), ben = await openShopper(browser, stack.url, sale.id, desktop);
    await anna.sees('It is your turn');
    await ben.sees('It is your turn');
    await anna.look('turn-phone');
    await ben.look('turn-desktop');
    await anna.page.getByRole('button', { name: 'Reserve now' }).click();
    await anna.sees('Ready to pay');
    await anna.look('pay-phone');
    await ben.page.getByRole('button', { name: 'Reserve now' }).click();
    await ben.sees('sold out');
    await ben.look('sold-out-desktop');
    await payAt(anna, 'sandbox-phone');
    await anna.sees('It is yours');
    await anna.look('confirmed-phone');
    assert.equal(anna.loads(), 1, 'the page never reloaded');
    assert.equal(ben.loads(), 1);
    const { orders } = await stats(sale);
    assert.deepEqual(orders, { confirmed: 1 });
    await anna.close();
    await ben.close();
});

test('an unpaid reservation expires and the unit goes to the next in line', async () => {
    const sale = await stack.createSale({ ...oneUnit, rate_per_minute: 6000, hold_s: 4 });
    const carla = await openShopper(browser, stack.url, sale.id, desktop);
    await carla.sees('It is your turn');
    await carla.page.getByRole('button', { name: 'Reserve now' }).click();
    await carla.sees('Ready to pay');
    const dan = await openShopper(browser, stack.url, sale.id);
    await dan.sees('Sold out for now');
    await dan.look('all-reserved-phone');
    await carla.sees('The reservation expired', 20_000);
    await carla.look('expired-desktop');
    await dan.sees('It is your turn', 20_000);
    assert.equal(dan.loads(), 1, 'told on the same page');
    await dan.page.getByRole('button', { name: 'Reserve now' }).click();
    await dan.sees('Ready to pay');
    await payAt(dan, 'sandbox-second');
    await dan.sees('It is yours');
    assert.deepEqual((await stats(sale)).orders, { confirmed: 1, expired: 1 });
    await carla.close();
    await dan.close();
});

test('before the start the page counts down on the server\'s time, then joins by itself', async () => {
    const sale = await stack.createSale({ starts_at: Date.now() + 6000, rate_per_minute: 6000 });
    const eve = await openShopper(browser, stack.url, sale.id, desktop);
    await eve.sees('Starts in');
    await eve.look('countdown-desktop');
    const shown = await eve.page.locator('[role=timer]').textContent();
    const left = Math.ceil((sale.starts_at - Date.now()) / 1000);
    const seconds = shown.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    assert.ok(Math.abs(seconds - left) <= 1, `the page says ${shown}, the server ${left} s`);
    assert.deepEqual(await eve.stored().then((kept) => kept.ticket), undefined, 'no number before the start');
    await eve.sees('It is your turn', 20_000);
    assert.equal(eve.loads(), 1);
    await eve.close();
});

test('refreshing and reopening continue in the line, at the turn and at the order', async () => {
    const sale = await stack.createSale({ rate_per_minute: 0 });
    const first = await openShopper(browser, stack.url, sale.id);
    await first.sees('You are next');
    const fay = await openShopper(browser, stack.url, sale.id);
    await fay.sees('person ahead of you');
    await fay.look('line-phone');
    const { place } = await fay.stored();
    await fay.page.reload();
    await fay.sees('person ahead of you');
    assert.equal((await fay.stored()).place, place, 'the same place after a refresh');

    const url = fay.page.url();
    await fay.page.close();
    fay.page = await fay.context.newPage();
    await fay.page.goto(url);
    await fay.page.getByText('person ahead of you').filter({ visible: true }).first().waitFor();
    assert.equal(await fay.page.evaluate((id) => JSON.parse(localStorage.getItem(`waitroom:${id}`)).place, sale.id), place, 'and after reopening');

    await setRate(sale, 6000);
    await fay.page.getByText('It is your turn').first().waitFor();
    const token = await fay.page.evaluate((id) => JSON.parse(localStorage.getItem(`waitroom:${id}`)).token, sale.id);
    await fay.page.reload();
    await fay.page.getByRole('button', { name: 'Reserve now' }).waitFor();
    const again = await fay.page.evaluate((id) => JSON.parse(localStorage.getItem(`waitroom:${id}`)).token, sale.id);
    const jti = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url')).jti;
    assert.equal(jti(again), jti(token), 'the same admission');

    await fay.page.getByRole('button', { name: 'Reserve now' }).click();
    await fay.page.getByRole('heading', { name: 'Ready to pay' }).waitFor();
    await fay.page.reload();
    await fay.page.getByRole('heading', { name: 'Ready to pay' }).waitFor();
    await fay.context.close();
    await first.close();
});

test('a second tab takes the place over, and the first can take it back', async () => {
    const sale = await stack.createSale({ rate_per_minute: 0 });
    const gus = await openShopper(browser, stack.url, sale.id, desktop);
    await gus.sees('You are next');
    const { place } = await gus.stored();
    const tab = await gus.context.newPage();
    await tab.goto(gus.page.url());
    await tab.getByText('You are next').filter({ visible: true }).first().waitFor();
    await gus.sees('open in another tab');
    await gus.look('superseded-desktop');
    assert.equal((await gus.stored()).place, place, 'one browser, one place');
    await gus.page.getByRole('button', { name: 'Show it here' }).click();
    await gus.sees('You are next');
    assert.equal((await stats(sale)).joined_total, 1);
    await gus.close();
});

test('a pause and the merchant\'s message reach the page within a second or two, and so does going on', async () => {
    const sale = await stack.createSale({ rate_per_minute: 0 });
    const hal = await openShopper(browser, stack.url, sale.id);
    await hal.sees('You are next');
    assert.equal((await stack.admin('POST', `/sales/${sale.id}/hold`, { message: 'Back at noon: the van is late.' })).status, 200);
    await hal.sees('Back at noon', 3000);
    await hal.sees('paused the line', 3000);
    await hal.look('held-phone');
    await setRate(sale, 6000);
    assert.equal((await stack.admin('POST', `/sales/${sale.id}/resume`)).status, 200);
    await hal.sees('It is your turn', 5000);
    await hal.close();
});

test('cancelling gives the unit back', async () => {
    const sale = await stack.createSale({ ...oneUnit, rate_per_minute: 6000 });
    const ida = await openShopper(browser, stack.url, sale.id);
    await ida.sees('It is your turn');
    await ida.page.getByRole('button', { name: 'Reserve now' }).click();
    await ida.sees('Ready to pay');
    await ida.page.getByRole('button', { name: 'Cancel the order' }).click();
    await ida.page.getByRole('button', { name: 'Cancel the order' }).click();
    await ida.sees('Order cancelled');
    await ida.look('cancelled-phone');
    await waitFor('the unit to be free', async () => (await stats(sale)).left === 1);
    await ida.close();
});

test('an unknown sale says so, and the keyboard reaches the buy button', async () => {
    const nobody = await openShopper(browser, stack.url, 'no-such-sale');
    await nobody.sees('There is no such sale');
    await nobody.look('missing-phone');
    await nobody.close();
    const sale = await stack.createSale({ rate_per_minute: 6000 });
    const jo = await openShopper(browser, stack.url, sale.id, desktop);
    await jo.sees('It is your turn');
    await jo.page.keyboard.press('Tab');
    assert.equal(await jo.page.evaluate(() => document.activeElement.textContent), 'Reserve now');
    await jo.page.keyboard.press('Enter');
    await jo.sees('Ready to pay');
    await jo.close();
});
