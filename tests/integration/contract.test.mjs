// docs/openapi.yaml against the running system: every operation, every status it lists, and nothing that is not in it.
// The tests stand in order and need those before them; the last one asks what all of them saw.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'pg';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Api, openapi, operations, routesOfDaemons, send } from '../lib/contract.mjs';
import { problems } from '../lib/refusals.mjs';
import { startDaemon, stopAll } from '../lib/servers.mjs';
import { startStack } from '../lib/stack.mjs';
import { waitFor } from '../lib/wait.mjs';
import { Wire, openSocket } from '../lib/wire.mjs';

let stack, api, sale, merchant, provider, daemons;
const nobody = { authorization: 'Bearer wrong' }, otherOrigin = { origin: 'https://elsewhere.example' };

before(async () => {
    stack = await startStack();
    api = new Api(stack.url);
    merchant = { authorization: `Bearer ${stack.env.WR_MERCHANT_KEY}` };
    provider = { authorization: `Bearer ${readFileSync(stack.env.WR_PAYMENT_KEY_FILE, 'utf8').trim()}` };
    daemons = Object.fromEntries(Object.entries({ shopper: 'WAITROOMD', merchant: 'ADMISSIOND', checkout: 'CHECKOUTD', payment: 'FULFILLMENTD', sandbox: 'SANDBOXD' }).map(([tag, name]) => [tag, `http://${stack.env[`WR_${name}`]}`]));
    sale = await stack.createSale({ skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 3 }, { sku: 'none', name: 'None', unit_price: 1, total: 0 }], per_shopper: 2, factor_percent: 1000 });
    await known(sale.id);
});
after(async () => {
    await stack?.stop();
    await stopAll();
});

const known = (id, phases = ['live', 'sold_out']) => stack.known({ id }, ({ phase }) => phases.includes(phase));
const session = async () => {
    const { json } = await api.call('openSession', { body: { cookie: false } }, 200);
    return { ...json, headers: { 'waitroom-secret': json.secret } };
};
const message = (poll, type) => poll.json.messages.find((m) => m.type === type);

// A shopper who joins by HTTP and polls until admitted. Every worker knows a ticket, so it does not matter which one answers.
async function admitted(id = sale.id) {
    const s = await session();
    const first = await waitFor('a place', async () => { const a = await api.try('joinLine', { params: { sale: id }, headers: s.headers }); return a.status === 200 && a; });
    s.ticket = message(first, 'ticket').ticket;
    s.place = message(first, 'ticket').place;
    const turn = await waitFor('the token', async () => {
        const poll = await api.call('pollLine', { params: { sale: id }, headers: { ...s.headers, authorization: `Ticket ${s.ticket}` } }, 200);
        return message(poll, 'admitted') && poll;
    }, { timeout: 20_000, every: 300 });
    s.token = message(turn, 'admitted').token;
    await api.call('joinLine', { params: { sale: id }, headers: s.headers, body: { ticket: s.ticket, say: 'entered' } }, 200);
    s.bearer = { ...s.headers, authorization: `Bearer ${s.token}` };
    return s;
}
const buy = (s, { id = sale.id, sku = 'one', quantity = 1, key = randomUUID(), headers = {}, ...more } = {}) =>
    api.try('checkout', { params: { sale: id }, headers: { ...s.bearer, 'idempotency-key': key, ...headers }, body: { sku, quantity }, ...more });
// As many requests at once as nobody may have: Redis is frozen until the first is answered, which is one of those refused unless they take
// too long to arrive; then there is another round.
async function crowd(ask) {
    await waitFor('one of many to be refused', async () => {
        await waitFor('it to be ready', async () => (await fetch(`${daemons.checkout}/readyz`)).ok);
        process.kill(stack.pid('redis'), 'SIGSTOP');
        const asked = Array.from({ length: 40 }, ask);
        try { await Promise.race(asked); } finally { process.kill(stack.pid('redis'), 'SIGCONT'); }
        return (await Promise.all(asked)).some(({ status }) => status === 429);
    }, { timeout: 30_000 });
}
const orderOf = (s, id, status) => waitFor(`order ${id} to be ${status}`, async () => {
    const { json } = await api.call('getOrder', { params: { queue_ticket_id: id }, headers: s.headers }, 200);
    return json.status === status && json;
}, { timeout: 20_000, every: 100 });

test('the document is OpenAPI 3.1, every schema compiles, and every reference leads somewhere', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(openapi));
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length);
    const references = [...JSON.stringify(openapi).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path);
    for (const path of references) assert.ok(path.split('/').reduce((at, part) => at?.[part], openapi), path);
    for (const kind of ['schemas', 'responses', 'parameters', 'headers']) for (const name of Object.keys(openapi.components[kind])) assert.ok(references.includes(`components/${kind}/${name}`), `${kind}/${name} is used nowhere`);
});

test('every route of the daemons is described, and nothing else', () => {
    const { files, routes } = routesOfDaemons();
    assert.equal(files.length, 5);
    assert.deepEqual(operations.map(({ method, path }) => `${method} ${path}`).sort(), routes);
});

test('every problem type the document names is one of ours, with its status', () => {
    assert.ok(problems.size > 30, `${problems.size} problems`);
    for (const [, slug] of JSON.stringify(openapi).matchAll(/"\/problems\/([a-z-]+)"/g)) assert.ok(problems.has(slug), slug);
});

test('pages: the shopper page, its files, the sale, the time', async () => {
    const page = await api.call('page', { params: { sale: sale.id } }, 200);
    await api.call('page', { params: { sale: sale.id }, headers: { 'if-none-match': page.headers.etag } }, 304);
    await api.call('page', { params: { sale: 'no-such-sale' } }, 404);
    const name = page.text.match(/\/assets\/([^"]+)/)[1];
    const asset = await api.call('asset', { params: { name } }, 200);
    await api.call('asset', { params: { name }, headers: { 'if-none-match': asset.headers.etag } }, 304);
    await api.call('asset', { params: { name: 'none.js' } }, 404);
    const shown = await api.call('getSale', { params: { sale: sale.id } }, 200);
    await api.call('getSale', { params: { sale: sale.id }, headers: { 'if-none-match': shown.headers.etag } }, 304);
    await api.call('getSale', { params: { sale: 'no-such-sale' } }, 404);
    await api.call('getTime', {}, 200);
});

test('a session: a cookie, or the secret in the body', async () => {
    const first = await api.call('openSession', {}, 200);
    assert.equal(first.json.secret, undefined);
    const again = await api.call('openSession', { headers: { cookie: first.headers['set-cookie'][0].split(';')[0] } }, 200);
    assert.equal(again.json.shopper, first.json.shopper);
    await api.call('openSession', { headers: otherOrigin }, 403);
    await api.call('openSession', { body: { cookie: 'no' } }, 422);
});

test('the line by polling: join, poll, enter, leave, and what is refused', async () => {
    const s = await session(), params = { sale: sale.id };
    await api.call('joinLine', { params }, 401);
    await api.call('joinLine', { params: { sale: 'no-such-sale' }, headers: s.headers }, 404);
    await api.call('joinLine', { params, headers: { ...s.headers, ...otherOrigin } }, 403);
    await api.call('joinLine', { params, headers: s.headers, body: { ticket: 'wt1.nonsense' } }, 401);
    await api.call('joinLine', { params, headers: s.headers, body: { again: 'yes' } }, 422);
    const place = await api.call('joinLine', { params, headers: s.headers }, 200), { ticket } = message(place, 'ticket');
    await api.call('pollLine', { params, headers: s.headers }, 401);
    await api.call('pollLine', { params, headers: { ...s.headers, authorization: 'Ticket nonsense' } }, 401);
    await api.call('pollLine', { params: { sale: 'no-such-sale' }, headers: s.headers }, 404);
    await api.call('pollLine', { params, query: { again: '1' }, headers: { ...s.headers, authorization: `Ticket ${ticket}` } }, 200);
    const left = await api.call('joinLine', { params, headers: s.headers, body: { ticket, say: 'leave' } }, 200);
    assert.equal(left.json.next_s, 0);
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64'), 'sec-websocket-protocol': 'waitroom.v1', origin: stack.url };
    await api.call('pollLine', { params, headers: upgrade }, 101);
    await api.call('pollLine', { params, headers: { ...upgrade, 'sec-websocket-version': '8' } }, 426);
    await api.call('pollLine', { params, headers: { ...upgrade, 'sec-websocket-key': 'short' } }, 400);
    await api.call('pollLine', { params, headers: { ...upgrade, ...otherOrigin } }, 403);
});

test('a token at verify: it lives for the browser that came first', async () => {
    const s = await admitted(), query = { sale: sale.id };
    await api.call('verifyAdmission', { headers: s.bearer }, 400);
    await api.call('verifyAdmission', { query }, 401);
    await api.call('verifyAdmission', { query, headers: { authorization: `Bearer ${s.token.slice(0, -8)}AAAAAAAA` } }, 401);
    await api.call('verifyAdmission', { query: { sale: 'no-such-sale' }, headers: s.bearer }, 404);
    const first = await api.call('verifyAdmission', { query, headers: s.bearer }, 200);
    await api.call('verifyAdmission', { query, headers: { ...s.bearer, cookie: first.headers['set-cookie'][0].split(';')[0] } }, 200);
    await api.call('verifyAdmission', { query: { ...query, token: s.token } }, 403);
    await api.call('getKeys', {}, 200);
});

test('checkout: every answer a shopper can get', async () => {
    const [a, b, c] = [await admitted(), await admitted(), await admitted()], key = randomUUID();
    await api.call('checkout', { params: { sale: sale.id }, headers: a.bearer, body: { sku: 'one', quantity: 1 } }, 400);
    assert.deepEqual([(await buy({ bearer: {} })).status, (await buy({ bearer: { authorization: `Bearer ${a.token}` } })).status], [401, 401]);
    assert.equal((await buy({ bearer: { ...a.bearer, ...b.headers } })).json.type, '/problems/token-foreign');
    assert.equal((await buy(a, { headers: otherOrigin })).status, 403);
    assert.equal((await buy(a, { id: 'no-such-sale' })).status, 404);
    assert.equal((await buy(a, { sku: 'two' })).json.type, '/problems/unknown-sku');
    assert.equal((await buy(a, { quantity: 0 })).json.type, '/problems/invalid');
    assert.equal((await buy(a, { quantity: 3 })).json.type, '/problems/over-limit');
    assert.equal((await buy(a, { sku: 'none' })).json.remaining, 0);
    await crowd(() => buy(a, { key }));
    const { json: reservation } = await waitFor('the reservation', async () => { const x = await buy(a, { key, headers: { 'idempotency-retry': '1' } }); return x.status === 202 && x; });
    assert.equal((await buy(a, { key, quantity: 2 })).json.type, '/problems/idempotency-key-reused');
    assert.equal((await buy(a)).json.type, '/problems/token-used');
    assert.equal((await buy(b, { quantity: 2 })).status, 202);
    assert.equal((await buy(c)).json.type, '/problems/sold-out');

    const params = { queue_ticket_id: reservation.queue_ticket_id }, order = await orderOf(a, params.queue_ticket_id, 'pending_payment');
    await api.call('getOrder', { params }, 401);
    await api.call('getOrder', { params, headers: b.headers }, 404);
    await api.call('cancelOrder', { params }, 401);
    await api.call('cancelOrder', { params, headers: b.headers }, 404);
    await api.call('cancelOrder', { params, headers: { ...a.headers, ...otherOrigin } }, 403);
    await crowd(() => api.try('getOrder', { params, headers: a.headers }));
    await crowd(() => api.try('cancelOrder', { params, headers: a.headers }));
    await waitFor('the cancel to be taken', async () => (await api.try('cancelOrder', { params, headers: a.headers })).status === 202);
    assert.ok(order.payment_url);
    await orderOf(a, params.queue_ticket_id, 'cancelled');
    await api.call('cancelOrder', { params, headers: a.headers }, 202); // asked for already
    await payAll(c);
});

// Who was told "sold out" gets the unit that came back; it is paid for, and the books of shop and provider agree.
async function payAll(s) {
    const { json } = await waitFor('the unit that came back', async () => { const a = await buy(s); return a.status === 202 && a; }, { timeout: 15_000, every: 200 });
    const order = await orderOf(s, json.queue_ticket_id, 'pending_payment'), id = order.payment_url.split('/').at(-1), params = { id };
    await api.call('payPage', { params }, 200);
    await api.call('payPage', { params: { id: 'cs_test_none' } }, 404);
    for (const name of ['walkAway', 'decline', 'pay']) {
        await api.call(name, { params: { id: name === 'walkAway' ? 'NOT-AN-ID' : 'cs_test_none' } }, 404);
        await api.call(name, { params, headers: otherOrigin }, 403);
        await api.call(name, { params }, 303);
    }
    await orderOf(s, json.queue_ticket_id, 'confirmed');
    await api.call('cancelOrder', { params: { queue_ticket_id: json.queue_ticket_id }, headers: s.headers }, 409);
    await api.call('expireCheckoutSession', { params, headers: provider }, 400);
    const { json: paid } = await api.call('getCheckoutSession', { params, headers: provider }, 200);
    await api.call('createRefund', { form: { payment_intent: paid.payment_intent }, headers: provider }, 200);
}

test('the provider: sessions and refunds', async () => {
    const form = { client_reference_id: 'r-1', 'line_items[0][price_data][currency]': 'eur', 'line_items[0][price_data][unit_amount]': '1000', 'metadata[sale]': 'x', success_url: 'https://shop.example/' };
    const { json } = await api.call('createCheckoutSession', { form, headers: { ...provider, 'idempotency-key': 'contract-1' } }, 200), params = { id: json.id };
    await api.call('createCheckoutSession', { form: { ...form, client_reference_id: 'r-2' }, headers: { ...provider, 'idempotency-key': 'contract-1' } }, 400);
    await api.call('createCheckoutSession', { form, headers: nobody }, 401);
    await api.call('getCheckoutSession', { params, headers: nobody }, 401);
    await api.call('getCheckoutSession', { params: { id: 'cs_test_none' }, headers: provider }, 404);
    await api.call('createRefund', { form: { session: json.id }, headers: provider }, 400);
    await api.call('createRefund', { form: {}, headers: provider }, 400);
    await api.call('createRefund', { form: { session: json.id }, headers: nobody }, 401);
    await api.call('createRefund', { form: { session: 'cs_test_none' }, headers: provider }, 404);
    await api.call('expireCheckoutSession', { params, headers: nobody }, 401);
    await api.call('expireCheckoutSession', { params: { id: 'cs_test_none' }, headers: provider }, 404);
    await api.call('expireCheckoutSession', { params, headers: provider }, 200);
});

test('a webhook is stored when it is signed', async () => {
    const body = { id: 'evt_contract', object: 'event', type: 'charge.updated', data: { object: {} } }, text = JSON.stringify(body), t = Math.floor(Date.now() / 1000);
    const v1 = createHmac('sha256', readFileSync(stack.env.WR_WEBHOOK_SECRET_FILE, 'utf8').trim()).update(`${t}.${text}`).digest('hex');
    await api.call('takeWebhook', { body, headers: { 'stripe-signature': `t=${t},v1=${v1}` } }, 200);
    await api.call('takeWebhook', { body, headers: { 'stripe-signature': `t=${t},v1=${v1.replace(/^./, v1[0] === '0' ? '1' : '0')}` } }, 401);
    await api.call('takeWebhook', { body }, 401);
});

test('the merchant: every call, refused without the key and where there is no such sale', async () => {
    const params = { sale: sale.id }, place = { ...params, lane: 0, place: 7 }, now = Date.now();
    const fresh = { id: 'made-by-contract', title: 'Made', currency: 'EUR', starts_at: now + 3_600_000, ends_at: now + 7_200_000, rate_per_minute: 60, skus: [], description: 'd', image_url: '/i.png', checkout_url: 'https://shop.example/c', cap: 5 };
    const calls = [ // operation, body that is good, body that is not
        ['listSales', {}], ['getMerchantSale', { params }], ['getRate', { params }], ['getStats', { params }], ['getSettings', {}],
        ['setRate', { params, body: { per_minute: 60_000 } }, { per_minute: -1 }], ['holdSale', { params, body: { message: 'Back in a minute.' } }, { message: 5 }],
        ['resumeSale', { params }, { message: 5 }], ['setMode', { params, body: { mode: 'queue' } }, { mode: 'party' }],
        ['setMessage', { params, body: { message: 'Hello' } }, {}], ['setLimits', { params, body: { cap: 1000 } }, {}],
        ['blockPlace', { params: place, body: { reason: 'a test' } }, { reason: '' }], ['unblockPlace', { params: place }],
        ['setSettings', { body: { orders_per_second: 500 } }, { orders_per_second: 0 }], ['createSale', { body: fresh }, { ...fresh, id: 'Not Good' }],
    ];
    for (const [id, options, bad] of calls) {
        const { status } = await api.try(id, { ...options, headers: merchant });
        assert.equal(status, id === 'createSale' ? 201 : 200, id);
        await api.call(id, { ...options, headers: nobody }, 401);
        if (operations.find((o) => o.id === id).method !== 'GET') await api.call(id, { ...options, headers: { ...merchant, ...otherOrigin } }, 403);
        if (options.params) await api.call(id, { ...options, params: { ...options.params, sale: 'no-such-sale' }, headers: merchant }, 404);
        if (bad) await api.call(id, { ...options, body: bad, headers: merchant }, 422);
    }
    await api.call('createSale', { body: fresh, headers: merchant }, 201);
    await api.call('createSale', { body: { ...fresh, title: 'Another' }, headers: merchant }, 409);
    await api.call('unblockPlace', { params: { ...place, lane: 1 }, headers: merchant }, 422);
});

test('a sale that has not opened or has ended says so at the line', async () => {
    const s = await session();
    await known('made-by-contract', ['scheduled']);
    assert.equal((await api.call('joinLine', { params: { sale: 'made-by-contract' }, headers: s.headers }, 503)).json.type, '/problems/not-open');
    const ending = await stack.createSale({ skus: [] }), params = { sale: ending.id };
    await known(ending.id);
    await api.call('endSale', { params, headers: nobody }, 401);
    await api.call('endSale', { params, headers: { ...merchant, ...otherOrigin } }, 403);
    await api.call('endSale', { params: { sale: 'no-such-sale' }, headers: merchant }, 404);
    await api.call('endSale', { params, headers: merchant }, 200);
    await known(ending.id, ['ended']);
    await api.call('joinLine', { params, headers: s.headers }, 410);
    const database = new postgres.Client(stack.env.WR_DATABASE_URL);
    await database.connect();
    try {
        await waitFor('the sale to have ended long ago', async () => (await database.query("update sales set starts_at = now() - interval '3 days', ends_at = now() - interval '2 days' where id = $1 and phase = 'ended'", [ending.id])).rowCount);
    } finally { await database.end(); }
    const gone = await waitFor('its line to be withdrawn', async () => { const a = await api.try('getStats', { params, headers: merchant }); return a.json?.away?.includes('line') && a; });
    assert.equal(gone.json.phase, 'ended');
    for (const [id, body] of [['getRate'], ['setRate', { per_minute: 1 }], ['holdSale'], ['resumeSale'], ['setMode', { mode: 'queue' }], ['setMessage', { message: 'x' }], ['setLimits', { cap: 1 }], ['blockPlace', { reason: 'x' }], ['unblockPlace']])
        await api.call(id, { params: { ...params, lane: 0, place: 1 }, headers: merchant, ...(body && { body }) }, 410);
});

test('every body: not JSON, another type, too large', async () => {
    const params = { sale: sale.id, lane: 0, place: 1, queue_ticket_id: randomUUID(), id: 'cs_test_0' };
    for (const { id, operation, statuses } of operations.filter((o) => o.operation.requestBody)) {
        const headers = operation.tags.includes('merchant') ? merchant : operation.tags.includes('sandbox') ? provider : (await session()).headers;
        if (statuses.includes(400) && !operation.tags.includes('sandbox')) await api.call(id, { params, headers, raw: '{"half' }, 400);
        if (statuses.includes(415)) await api.call(id, { params, headers: { ...headers, 'content-type': 'text/plain' }, raw: '{}' }, 415);
        for (const base of [stack.url, daemons[operation.tags[0]]]) await api.call(id, { params, headers, base, raw: `{"x":"${'y'.repeat(17_000)}"}` }, 413); // the proxy, and behind it
    }
});

test('another method is refused, and Allow names those that are described', async () => {
    for (const path of Object.keys(openapi.paths).filter((p) => !['/healthz', '/readyz', '/metrics', '/refused/{problem}'].includes(p))) {
        const described = operations.filter((o) => o.path === path);
        const answer = await send(stack.url, 'PATCH', path.replaceAll(/\{\w+\}/g, 'x'));
        assert.equal(answer.status, 405, path);
        for (const o of described) api.check(o, answer);
        assert.deepEqual(answer.headers.allow.split(', ').filter((m) => !['HEAD', 'OPTIONS'].includes(m)).sort(), described.map(({ method }) => method).sort(), path);
        assert.equal(answer.json.type, '/problems/method-not-allowed');
    }
});

test('headers past the limit are refused by every operation', async () => {
    const params = { sale: sale.id, lane: 0, place: 1, queue_ticket_id: randomUUID(), id: 'cs_test_0', name: 'x.js', problem: 'malformed' };
    for (const { id, operation } of operations)
        await api.call(id, { params, headers: { 'x-much': 'x'.repeat(9000) }, base: operation.tags.includes('operation') ? daemons.shopper : stack.url }, 431);
});

test('a request that does not arrive in time is refused by every daemon', async () => {
    await Promise.all(Object.entries(daemons).map(async ([tag, url]) => {
        const o = operations.find(({ operation }) => operation.tags.includes(tag)), wire = await Wire.open(new URL(url).port);
        const answer = await wire.send(`${o.method} ${o.path} HTTP/1.1\r\nHost: shop.test\r\n`).answer({ timeout: 15_000 });
        wire.destroy();
        assert.equal(answer.status, 408, tag);
        api.check(o, { ...answer, text: answer.body });
    }));
});

test('a worker that is about to end sends whoever polls to another one', async () => {
    const leaving = await startDaemon('waitroomd', { env: stack.env, args: ['--workers', '1'] }), params = { sale: sale.id }, { headers } = await session();
    const deaf = await openSocket(leaving.port, `/v1/sales/${sale.id}/queue`, { Origin: stack.env.WR_PUBLIC_URL }); // answers no close frame, so that the worker stays for a while
    leaving.process.kill('SIGTERM');
    await waitFor('it to drain', () => /msg="?draining/.test(leaving.log()));
    for (const [id, more] of [['pollLine', { authorization: 'Ticket x' }], ['joinLine', {}]]) {
        const { json } = await api.call(id, { params, headers: { ...headers, ...more }, base: leaving.url }, 503);
        assert.equal(json.type, '/problems/draining');
    }
    deaf.destroy();
    assert.equal((await leaving.ended).code, 0);
});

test('every daemon says how it is', async () => {
    for (const base of Object.values(daemons)) for (const id of ['health', 'readiness', 'metrics']) await api.call(id, { base }, 200);
    for (const problem of ['not-found', 'malformed', 'headers-too-large', 'too-large']) await api.call('refuseForProxy', { base: daemons.shopper, params: { problem } }, problems.get(problem).status);
});

// What starts dead processes again is stopped meanwhile, so that the outage lasts as long as the test looks.
test('with Redis and PostgreSQL away, whoever needs them says so and when to come back', async () => {
    const open = await stack.createSale();
    await known(open.id);
    const supervisor = Number(readFileSync(join(stack.folder, 'up.pid'), 'utf8')), s = await session();
    const params = { sale: open.id, lane: 0, place: 7, queue_ticket_id: randomUUID(), id: `cs_test_${'0'.repeat(32)}`, problem: 'outcome-unknown' }, holder = await admitted(open.id);
    process.kill(supervisor, 'SIGSTOP');
    try {
        for (const name of ['redis', 'postgres']) process.kill(stack.pid(name), 'SIGKILL');
        const bodies = { setRate: { per_minute: 1 }, setMode: { mode: 'queue' }, setMessage: { message: '' }, setLimits: { cap: 0 }, blockPlace: { reason: 'x' }, setSettings: { orders_per_second: 1 },
            createSale: { ...sale, id: 'never' }, checkout: { sku: 'one', quantity: 1 } };
        for (const { id, operation } of operations.filter((o) => o.statuses.includes(503) && o.id !== 'pollLine')) { // a worker answers polls from what it knows
            const asked = id === 'getSale' ? { ...params, sale: 'never-heard-of' } : params; // a known one is answered from memory
            const options = { params: asked, query: id === 'verifyAdmission' ? { sale: open.id } : {}, ...(bodies[id] && { body: bodies[id] }), ...(id === 'readiness' && { base: daemons.merchant }), ...(id === 'refuseForProxy' && { base: daemons.shopper }),
                headers: operation.tags.includes('merchant') ? merchant : operation.tags.includes('sandbox') ? provider : { ...s.headers } };
            if (id === 'createCheckoutSession') options.form = { client_reference_id: 'r-3', 'line_items[0][price_data][currency]': 'eur', 'line_items[0][price_data][unit_amount]': '1' };
            if (id === 'createRefund') options.form = { session: params.id };
            if (id === 'checkout') options.headers = { ...holder.bearer, 'idempotency-key': randomUUID() };
            if (id === 'verifyAdmission') options.headers = holder.bearer;
            if (id === 'takeWebhook') {
                options.raw = '{"id":"evt_x","type":"x","data":{"object":{}}}';
                const t = Math.floor(Date.now() / 1000);
                options.headers = { 'stripe-signature': `t=${t},v1=${createHmac('sha256', readFileSync(stack.env.WR_WEBHOOK_SECRET_FILE, 'utf8').trim()).update(`${t}.${options.raw}`).digest('hex')}` };
            }
            await waitFor(`${id} to say that it cannot`, async () => (await api.try(id, options)).status === 503, { timeout: 10_000 });
        }
    } finally {
        process.kill(supervisor, 'SIGCONT');
    }
});

test('every status of every operation was seen', () => {
    if (process.env.WR_SHOW_REFUSALS) for (const [what, problem] of [...api.refusals].sort()) console.log(`${what}\n    ${problem.title} | ${problem.next}`);
    assert.deepEqual(api.unseen(), []);
});
