// The sandbox payment provider, as a shop and a shopper use it: real daemon, real PostgreSQL, our own receiver of webhooks.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres, startDaemon, stopAll, temporaryFolder, freePort } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

const key = 'sk_sandbox_0123456789', secret = 'whsec_test_secret', publicUrl = 'http://shop.test:7080';
let pg, sandbox, receiver, webhooks, refuseWith = 0;

before(async () => {
    const folder = temporaryFolder('sandbox-secrets');
    writeFileSync(join(folder, 'payment.key'), `${key}\n`);
    writeFileSync(join(folder, 'webhook.secret'), `${secret}\n`);
    webhooks = [];
    receiver = createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
            const body = Buffer.concat(chunks).toString();
            webhooks.push({ body, event: JSON.parse(body), signature: request.headers['stripe-signature'], answered: refuseWith || 200 });
            response.writeHead(refuseWith || 200).end();
        });
    });
    const port = await freePort();
    await new Promise((done) => receiver.listen(port, '127.0.0.1', done));
    pg = await startPostgres();
    sandbox = await startDaemon('sandboxd', { args: ['--database', pg.url, '--webhook-url', `http://127.0.0.1:${port}/hook`, '--public-url', publicUrl,
        '--payment-key-file', join(folder, 'payment.key'), '--webhook-secret-file', join(folder, 'webhook.secret')] });
});
after(async () => {
    await stopAll();
    receiver.closeAllConnections();
    receiver.close();
});

let count = 0;
const order = () => `order-${++count}`;
const form = (reference, more = {}) => new URLSearchParams({
    mode: 'payment', client_reference_id: reference, 'line_items[0][price_data][currency]': 'eur', 'line_items[0][price_data][unit_amount]': '1250',
    'line_items[0][price_data][product_data][name]': 'Turntable <One> & "more"', 'line_items[0][quantity]': '2', 'metadata[sale]': 'aurora',
    success_url: 'http://shop.test:7080/s/aurora', ...more });
async function api(method, path, body, { idempotency, authorization = `Bearer ${key}` } = {}) {
    const response = await fetch(`${sandbox.url}/sandbox/v1/${path}`, { method, body, headers: { authorization, ...(idempotency && { 'idempotency-key': idempotency }) } });
    return { status: response.status, ...(await response.json()) };
}
const create = (reference, more, idempotency = reference) => api('POST', 'checkout/sessions', form(reference, more), { idempotency });
const show = (id) => api('GET', `checkout/sessions/${id}`);
const press = (id, what, headers = { origin: publicUrl, 'content-type': 'application/x-www-form-urlencoded' }) =>
    fetch(`${sandbox.url}/sandbox/pay/${id}/${what}`, { method: 'POST', headers, redirect: 'manual' });
const page = async (id, query = '') => (await fetch(`${sandbox.url}/sandbox/pay/${id}${query}`)).text();
const told = (id, type) => webhooks.filter((w) => w.event.type === type && w.event.data.object.id === id);

test('the key is asked for, under a scheme in any case', async () => {
    for (const authorization of [`Bearer ${key}`, `bearer ${key}`]) assert.equal((await api('GET', 'checkout/sessions/cs_test_none', undefined, { authorization })).error.code, 'resource_missing');
    for (const authorization of [`Bearer ${key}x`, `Bearer ${key.slice(1)}`, `Bearer`, `Basic ${key}`, key, ''])
        assert.match((await api('GET', 'checkout/sessions/cs_test_none', undefined, { authorization })).error.message, /Invalid API key/, authorization);
});

test('a session is made once per idempotency key and says where to pay', async () => {
    const reference = order(), first = await create(reference), again = await create(reference);
    assert.equal(first.status, 'open');
    assert.equal(first.payment_status, 'unpaid');
    assert.equal(first.amount_total, 2500);
    assert.equal(first.client_reference_id, reference);
    assert.deepEqual(first.metadata, { sale: 'aurora' });
    assert.equal(first.url, `${publicUrl}/sandbox/pay/${first.id}`);
    assert.equal(first.payment_intent, null);
    assert.ok(first.expires_at - Date.now() / 1000 > 86000);
    assert.equal(again.id, first.id);
    assert.equal((await show(first.id)).id, first.id);
    for (const change of [{ 'line_items[0][quantity]': '3' }, { success_url: 'http://other.test/s/aurora' }, { 'metadata[sale]': 'borealis' }]) {
        const other = await api('POST', 'checkout/sessions', form(reference, change), { idempotency: reference });
        assert.equal(other.status, 400);
        assert.equal(other.error.type, 'idempotency_error');
    }
    const many = await Promise.all(Array.from({ length: 20 }, () => create('same-time')));
    assert.equal(new Set(many.map((s) => s.id)).size, 1);
});

test('the shopper pays on a page without scripts, once, and the shop is told with a signature', async () => {
    const { id } = await create(order());
    const open = await page(id);
    assert.match(open, /25\.00 EUR/);
    assert.match(open, /Turntable &lt;One&gt; &amp; &quot;more&quot;/);
    assert.doesNotMatch(open, /<script|<One>/);
    for (const label of ['Pay 25.00 EUR', 'Decline', 'Walk away']) assert.ok(open.includes(label), label);
    const paid = await press(id, 'pay');
    assert.equal(paid.status, 303);
    assert.equal(paid.headers.get('location'), `/sandbox/pay/${id}`);
    assert.equal((await press(id, 'pay')).status, 303);
    assert.match(await page(id), /Paid\. You can close this tab; your place in the shop updates by itself\./);
    const session = await show(id);
    assert.deepEqual([session.status, session.payment_status, session.url], ['complete', 'paid', null]);
    assert.match(session.payment_intent, /^pi_[0-9a-f]{32}$/);
    const [webhook] = await waitFor('the webhook', () => { const all = told(id, 'checkout.session.completed'); return all.length && all; });
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(webhook.signature);
    assert.ok(Math.abs(Date.now() / 1000 - t) < 5);
    assert.equal(v1, createHmac('sha256', secret).update(`${t}.${webhook.body}`).digest('hex'));
    assert.equal(webhook.event.data.object.client_reference_id, session.client_reference_id);
    assert.equal(webhook.event.data.object.payment_status, 'paid');
    assert.match(webhook.event.id, /^evt_/);
    assert.equal(pg.psql('-c', `select count(*) from sandbox.events where session_id = '${id}'`).trim(), '1');
});

test('two payments at the same moment are one', async () => {
    const { id } = await create(order());
    const answers = await Promise.all(Array.from({ length: 10 }, () => press(id, 'pay', {})));
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [303]);
    assert.equal(pg.psql('-c', `select count(*) from sandbox.events where session_id = '${id}'`).trim(), '1');
});

test('a page of another origin cannot pay; a caller without Origin can', async () => {
    const { id } = await create(order());
    for (const origin of ['https://evil.test', 'null', `${publicUrl}.evil.test`]) assert.equal((await press(id, 'pay', { origin })).status, 403);
    assert.equal((await show(id)).status, 'open');
    assert.equal((await press(id, 'pay', {})).status, 303);
    assert.equal((await show(id)).status, 'complete');
});

test('who declines can try again, who walks away finds it open', async () => {
    const { id } = await create(order());
    const declined = await press(id, 'decline');
    assert.equal(declined.status, 303);
    assert.match(await page(id, '?note=declined'), /was declined\. Nothing was charged; you can try again/);
    assert.match(await page(id), /An earlier payment was declined/);
    const left = await press(id, 'walk-away');
    assert.equal(left.headers.get('location'), `/sandbox/pay/${id}?note=left`);
    assert.match(await page(id, '?note=left'), /You walked away/);
    assert.equal((await show(id)).status, 'open');
    await press(id, 'pay');
    assert.match(await page(id), /Paid\./);
    assert.equal((await press('cs_test_none', 'pay')).status, 404);
    assert.equal((await press('%0d%0aset-cookie:x', 'walk-away')).headers.get('set-cookie'), null);
});

test('the shop expires an open session, and only an open one', async () => {
    const { id } = await create(order());
    assert.equal((await api('POST', `checkout/sessions/${id}/expire`)).status, 'expired');
    const again = await api('POST', `checkout/sessions/${id}/expire`);
    assert.equal(again.status, 400);
    assert.equal(again.error.code, 'resource_not_open');
    await press(id, 'pay');
    assert.equal((await show(id)).payment_status, 'unpaid');
    assert.match(await page(id), /The time to pay is over/);
    await waitFor('the webhook', () => told(id, 'checkout.session.expired').length === 1);
    const paid = await create(order());
    await press(paid.id, 'pay');
    const late = await api('POST', `checkout/sessions/${paid.id}/expire`);
    assert.equal(late.status, 400);
    assert.equal((await show(paid.id)).payment_status, 'paid');
});

test('paying and expiring at the same moment ends in exactly one of them', async () => {
    for (let turn = 0; turn < 15; turn++) {
        const { id } = await create(order());
        const [, expired] = await Promise.all([press(id, 'pay'), api('POST', `checkout/sessions/${id}/expire`)]);
        const session = await show(id);
        assert.equal(session.payment_status, expired.status === 'expired' ? 'unpaid' : 'paid');
        assert.equal(pg.psql('-c', `select count(*) from sandbox.events where session_id = '${id}'`).trim(), '1');
    }
});

test('a session ends by itself when its time has come', async () => {
    const { id } = await create(order(), { expires_at: String(Math.floor(Date.now() / 1000) + 2) });
    await waitFor('the end', async () => (await show(id)).status === 'expired');
    await waitFor('the webhook', () => told(id, 'checkout.session.expired').length === 1);
    await press(id, 'pay');
    assert.equal((await show(id)).payment_status, 'unpaid');
});

test('a refund happens once per payment, and its retry finds it', async () => {
    const { id } = await create(order());
    const early = await api('POST', 'refunds', new URLSearchParams({ session: id }), { idempotency: 'refund-early' });
    assert.equal(early.status, 400);
    await press(id, 'pay');
    const { payment_intent } = await show(id), refund = (idempotency) => api('POST', 'refunds', new URLSearchParams({ payment_intent }), { idempotency });
    const first = await refund(`refund-${id}`);
    assert.equal(first.status, 'succeeded');
    assert.equal(first.amount, 2500);
    assert.equal((await refund(`refund-${id}`)).id, first.id);
    const other = await refund('another');
    assert.equal(other.status, 400);
    assert.equal(other.error.code, 'charge_already_refunded');
    const webhook = await waitFor('the webhook', () => webhooks.find((w) => w.event.type === 'charge.refunded' && w.event.data.object.payment_intent === payment_intent));
    assert.equal(webhook.event.data.object.amount_refunded, 2500);
    assert.match(await page(id), /was refunded/);
});

test('webhooks are tried again until they are taken, also after the provider was killed', async () => {
    refuseWith = 500;
    const { id } = await create(order());
    await press(id, 'pay');
    await waitFor('three attempts', () => told(id, 'checkout.session.completed').length >= 3);
    await sandbox.kill('SIGKILL');
    await sandbox.start();
    refuseWith = 0; // by now the last attempt of the one that was killed is read, too
    await waitFor('delivery', () => told(id, 'checkout.session.completed').some((w) => w.answered === 200), { timeout: 30_000 });
    await waitFor('it is noted', () => pg.psql('-c', `select delivered_at is not null from sandbox.events where session_id = '${id}'`).trim() === 't');
    assert.equal(new Set(told(id, 'checkout.session.completed').map((w) => w.event.id)).size, 1);
    assert.equal(told(id, 'checkout.session.completed').filter((w) => w.answered === 200).length, 1);
});

test('without its database the provider says so and recovers by itself', async () => {
    await pg.kill('SIGKILL');
    await waitFor('refusals', async () => (await show('cs_test_x')).status === 503);
    await waitFor('not ready', async () => (await fetch(`${sandbox.url}/readyz`)).status === 503); // each connection finds out by itself
    assert.equal((await fetch(`${sandbox.url}/sandbox/pay/cs_test_x`)).status, 503);
    await pg.start();
    await waitFor('answers', async () => (await create('after-the-crash')).status === 'open');
});

test('it ends quietly', async () => {
    const exit = await sandbox.stop();
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.doesNotMatch(sandbox.log(), /Sanitizer|runtime error/);
});
