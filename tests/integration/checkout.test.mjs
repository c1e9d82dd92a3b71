// checkoutd against real Redis, with Kafka away: what it promises, what it refuses, and that a refusal changes nothing.
import { test, before, after, beforeEach, describe } from 'node:test';
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { metric, refusals } from '../lib/metrics.mjs';
import { Watch, checkProblem, redisState } from '../lib/refusals.mjs';
import { Shop, checkout, order } from '../lib/shop.mjs';
import { waitFor } from '../lib/wait.mjs';
import { wrongClock } from '../lib/wrong_clock.mjs';

let redis, shop, sale, d, watch, number = 0;
before(async () => {
    redis = await startRedis();
    shop = new Shop(redis);
    sale = await shop.publish();
    d = await shop.serve();
    watch = new Watch({ url: d.url, redis: shop.redis, keys: () => `wr:{${sale.id}*` });
});
after(async () => { shop?.close(); await stopAll(); });
beforeEach(async () => { sale = await fresh(); });

// A sale of its own for each test, known to the daemon.
async function fresh(change = {}, daemon = d) {
    const s = await shop.publish({ id: `sale-${++number}`, run: number + 1, ...change });
    await waitFor('the sale to be known', async () => (await fetch(`${daemon.url}/v1/sales/${s.id}/checkout`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status !== 404);
    return s;
}
const refused = (act, { pattern, ...what }) => watch.refused(act, { ...what, keys: pattern });
const admissionGone = (a) => waitFor('its admission to have gone', async () => !(await shop.redis.hexists(`wr:{${sale.id}}:admissions`, a.place))); // a moment after the answer

describe('a reservation', () => {
    test('is promised without Kafka after 50 ms, because the disk has it', async () => {
        const a = await shop.admit(sale), began = Date.now();
        const answer = await checkout(d.url, sale, a, { quantity: 2 });
        assert.equal(answer.status, 202);
        assert.ok(answer.ms > 45, `${answer.ms} ms`);
        const id = answer.json.queue_ticket_id;
        assert.deepEqual(answer.json, { queue_ticket_id: id, status: 'queued', sku: 'one', quantity: 2, status_url: `/v1/orders/status/${id}?sale=${sale.id}` });
        assert.equal(answer.headers.get('location'), answer.json.status_url);
        assert.deepEqual(await shop.stock(sale), { share: 10, free: 8, held: 2, sold: 0, voided: 0 });
        const [[, entry]] = await shop.redis.xrange(`wr:{${sale.id}:0}:outbox`, '-', '+');
        const event = JSON.parse(entry[5]);
        assert.equal(event.type, 'waitroom.reservation');
        assert.equal(event.id, `${id}/reservation`);
        assert.equal(event.source, `/sales/${sale.id}`);
        assert.equal(event.subject, id);
        assert.equal(event.specversion, '1.0');
        const { reserved_at, ...data } = event.data;
        assert.deepEqual(data, { order_id: id, sale: sale.id, run: sale.run, deal: 1, sku: 'one', quantity: 2, shopper: a.shopper, lane: 0, place: a.place, jti: a.jti, granted_ms: a.claims.granted });
        assert.ok(reserved_at > began - 5000 && reserved_at < Date.now() + 5000 && new Date(event.time).getTime() === reserved_at);
        const record = JSON.parse(await shop.redis.hget(`wr:{${sale.id}:0}:orders`, id));
        assert.deepEqual({ ...record, reserved_at: 0 }, { order_id: id, sale: sale.id, run: sale.run, sku: 'one', quantity: 2, shopper: a.shopper, lane: 0, place: a.place, jti: a.jti, status: 'queued', event: 0, hold: 'held', reserved_at: 0 });
    });
    test('takes its id from the token, so that whatever was forgotten meets itself again', async () => {
        const a = await shop.admit(sale);
        const first = await checkout(d.url, sale, a);
        assert.match(first.json.queue_ticket_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
        assert.equal(parseInt(first.json.queue_ticket_id.replace('-', '').slice(0, 12), 16), a.claims.granted);
        await shop.admit(sale, { place: a.place, secret: a.secret }); // its row, as the line would give it again
        await shop.redis.del(...['orders', 'used', 'keys', 'bought', 'orders_of', 'outbox'].map((name) => `wr:{${sale.id}:0}:${name}`));
        assert.equal((await checkout(d.url, sale, a)).json.queue_ticket_id, first.json.queue_ticket_id);
    });
    test('is made whatever else its body says', async () => {
        const a = await shop.admit(sale);
        const answer = await checkout(d.url, sale, a, { body: JSON.stringify({ sku: 'one', quantity: 1, gift: true, notes: [{ x: null }], price: 1 }) });
        assert.deepEqual([answer.status, answer.json.sku, answer.json.quantity], [202, 'one', 1]);
    });
    test('marks its admission entered: slot prolonged, place spent', async () => {
        const a = await shop.admit(sale);
        await checkout(d.url, sale, a);
        assert.equal(await shop.redis.getbit(`wr:{${sale.id}}:spent:${sale.run}:0`, a.place), 1);
        assert.equal(await shop.redis.hget(`wr:{${sale.id}}:line`, 'entered_total'), '1');
    });
    test('with a token of an earlier generation needs no row', async () => {
        const a = await shop.admit(sale, { gen: 2, row: false });
        assert.equal((await checkout(d.url, sale, a)).status, 202);
    });
    test('asked twice at once with one key is one hold', async () => {
        const a = await shop.admit(sale), key = randomUUID();
        const answers = await Promise.all(Array.from({ length: 6 }, () => checkout(d.url, sale, a, { key })));
        assert.deepEqual(new Set(answers.map((x) => x.status)), new Set([202]));
        assert.equal(new Set(answers.map((x) => x.json.queue_ticket_id)).size, 1);
        assert.equal((await shop.stock(sale)).held, 1);
    });
    test('with two keys on one token is one hold, and the other is told which', async () => {
        const a = await shop.admit(sale);
        const answers = await Promise.all([checkout(d.url, sale, a), checkout(d.url, sale, a)]);
        assert.deepEqual(answers.map((x) => x.status).sort(), [202, 409]);
        const won = answers.find((x) => x.status === 202), lost = answers.find((x) => x.status === 409);
        assert.equal(lost.json.type, '/problems/token-used');
        assert.ok(lost.json.detail.includes(won.json.queue_ticket_id));
        assert.equal((await shop.stock(sale)).held, 1);
    });
    test('N + 50 racing for N units are exactly N', async () => {
        const s = await fresh({ skus: [{ sku: 'one', name: 'One', unit_price: 1, total: 40 }] });
        const shoppers = await Promise.all(Array.from({ length: 90 }, () => shop.admit(s)));
        const answers = await Promise.all(shoppers.map((a) => checkout(d.url, s, a)));
        assert.equal(answers.filter((x) => x.status === 202).length, 40);
        assert.equal(answers.filter((x) => x.status === 410 && x.json.remaining === 0).length, 50);
        assert.deepEqual(await shop.stock(s), { share: 40, free: 0, held: 40, sold: 0, voided: 0 });
        assert.equal(await shop.redis.xlen(`wr:{${s.id}:0}:outbox`), 40);
    });
});

describe('a retry', () => {
    test('with the same key has the same order, whatever became of token, window and stock', async () => {
        const s = await fresh({ skus: [{ sku: 'one', name: 'One', unit_price: 1, total: 1 }] });
        const a = await shop.admit(s), first = await checkout(d.url, s, a);
        await checkout(d.url, s, await shop.admit(s)); // raises the flag
        await shop.redis.hdel(`wr:{${s.id}}:admissions`, a.place);
        await shop.redis.hset(`wr:{${s.id}}:line`, 'phase', 'ended');
        await waitFor('the sale to have ended', async () => (await checkout(d.url, s, await shop.admit(s), { retry: true })).json.type === '/problems/sale-ended');
        const past = Math.floor(Date.now() / 1000) - 10;
        a.token = shop.sign({ ...a.claims, exp: past });
        const again = await checkout(d.url, s, a, { key: first.key, retry: true });
        assert.equal(again.status, 202);
        assert.deepEqual(again.json, first.json);
        await refused(() => checkout(d.url, s, a, { retry: true }), { status: 409, type: 'token-used', pattern: `wr:{${s.id}*` });
        const b = await shop.admit(s, { exp: past });
        await refused(() => checkout(d.url, s, b, { retry: true }), { status: 401, type: 'token-expired', pattern: `wr:{${s.id}*` });
    });
    test('tells the state that the order has by now', async () => {
        const a = await shop.admit(sale), first = await checkout(d.url, sale, a), name = `wr:{${sale.id}:0}:orders`;
        const record = JSON.parse(await shop.redis.hget(name, first.json.queue_ticket_id));
        await shop.redis.hset(name, record.order_id, JSON.stringify({ ...record, status: 'pending_payment', event: 2, payment_url: 'https://pay.example/1', expires_at: 1790000000000 }));
        assert.equal((await checkout(d.url, sale, a, { key: first.key, retry: true })).json.status, 'pending_payment');
        assert.deepEqual((await order(d.url, record.order_id, a)).json, { queue_ticket_id: record.order_id, sale: sale.id, sku: 'one', quantity: 1, status: 'pending_payment', event: 2,
            payment_url: 'https://pay.example/1', expires_at: 1790000000000 });
    });
    test('after a 410 tries again with the same key', async () => {
        const a = await shop.admit(sale), key = randomUUID(), stock = `wr:{${sale.id}:0}:stock`;
        await shop.redis.hset(stock, 'one|free', 0, 'one|held', 10);
        await refused(() => checkout(d.url, sale, a, { key }), { status: 410, type: 'sold-out', pattern: `wr:{${sale.id}:0}*` });
        await shop.redis.hset(stock, 'one|free', 1, 'one|held', 9);
        assert.equal((await checkout(d.url, sale, a, { key, retry: true })).status, 202, 'a retry does not stop at the flag');
    });
});

describe('sold out', () => {
    test('is known for a second without asking Redis or looking at the signature', async () => {
        const a = await shop.admit(sale), stock = `wr:{${sale.id}:0}:stock`;
        const answer = await waitFor('an answer of the flag alone', async () => { // raised anew where this machine slept for its second
            await shop.redis.hset(stock, 'one|free', 0, 'one|held', 10);
            assert.equal((await checkout(d.url, sale, a)).json.remaining, 0);
            await shop.redis.hset(stock, 'one|free', 10, 'one|held', 0);
            const flagged = await metric(d.url, 'wr_checkout_sold_out_flag_total');
            redis.process.kill('SIGSTOP');
            try {
                const told = await checkout(d.url, sale, { ...a, token: 'not.a.token' });
                return told.status === 410 && await metric(d.url, 'wr_checkout_sold_out_flag_total') === flagged + 1 && told;
            } finally { redis.process.kill('SIGCONT'); }
        });
        assert.deepEqual([answer.json.type, answer.json.remaining], ['/problems/sold-out', 0]);
        await waitFor('the flag to fall', async () => (await checkout(d.url, sale, a)).status === 202);
    });
    test('names what is left when it is fewer than asked, and raises no flag', async () => {
        await shop.redis.hset(`wr:{${sale.id}:0}:stock`, 'one|free', 1, 'one|held', 9);
        const a = await shop.admit(sale);
        const answer = await refused(() => checkout(d.url, sale, a, { quantity: 2 }), { status: 410, type: 'sold-out', pattern: `wr:{${sale.id}:0}*` });
        assert.equal(answer.json.remaining, 1);
        assert.equal((await checkout(d.url, sale, a, { quantity: 1 })).status, 202);
    });
});

describe('refused before anything is asked', () => {
    const cases = [
        ['malformed JSON', { body: '{"sku":' }, 400, 'malformed'],
        ['a body that is no object', { body: '[1]' }, 400, 'malformed'],
        ['a name given twice', { body: '{"sku":"one","sku":"one","quantity":1}' }, 400, 'malformed'],
        ['bytes that are not UTF-8', { body: Buffer.from('{"sku":"\xff","quantity":1}', 'latin1') }, 400, 'malformed'],
        ['a body over the limit', { body: JSON.stringify({ sku: 'one', quantity: 1, x: 'x'.repeat(2000) }) }, 413, 'too-large'],
        ['another media type', { headers: { 'content-type': 'text/plain' } }, 415, 'media-type'],
        ['a field of a wrong type', { body: '{"sku":1,"quantity":1}' }, 422, 'invalid'],
        ['a quantity that is text', { body: '{"sku":"one","quantity":"1"}' }, 422, 'invalid'],
        ['a missing field', { body: '{"sku":"one"}' }, 422, 'invalid'],
        ['quantity 0', { quantity: 0 }, 422, 'invalid'],
        ['a negative quantity', { quantity: -1 }, 422, 'invalid'],
        ['a quantity that is no whole number', { quantity: 1.5 }, 422, 'invalid'],
        ['a quantity past every limit', { quantity: 1001 }, 422, 'invalid'],
        ['an unknown article', { sku: 'two' }, 422, 'unknown-sku'],
        ['no idempotency key', { headers: { 'idempotency-key': undefined } }, 400, 'idempotency-key-missing'],
        ['an idempotency key too short', { key: 'short' }, 400, 'idempotency-key-missing'],
        ['an idempotency key too long', { key: 'k'.repeat(65) }, 400, 'idempotency-key-missing'],
        ['an idempotency key with spaces', { key: 'with a space' }, 400, 'idempotency-key-missing'],
        ['an idempotency key that is not UTF-8', { key: 'k'.repeat(20) + '\xff\xfe' }, 400, 'idempotency-key-missing'],
        ['no token', { headers: { authorization: undefined } }, 401, 'unauthenticated'],
        ['a credential of another scheme', { headers: { authorization: 'Basic eDp5' } }, 401, 'unauthenticated'],
        ['no secret', { headers: { 'waitroom-secret': undefined } }, 401, 'unauthenticated'],
        ['a secret that is none', { headers: { 'waitroom-secret': 'guess' } }, 401, 'unauthenticated'],
        ['another origin', { headers: { origin: 'https://evil.example' } }, 403, 'origin-not-allowed'],
        ["another browser's secret", { headers: { 'waitroom-secret': 'AAAAAAAAAAAAAAAAAAAAAA' } }, 403, 'token-foreign'],
    ];
    for (const [what, change, status, type] of cases) {
        test(what, async () => {
            const a = await shop.admit(sale);
            const answer = await refused(() => checkout(d.url, sale, a, change), { status, type });
            if (type === 'invalid') assert.match(answer.json.detail, /sku|quantity/, 'the field is named');
        });
    }
    test('an unknown sale', async () => {
        const a = await shop.admit(sale);
        await refused(() => checkout(d.url, 'no-such-sale', a), { status: 404, type: 'unknown-sale' });
    });
    test('forged, altered, expired and foreign tokens', async () => {
        const a = await shop.admit(sale), other = await fresh(), { claims } = a, now = Math.floor(Date.now() / 1000);
        const [head, body, signature] = a.token.split('.');
        const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const tokens = [
            ['signed with another key', shop.sign(claims, generateKeyPairSync('ed25519').privateKey), 401, 'token-invalid'],
            ['altered', `${head}.${b64({ ...claims, place: 1 })}.${signature}`, 401, 'token-invalid'],
            ['alg none', `${b64({ alg: 'none', typ: 'JWT', kid: 'k1' })}.${body}.`, 401, 'token-invalid'],
            ['of an unknown key', shop.sign(claims, shop.privateKey, { kid: 'other' }), 401, 'token-invalid'],
            ['of another issuer', shop.sign({ ...claims, iss: 'other' }), 401, 'token-invalid'],
            ['garbage', 'garbage', 401, 'token-invalid'],
            ['longer than any', 'x'.repeat(3000), 401, 'token-invalid'],
            ['good, and a long tail', `${a.token}${'x'.repeat(3000)}`, 401, 'token-invalid'],
            ['not UTF-8', `${head}.${body}\xff\xfe.${signature}`, 401, 'token-invalid'],
            ['empty', '', 401, 'unauthenticated'],
            ['expired', shop.sign({ ...claims, exp: now - 1 }), 401, 'token-expired'],
            ['of another sale', shop.sign({ ...claims, aud: other.id }), 403, 'token-foreign'],
            ['of another run', shop.sign({ ...claims, run: sale.run + 100 }), 403, 'token-foreign'],
            ['of another shopper', shop.sign({ ...claims, sub: '0'.repeat(32) }), 403, 'token-foreign'],
        ];
        for (const [what, token, status, type] of tokens) {
            await refused(() => checkout(d.url, sale, { ...a, token }), { status, type }).catch((error) => { throw new Error(`${what}: ${error.message}`); });
        }
    });
});

describe('refused by the line or the stock, and nothing is stored', () => {
    const stock = () => `wr:{${sale.id}:0}*`;
    test('a token whose admission is gone', async () => {
        const a = await shop.admit(sale, { row: false });
        await refused(() => checkout(d.url, sale, a), { status: 403, type: 'not-admitted' });
    });
    test('a token that was let fall and admitted anew', async () => {
        const a = await shop.admit(sale);
        a.token = shop.sign({ ...a.claims, jti: `${a.jti}1` });
        await refused(() => checkout(d.url, sale, a), { status: 403, type: 'not-admitted' });
    });
    test('a blocked place', async () => {
        const a = await shop.admit(sale);
        await shop.redis.hset(`wr:{${sale.id}}:blocked`, a.place, 'robot');
        await refused(() => checkout(d.url, sale, a), { status: 403, type: 'blocked' });
    });
    test('a key used with another body', async () => {
        const a = await shop.admit(sale), first = await checkout(d.url, sale, a);
        await admissionGone(a);
        await refused(() => checkout(d.url, sale, a, { key: first.key, quantity: 2 }), { status: 409, type: 'idempotency-key-reused' });
    });
    test('a token that has reserved, replayed with a new key', async () => {
        const a = await shop.admit(sale);
        await checkout(d.url, sale, a);
        await admissionGone(a);
        await refused(() => checkout(d.url, sale, a), { status: 409, type: 'token-used' });
    });
    test('more than one shopper may hold', async () => {
        const a = await shop.admit(sale), line = () => redisState(shop.redis, `wr:{${sale.id}}:*`), before_ = await line();
        const admission = async () => shop.redis.eval("return cjson.encode(cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1])))", 1, `wr:{${sale.id}}:admissions`, a.place).then(JSON.parse);
        const row = await admission();
        await refused(() => checkout(d.url, sale, a, { quantity: 3 }), { status: 422, type: 'over-limit', pattern: stock() });
        // The token was shown, so its place is entered: until the token ends, and once.
        const [name, until] = [(last) => `wr:{${sale.id}}:${last}`, row[2] + sale.admission_s * 1000], now_ = await line();
        assert.deepEqual(await admission(), Object.assign([...row], { 3: until, 4: 1 }));
        assert.deepEqual(now_[name('inside')], [String(a.place), String(until)]);
        assert.equal(await shop.redis.getbit(name(`spent:${sale.run}:0`), a.place), 1);
        assert.deepEqual(now_[name('line')].map(([field, value]) => (field === 'entered_total' ? [field, String(value - 1)] : [field, value])), before_[name('line')]);
        for (const last of ['admissions', 'inside', 'line', `spent:${sale.run}:0`]) for (const state of [before_, now_]) delete state[name(last)];
        assert.deepEqual(now_, before_, 'and nothing else has changed on the line');
        await checkout(d.url, sale, a, { quantity: 2 });
        const again = await shop.admit(sale, { secret: a.secret });
        await refused(() => checkout(d.url, sale, again), { status: 422, type: 'over-limit', pattern: stock() });
    });
    test('before the start and after the end', async () => {
        const soon = await fresh({ phase: 'scheduled', starts_at: Date.now() + 90_000 }), over = await fresh({ phase: 'ended' }), late = await fresh({ ends_at: Date.now() - 1 });
        const left = () => Math.ceil((soon.starts_at - Date.now()) / 1000), most = left();
        const answer = await refused(async () => checkout(d.url, soon, await shop.admit(soon)), { status: 503, type: 'not-open', pattern: `wr:{${soon.id}:0}*` });
        const told = Number(answer.headers.get('retry-after')), least = left();
        assert.ok(told >= least && told <= most, `${told} s, not ${least} to ${most}`);
        for (const s of [over, late]) await refused(async () => checkout(d.url, s, await shop.admit(s)), { status: 410, type: 'sale-ended', pattern: `wr:{${s.id}:0}*` });
    });
    test('the same for a checkout whose clock is half a minute out', async () => {
        for (const ahead of [30, -30]) {
            const wrong = await shop.serve({ env: wrongClock(ahead) }), now = Date.now();
            const begun = await fresh({ starts_at: now - 1000 }, wrong), ending = await fresh({ ends_at: now + 25_000 }, wrong), over = await fresh({ ends_at: now - 5000 }, wrong);
            const answers = await Promise.all([begun, ending, over].map(async (s) => (await checkout(wrong.url, s, await shop.admit(s))).status));
            assert.deepEqual(answers, [202, 202, 410]);
            await wrong.stop();
        }
    });
    test('a line of another Redis process', async () => {
        const a = await shop.admit(sale);
        await shop.redis.hset(`wr:{${sale.id}}:line`, 'run_id', '0'.repeat(40));
        const answer = await waitFor('the line to be closed', async () => { const x = await checkout(d.url, sale, a, { quantity: 3 }); return x.json.type === '/problems/line-closed' && x; });
        assert.equal(answer.status, 503);
        assert.ok(answer.headers.get('retry-after'));
        await refused(() => checkout(d.url, sale, a), { status: 503, type: 'line-closed' });
    });
    test('another deal of the stock', async () => {
        const a = await shop.admit(sale);
        await shop.redis.hset(`wr:{${sale.id}:0}:stock`, 'deal', 2);
        await refused(() => checkout(d.url, sale, a), { status: 503, type: 'line-closed', pattern: stock() });
    });
    test('stock whose accounting does not close', async () => {
        const a = await shop.admit(sale);
        await shop.redis.hincrby(`wr:{${sale.id}:0}:stock`, 'one|free', 1);
        await refused(() => checkout(d.url, sale, a), { status: 503, type: 'backend-refused', pattern: stock() });
        assert.equal(await metric(d.url, 'wr_checkout_drift_total'), 1);
    });
});

describe("an order's status", () => {
    test('is for its own shopper, by header or cookie; others and unknown ones are not found', async () => {
        const a = await shop.admit(sale), b = await shop.admit(sale), id = (await checkout(d.url, sale, a)).json.queue_ticket_id;
        await admissionGone(a);
        for (const headers of [{ 'waitroom-secret': a.secret }, { cookie: `waitroom=${a.secret}` }, { cookie: 'waitroom=stale', 'waitroom-secret': a.secret }]) {
            const { status, json } = await order(d.url, id, a, { headers });
            assert.deepEqual([status, json], [200, { queue_ticket_id: id, sale: sale.id, sku: 'one', quantity: 1, status: 'queued', event: 0 }]);
        }
        for (const [what, headers, type] of [[id, { 'waitroom-secret': b.secret }, 'not-found'], [randomUUID(), { 'waitroom-secret': a.secret }, 'not-found'],
            ['x', { 'waitroom-secret': a.secret }, 'not-found'], [id, {}, 'unauthenticated'], [id, { cookie: 'waitroom=stale' }, 'unauthenticated'], [id, { 'waitroom-secret': 'guess' }, 'unauthenticated']]) {
            for (const method of ['GET', 'DELETE']) await refused(() => order(d.url, what, a, { headers, method }), { type });
        }
        await refused(() => order(d.url, id, a, { headers: { 'waitroom-secret': a.secret, origin: 'https://evil.example' }, method: 'DELETE' }), { type: 'origin-not-allowed' });
        assert.equal(await shop.redis.xlen(`wr:{${sale.id}:0}:outbox`), 1, 'nobody else cancelled it');
    });
    test('is found after its sale was withdrawn, by the address that the 202 gave', async () => {
        const s = await fresh(), a = await shop.admit(s), { queue_ticket_id: id, status_url } = (await checkout(d.url, s, a)).json;
        await shop.redis.srem('wr:sales', s.id);
        await shop.redis.del(`wr:{${s.id}}:sale`);
        await shop.redis.del(`wr:{${s.id}}:line`);
        await shop.redis.hset(`wr:{${s.id}}:line`, 'withdrawn', 1);
        await waitFor('the sale to be forgotten', async () => (await order(d.url, id, a)).status === 404);
        const answer = await fetch(`${d.url}${status_url}`, { headers: { 'waitroom-secret': a.secret } });
        assert.deepEqual([answer.status, (await answer.json()).status], [200, 'queued']);
        const b = await shop.admit(sale);
        for (const method of ['GET', 'DELETE']) {
            for (const sale_ of ['another', 'no%20sale', '']) assert.equal((await order(d.url, `${id}?sale=${sale_}`, a, { method })).status, 404);
            await refused(() => order(d.url, `${id}?sale=${s.id}`, b, { method }), { type: 'not-found' });
        }
        await refused(() => order(d.url, `${id}?sale=${s.id}`, a, { method: 'DELETE' }), { type: 'not-found' }); // nobody would carry it
        assert.equal(await shop.redis.xlen(`wr:{${s.id}:0}:outbox`), 1);
    });
    test('DELETE asks for a cancel once and is told again', async () => {
        const a = await shop.admit(sale), id = (await checkout(d.url, sale, a)).json.queue_ticket_id;
        await admissionGone(a);
        await refused(() => order(d.url, `${id}?sale=another`, a, { method: 'DELETE' }), { type: 'not-found' });
        const began = Date.now();
        for (const named of ['', `?sale=${sale.id}`]) {
            const answer = await order(d.url, id + named, a, { method: 'DELETE' });
            assert.deepEqual([answer.status, answer.json.queue_ticket_id, answer.json.status], [202, id, 'queued']);
        }
        const entries = await shop.redis.xrange(`wr:{${sale.id}:0}:outbox`, '-', '+');
        assert.deepEqual(entries.map(([, fields]) => fields[3]), ['reserved', 'cancel']);
        const event = JSON.parse(entries[1][1][5]);
        assert.deepEqual([event.type, event.id, event.subject], ['waitroom.cancel', `${id}/cancel`, id]);
        const { requested_at, ...data } = event.data;
        assert.deepEqual(data, { order_id: id, sale: sale.id, shopper: a.shopper });
        assert.ok(requested_at > began - 5000 && requested_at < Date.now() + 5000);
    });
    test('DELETE with a body is refused, and cancels nothing', async () => {
        const a = await shop.admit(sale), id = (await checkout(d.url, sale, a)).json.queue_ticket_id;
        await admissionGone(a);
        const answer = await refused(async () => fetch(`${d.url}/v1/orders/status/${id}`, { method: 'DELETE', headers: { 'waitroom-secret': a.secret, 'content-type': 'application/json' }, body: `{"x":"${'y'.repeat(5000)}"}` }), { type: 'too-large' });
        assert.equal(answer.status, 413);
    });
    test('a cancel that comes too late is refused and changes nothing', async () => {
        const a = await shop.admit(sale), id = (await checkout(d.url, sale, a)).json.queue_ticket_id, name = `wr:{${sale.id}:0}:orders`;
        await admissionGone(a);
        await shop.redis.hset(name, id, JSON.stringify({ ...JSON.parse(await shop.redis.hget(name, id)), status: 'confirmed', event: 3, hold: 'sold' }));
        await refused(() => order(d.url, id, a, { method: 'DELETE' }), { type: 'conflict' });
    });
});

describe('bounds', () => {
    // Redis is frozen until the refusals are there, so that what is under way stays so: for 800 ms. Where some requests take longer than that
    // to arrive, they find room again, and there is another round.
    async function crowding(daemon, ask, type, refusals_, rounds = 3) {
        const before = await refusals(daemon.url, type);
        let answers, full = true;
        redis.process.kill('SIGSTOP');
        try {
            answers = ask();
            await waitFor('the refusals', async () => await refusals(daemon.url, type) === before + refusals_, { timeout: 3000 }).catch((error) => { if (rounds === 1) throw error; full = false; });
        } finally { redis.process.kill('SIGCONT'); }
        answers = await Promise.all(answers);
        if (!full) {
            await waitFor('it to be ready', async () => (await fetch(`${daemon.url}/readyz`)).ok);
            return crowding(daemon, ask, type, refusals_, rounds - 1);
        }
        const told = answers.filter((x) => x.json.type === `/problems/${type}`);
        assert.equal(told.length, refusals_);
        for (const answer of told) checkProblem(answer.json, type, answer.status);
        return { told, taken: answers.filter((x) => !told.includes(x)) };
    }
    test('one shopper with too many requests at once is told to wait', async () => {
        const a = await shop.admit(sale), key = 'the-same-key';
        const { told } = await crowding(d, () => Array.from({ length: 40 }, () => checkout(d.url, sale, a, { key })), 'too-many-requests', 40 - 16);
        for (const answer of told) assert.ok(answer.headers.get('retry-after'));
        await waitFor('the one order', async () => (await checkout(d.url, sale, a, { key, retry: true })).status === 202);
        assert.equal((await shop.stock(sale)).held, 1);
    });
    test('so is one who asks for an order too often at once', async () => {
        const a = await shop.admit(sale), id = randomUUID();
        const { told, taken } = await crowding(d, () => Array.from({ length: 40 }, () => order(d.url, id, a)), 'too-many-requests', 40 - 16);
        for (const answer of told) assert.ok(answer.headers.get('retry-after'));
        for (const answer of taken) assert.ok([404, 503].includes(answer.status));
    });
    test('past the requests that may be under way it is busy', async () => {
        const small = await shop.serve({ args: ['--in-flight-max', '2'] });
        const s = await fresh({ skus: [{ sku: 'one', name: 'One', unit_price: 1, total: 24 }] }, small), shoppers = await Promise.all(Array.from({ length: 24 }, () => shop.admit(s)));
        const { told, taken } = await crowding(small, () => shoppers.splice(0, 8).map(async (a) => ({ ...await checkout(small.url, s, a), a })), 'busy', 6);
        for (const answer of told) assert.ok(answer.headers.get('retry-after'));
        assert.equal(taken.length, 2);
        for (const { a } of told) assert.equal(await shop.redis.hget(`wr:{${s.id}:0}:orders_of`, a.shopper), null, 'nobody who was told "busy" holds anything');
        await small.stop();
    });
    test('SIGTERM waits for what is in flight', async () => {
        const leaving = await shop.serve(), a = await shop.admit(sale);
        const answer = checkout(leaving.url, sale, a);
        await waitFor('the hold', async () => (await shop.stock(sale)).held === 1);
        const exit = leaving.stop();
        assert.equal((await answer).status, 202);
        assert.deepEqual(await exit, { code: 0, signal: null });
    });
});
