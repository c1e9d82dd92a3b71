// What is refused where money is told of: webhooks that nobody signed, and the sandbox provider's own refusals, which have Stripe's shape.
// Each is counted and changes nothing. Kafka is not needed for it.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Provider } from '../lib/provider.mjs';
import { Watch } from '../lib/refusals.mjs';
import { startDaemon, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';

const provider = new Provider({ key: 'sk_test', secret: 'whsec_test' });
let database, shop, sandbox, session;
before(async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]), folder = temporaryFolder('secrets'), secret = (name, text) => { writeFileSync(join(folder, name), text); return join(folder, name); };
    database = new pg.Pool({ connectionString: postgres.url, max: 1 });
    database.on('error', () => undefined);
    const secrets = ['--payment-key-file', secret('payment.key', provider.key), '--webhook-secret-file', secret('webhook.secret', provider.secret)];
    sandbox = await startDaemon('sandboxd', { args: ['--database', postgres.url, '--webhook-url', 'http://127.0.0.1:9/hook', '--public-url', 'http://shop.test', ...secrets] });
    shop = await startDaemon('fulfillmentd', { ready: false, args: ['--database', postgres.url, '--redis-stock', redis.address, '--kafka-bootstrap', '127.0.0.1:9', '--payment-url', `${sandbox.url}/sandbox`, ...secrets] });
    session = await (await api('POST', 'checkout/sessions', { body: form(), headers: { 'idempotency-key': 'the-first' } })).json();
});
after(async () => { await database?.end(); await stopAll(); });

const form = (change = {}) => new URLSearchParams({ client_reference_id: 'order-1', 'line_items[0][price_data][currency]': 'eur', 'line_items[0][price_data][unit_amount]': '1250', 'line_items[0][quantity]': '1', success_url: 'http://shop.test/', ...change }).toString();
const api = (method, path, { body, headers = {} } = {}) => fetch(`${sandbox.url}/sandbox/v1/${path}`, { method, body, headers: { authorization: `Bearer ${provider.key}`, ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }), ...headers } });

describe('a webhook', () => {
    const at = () => Math.floor(Date.now() / 1000), body = provider.event('checkout.session.completed', { id: 'cs_1', client_reference_id: 'x', payment_status: 'paid', form: {} });
    const take = (signature, { text = body, method = 'POST' } = {}) => fetch(`${shop.url}/v1/payments/webhook`, { method, headers: { 'content-type': 'application/json', ...(signature !== null && { 'stripe-signature': signature }) }, ...(method === 'POST' && { body: text }) });
    let watch;
    before(() => { watch = new Watch({ url: shop.url, database }); });
    for (const [what, signature] of [['without a signature', () => null], ['with an empty signature', () => ''], ['with a signature that is none', () => 'x'], ['signed with a guessed secret', () => provider.sign(body, { secret: 'guessed' })],
        ['whose body was changed', () => provider.sign(`${body} `)], ['that is old', () => provider.sign(body, { at: at() - 301 })], ['of the future', () => provider.sign(body, { at: at() + 330 })],
        ['whose time was changed', () => provider.sign(body, { at: at() - 1 }).replace(/t=\d+/, `t=${at()}`)], ['whose signature is cut short', () => provider.sign(body).slice(0, -2)], ['without a time', () => provider.sign(body).replace(/t=\d+,/, '')]])
        test(`${what} is refused, counted as forged, and nothing is stored`, () => watch.refused(() => take(signature()), { type: 'unauthenticated', counted: ['wr_webhooks_total{outcome="forged"}'] }));
    test('that is not UTF-8 and that nobody signed is refused as any other', () => watch.refused(() => take('t=1,v1=x', { text: Buffer.from([0xff, 0xfe]) }), { type: 'unauthenticated', counted: ['wr_webhooks_total{outcome="forged"}'] }));
    // The signature is the provider's, so asking it to send the same again would be a loop: 200, and somebody has to look.
    for (const [what, text, error] of [['that is cut off', Buffer.from(body.slice(0, -20)), /no event/], ['that is not UTF-8', Buffer.from(body.replace('evt_', 'evt_\xff'), 'latin1'), /no event/], ['that is empty', Buffer.from('{}'), /no event/]])
        test(`with the provider's signature ${what} is taken as a dead letter, byte for byte, and nothing else changes`, async () => {
            const before_ = await watch.state(), latin1 = text.toString('latin1'), at_ = at();
            const signature = `t=${at_},v1=${createHmac('sha256', provider.secret).update(`${at_}.`).update(text).digest('hex')}`;
            assert.equal((await take(signature, { text })).status, 200, latin1);
            const { rows: [letter] } = await database.query('select * from dead_letters order by id desc limit 1'), now_ = await watch.state();
            assert.deepEqual([letter.source, letter.payload.toString('latin1'), letter.published_at], ['webhook', latin1, null]);
            assert.match(letter.error, error);
            assert.equal(now_.database['public.dead_letters'].length, before_.database['public.dead_letters'].length + 1);
            assert.deepEqual({ ...now_.database, 'public.dead_letters': 0 }, { ...before_.database, 'public.dead_letters': 0 });
        });
    test('that is too large is refused before anybody looks at its signature', () => { const text = 'y'.repeat(17_000); return watch.refused(() => take(provider.sign(text), { text }), { type: 'too-large' }); });
    test('by another method is refused', () => watch.refused(() => take(provider.sign(body), { method: 'GET' }), { type: 'method-not-allowed' }));
});

describe('the sandbox', () => {
    let watch;
    before(() => { watch = new Watch({ url: sandbox.url, database }); });
    const stripes = (type, words) => async (answer) => {
        const { error } = await answer.json();
        assert.equal(error.type, type);
        if (words) assert.match(error.message, words);
    };
    const create = (change, key = `k-${Math.random()}`) => api('POST', 'checkout/sessions', { body: form(change), headers: { 'idempotency-key': key } });
    for (const [what, authorization] of [['no key', ''], ['a wrong key', 'Bearer sk_wrong'], ['a key that goes on', 'Bearer sk_testx'], ['another scheme', 'Basic sk_test']])
        test(`with ${what} answers nothing`, async () => {
            for (const [method, path, body] of [['POST', 'checkout/sessions', form()], ['GET', `checkout/sessions/${session.id}`], ['POST', `checkout/sessions/${session.id}/expire`], ['POST', 'refunds', `session=${session.id}`]])
                await watch.refused(() => api(method, path, { body, headers: { authorization } }), { type: 'unauthenticated', shape: stripes('invalid_request_error') });
        });
    for (const [name, value] of Object.entries({ client_reference_id: '', 'line_items[0][price_data][currency]': 'euro', 'line_items[0][price_data][unit_amount]': '-5', 'line_items[0][quantity]': '0', expires_at: '12', success_url: 'x'.repeat(1001) }))
        test(`names ${name} when it cannot be`, () => watch.refused(() => create({ [name]: value }), { type: 'invalid', status: 400, shape: stripes('invalid_request_error', new RegExp(name.replace(/[[\]]/g, '\\$&'))) }));
    test('takes no form that is not UTF-8', () => watch.refused(() => api('POST', 'checkout/sessions', { body: `${form()}&metadata[sale]=%ff%fe`, headers: { 'idempotency-key': 'utf8' } }), { type: 'invalid', status: 400, shape: stripes('invalid_request_error') }));
    // As with Stripe the key is the caller's care, not a duty: without one each ask is an ask of its own.
    test('makes a session without an idempotency key, and another one when asked again; a key that cannot be is named', async () => {
        const ask = async (headers) => (await api('POST', 'checkout/sessions', { body: form({ client_reference_id: 'order-2' }), headers })).json();
        const [first, second] = [await ask({}), await ask({})];
        assert.deepEqual([first.status, second.status], ['open', 'open']);
        assert.notEqual(first.id, second.id);
        await watch.refused(() => create({}, 'k'.repeat(300)), { type: 'invalid', status: 400, shape: stripes('invalid_request_error', /Idempotency-Key/) });
    });
    test('makes no second session under a key that was used with other parameters', () => watch.refused(() => create({ 'line_items[0][quantity]': '3' }, 'the-first'), { type: 'invalid', status: 400, shape: stripes('idempotency_error') }));
    test('knows no session that is not there', async () => {
        for (const [method, path, body] of [['GET', 'checkout/sessions/cs_test_none'], ['GET', 'checkout/sessions/%27%3Bdrop'], ['POST', 'checkout/sessions/cs_test_none/expire'], ['POST', 'refunds', 'session=cs_test_none'], ['POST', 'refunds', `payment_intent=pi_${'0'.repeat(32)}`]])
            await watch.refused(() => api(method, path, { body }), { type: 'not-found', status: 404, shape: stripes('invalid_request_error', /No such/) });
    });
    test('refunds nothing that was not paid, or is not named', async () => {
        for (const body of [`session=${session.id}`, 'x=y']) await watch.refused(() => api('POST', 'refunds', { body }), { type: 'invalid', status: 400, shape: stripes('invalid_request_error') });
    });
    test('takes no other media type, and nothing too large', async () => {
        await watch.refused(() => api('POST', 'refunds', { body: '<x/>', headers: { 'content-type': 'text/xml' } }), { type: 'media-type' });
        await watch.refused(() => api('POST', 'refunds', { body: 'x='.padEnd(5000, 'y') }), { type: 'too-large' });
    });
    test("lets no foreign page press its buttons, and says on a page of its own that there is no such payment", async () => {
        for (const button of ['pay', 'decline', 'walk-away']) {
            const press = (id, origin) => fetch(`${sandbox.url}/sandbox/pay/${id}/${button}`, { method: 'POST', redirect: 'manual', headers: { origin, 'content-type': 'application/x-www-form-urlencoded' }, body: '' });
            for (const origin of ['https://evil.test', 'null', 'http://shop.test.evil.test']) await watch.refused(() => press(session.id, origin), { type: 'origin-not-allowed' });
            await watch.refused(() => press(button === 'walk-away' ? 'NOT-AN-ID' : 'cs_test_none', 'http://shop.test'), { type: 'not-found', status: 404, shape: async (answer) => assert.match(await answer.text(), /There is no such payment/) });
        }
        await watch.refused(() => fetch(`${sandbox.url}/sandbox/pay/cs_test_none`), { type: 'not-found', status: 404, shape: async (answer) => assert.match(await answer.text(), /There is no such payment/) });
    });
    // The last: the webhook of its end is tried again and again.
    test('takes no payment and no decline of a session that is over', async () => {
        const { id } = await (await create()).json();
        assert.equal((await api('POST', `checkout/sessions/${id}/expire`, { body: '' })).status, 200);
        const pages = new Watch({ url: sandbox.url }), state = async () => (await api('GET', `checkout/sessions/${id}`)).json(), over = await state();
        for (const button of ['pay', 'decline']) {
            const press = () => fetch(`${sandbox.url}/sandbox/pay/${id}/${button}`, { method: 'POST', redirect: 'manual', headers: { origin: 'http://shop.test', 'content-type': 'application/x-www-form-urlencoded' }, body: '' });
            await pages.refused(press, { type: 'conflict', status: 303, shape: null });
        }
        assert.deepEqual(await state(), over);
    });
});
