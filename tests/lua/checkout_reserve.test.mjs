// checkout/reserve.lua and cancel.lua on a real Redis, against a model of what a shop may promise.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';
import { waitFor } from '../lib/wait.mjs';

const reserve = script('checkout/reserve.lua'), cancel = script('checkout/cancel.lua');
const names = ['stock', 'orders', 'used', 'keys', 'bought', 'orders_of', 'outbox'];
const key = Object.fromEntries(names.map((name) => [name, `wr:{s:0}:${name}`]));
let server, redis;

before(async () => { server = await startRedis(['--appendfsync', 'no']); redis = new Redis(server.port); });
after(async () => { redis?.disconnect(); await stopAll(); });
beforeEach(() => redis.flushall());

const deal = (units, number = 1) => redis.hset(key.stock, 'deal', number, ...Object.entries(units).flatMap(([sku, n]) =>
    [`${sku}|share`, n, `${sku}|free`, n, `${sku}|held`, 0, `${sku}|sold`, 0, `${sku}|voided`, 0]));
let drawn = 0;
function request(change = {}) {
    const n = ++drawn;
    return { key: `key-${n}`, hash: 'aa', order: `order-${n}`, admission: 1, shopper: `shopper-${n}`, sku: 'shirt', quantity: 1, jti: `jti-${n}`, ...change };
}
const record = (r) => JSON.stringify({ order_id: r.order, sku: r.sku, quantity: r.quantity, shopper: r.shopper, jti: r.jti, status: 'queued', event: 0, hold: 'held' });
const event = (r) => JSON.stringify({ subject: r.order });
async function ask(requests, { window = 'open', now = Date.now(), endsAt = Date.now() + 60_000, limit = 2, number = 1 } = {}) {
    const answers = await reserve(redis, names.map((name) => key[name]), [number, window, now, endsAt, limit, ...requests.flatMap((r) =>
        [r.key, r.hash, r.order, r.admission, r.shopper, r.sku, r.quantity, r.jti, record(r), event(r)])]);
    if (answers[0] === 'closed') return 'closed';
    return answers.map(([code, order, status, number_, free, entry, toPublish]) => ({ code, order, status, event: number_, free, entry, toPublish }));
}
const one = async (r, options) => (await ask([r], options))[0];
const everything = async () => JSON.stringify(await Promise.all((await redis.keys('*')).sort().map(async (name) => [name, await (name === key.outbox ? redis.xrange(name, '-', '+') : redis.hgetall(name))])));
async function changesNothing(work) {
    const was = await everything();
    const result = await work();
    assert.equal(await everything(), was);
    return result;
}

test('a hold is stored whole: stock, record, key, token, limit, list and outbox', async () => {
    await deal({ shirt: 3 });
    const r = request({ quantity: 2 });
    const answer = await one(r);
    assert.deepEqual([answer.code, answer.order, answer.status, answer.event, answer.free], ['held', r.order, 'queued', '0', '1']);
    const stock = await redis.hgetall(key.stock);
    assert.deepEqual([stock['shirt|free'], stock['shirt|held'], stock['shirt|share']], ['1', '2', '3']);
    assert.equal(await redis.hget(key.orders, r.order), record(r));
    assert.equal(await redis.hget(key.used, r.jti), r.order);
    assert.equal(await redis.hget(key.bought, `${r.shopper}|shirt`), '2');
    assert.equal(await redis.hget(key.orders_of, r.shopper), r.order);
    assert.equal(await redis.hget(key.keys, `${r.shopper}|${r.key}`), `aa|${r.order}|${answer.entry}`);
    assert.deepEqual(await redis.xrange(key.outbox, '-', '+'), [[answer.entry, ['order', r.order, 'kind', 'reserved', 'event', event(r)]]]);
});

test('a known key has its hold whatever became of admission, window, limit, stock or token', async () => {
    await deal({ shirt: 1 });
    const r = request();
    const held = await one(r);
    for (const [change, options] of [[{}, {}], [{ admission: 0 }, {}], [{}, { window: 'ended' }], [{}, { limit: 0 }], [{ jti: 'another', order: 'another' }, {}]]) {
        const again = await changesNothing(() => one({ ...r, ...change }, options));
        assert.deepEqual([again.code, again.order, again.status, again.entry, again.toPublish], ['known', r.order, 'queued', held.entry, event(r)]);
    }
    await redis.xdel(key.outbox, held.entry);
    const confirmed = await one(r);
    assert.deepEqual([confirmed.code, confirmed.entry, confirmed.toPublish], ['known', '', '']);
});

test('a known key tells the state the order has now', async () => {
    await deal({ shirt: 1 });
    const r = request();
    await one(r);
    await redis.hset(key.orders, r.order, JSON.stringify({ ...JSON.parse(record(r)), status: 'expired', event: 3, hold: 'released' }));
    const again = await one(r);
    assert.deepEqual([again.code, again.status, again.event], ['known', 'expired', '3']);
});

test('a key used with another body is refused and changes nothing', async () => {
    await deal({ shirt: 5 });
    const r = request();
    await one(r);
    assert.equal((await changesNothing(() => one({ ...r, hash: 'bb', quantity: 2 }))).code, 'key-reused');
});

test("another shopper's key of the same name is another key", async () => {
    await deal({ shirt: 5 });
    await one(request({ key: 'same-key' }));
    assert.equal((await one(request({ key: 'same-key' }))).code, 'held');
});

test('every refusal changes nothing, and the first that applies is told', async () => {
    await deal({ shirt: 1, cap: 5 });
    const first = request({ sku: 'cap' });
    await one(first);
    const refusals = [
        [{ admission: 0, jti: first.jti, sku: 'none', quantity: 9 }, { window: 'ended' }, 'token-used'],
        [{ admission: 0, sku: 'none', quantity: 9 }, { window: 'ended' }, 'not-admitted'],
        [{ sku: 'none', quantity: 9 }, { window: 'ended' }, 'ended'],
        [{ sku: 'none', quantity: 9 }, { window: 'not-open' }, 'not-open'],
        [{ sku: 'none', quantity: 9 }, {}, 'over-limit'],
        [{ sku: 'none' }, {}, 'unknown-sku'],
        [{ quantity: 2 }, {}, 'sold-out'],
    ];
    for (const [change, options, code] of refusals) {
        const answer = await changesNothing(() => one(request(change), options));
        assert.equal(answer.code, code);
        if (code === 'token-used') assert.equal(answer.order, first.order);
        if (code === 'sold-out') assert.equal(answer.free, '1');
    }
});

test('the limit counts what a shopper holds already, per article', async () => {
    await deal({ shirt: 9, cap: 9 });
    await one(request({ shopper: 'ann', quantity: 2 }));
    assert.equal((await one(request({ shopper: 'ann' }))).code, 'over-limit');
    assert.equal((await one(request({ shopper: 'ann', sku: 'cap' }))).code, 'held');
    assert.equal(await redis.hget(key.orders_of, 'ann').then((list) => list.split(' ').length), 2);
});

test('after a refusal the same key tries again', async () => {
    await deal({ shirt: 0 });
    const r = request();
    assert.equal((await one(r)).code, 'sold-out');
    await deal({ shirt: 1 });
    assert.equal((await one(r)).code, 'held');
});

test('a call of another deal changes nothing', async () => {
    await deal({ shirt: 5 }, 2);
    assert.equal(await changesNothing(() => ask([request()], { number: 1 })), 'closed');
});

test('stock whose accounting is broken sells nothing', async () => {
    await deal({ shirt: 5 });
    await redis.hincrby(key.stock, 'shirt|free', 1);
    assert.equal((await changesNothing(() => one(request()))).code, 'drift');
});

test('a cancel is asked once, by its owner, while the order can still be cancelled', async () => {
    await deal({ shirt: 5 });
    const r = request();
    await one(r);
    const ask_ = (shopper = r.shopper, order = r.order) => cancel(redis, [key.orders, key.outbox], [order, shopper, '{"cancel":1}']);
    assert.deepEqual(await changesNothing(() => ask_('somebody else')), ['not-found']);
    assert.deepEqual(await changesNothing(() => ask_(r.shopper, 'unknown')), ['not-found']);
    const [code, entry, toPublish] = await ask_();
    assert.deepEqual([code, toPublish], ['asked', '{"cancel":1}']);
    assert.deepEqual(await changesNothing(() => ask_()), ['known', entry, '{"cancel":1}']);
    await redis.xdel(key.outbox, entry);
    assert.deepEqual(await changesNothing(() => ask_()), ['known', '', '']);
    assert.equal(JSON.parse(await redis.hget(key.orders, r.order)).status, 'queued', 'fulfilment decides');
    for (const [status, expected] of [['confirmed', 'too-late'], ['expired', 'too-late'], ['failed', 'too-late'], ['cancelled', 'known'], ['pending_payment', 'asked'], ['expiring', 'asked']]) {
        await redis.hset(key.orders, r.order, JSON.stringify({ ...JSON.parse(record(r)), status }));
        assert.equal((await ask_())[0], expected);
    }
});

// The model knows nothing of Redis: it says what must be answered, request by request, in the order they were given.
class Model {
    constructor(units, limit) { Object.assign(this, { free: { ...units }, units, limit, keys: new Map(), used: new Set(), bought: new Map(), holds: new Map() }); }
    answer(r, window) {
        const name = `${r.shopper}|${r.key}`, known = this.keys.get(name), mine = `${r.shopper}|${r.sku}`;
        if (known) return known.hash === r.hash ? 'known' : 'key-reused';
        if (this.used.has(r.jti)) return 'token-used';
        if (!r.admission) return 'not-admitted';
        if (window !== 'open') return window;
        if ((this.bought.get(mine) ?? 0) + r.quantity > this.limit) return 'over-limit';
        if (this.free[r.sku] === undefined) return 'unknown-sku';
        if (this.free[r.sku] < r.quantity) return 'sold-out';
        this.free[r.sku] -= r.quantity;
        this.used.add(r.jti);
        this.keys.set(name, r);
        this.bought.set(mine, (this.bought.get(mine) ?? 0) + r.quantity);
        this.holds.set(r.order, r);
        return 'held';
    }
}
function randomly(seed) { // mulberry32
    return (n) => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) % n;
    };
}

test('random batches answer as the model does, never oversell, and their accounting closes', async (t) => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    t.diagnostic(`SEED=${seed}`);
    const pick = randomly(seed), units = { shirt: 40, cap: 7, sock: 0 }, model = new Model(units, 3), seen = new Map();
    await deal(units);
    for (let turn = 0; turn < 250; turn++) {
        const window = pick(12) ? 'open' : ['not-open', 'ended'][pick(2)];
        const batch = Array.from({ length: 1 + pick(8) }, () => {
            const place = pick(60), sku = ['shirt', 'shirt', 'cap', 'sock', 'none'][pick(5)], quantity = 1 + pick(4);
            return { key: `key-${pick(3)}`, hash: quantity.toString(16) + Buffer.from(sku).toString('hex'), order: `order-${place}`, admission: pick(8) ? 1 : 0,
                shopper: `shopper-${place % 25}`, sku, quantity, jti: `jti-${place}` };
        });
        const expected = batch.map((r) => model.answer(r, window));
        const answers = await ask(batch, { window, limit: 3 });
        assert.deepEqual(answers.map((a) => a.code), expected, `turn ${turn}`);
        answers.forEach((a, i) => {
            if (a.code !== 'held' && a.code !== 'known') return;
            const name = `${batch[i].shopper}|${batch[i].key}`;
            assert.equal(a.order, seen.get(name) ?? a.order, 'same key, same answer');
            seen.set(name, a.order);
        });
        const stock = await redis.hgetall(key.stock);
        for (const sku of Object.keys(units)) {
            const [free, held, sold, voided, share] = ['free', 'held', 'sold', 'voided', 'share'].map((f) => Number(stock[`${sku}|${f}`]));
            assert.equal(free, model.free[sku]);
            assert.ok(free >= 0);
            assert.equal(free + held + sold + voided, share);
        }
    }
    assert.equal(await redis.hlen(key.orders), model.holds.size);
    assert.equal(await redis.hlen(key.used), model.holds.size, 'one reservation per token');
    assert.equal(await redis.xlen(key.outbox), model.holds.size);
});

test('an open window ends by the time of day, on which no single clock has the say', async () => {
    await deal({ shirt: 10 });
    const at = async (caller, end) => { const real = Date.now(); return (await one(request(), { now: real + caller, endsAt: real + end })).code; }, hour = 3_600_000;
    assert.deepEqual([await at(0, -1), await at(0, hour)], ['ended', 'held']);
    assert.deepEqual([await at(hour, 60_000), await at(-hour, -60_000)], ['held', 'ended'], 'a caller an hour out');
    assert.equal(await at(1500, 1000), 'ended', 'a second out is nobody\'s fault');
    await waitFor('one that was not half a second on the way, too', async () => (await at(-1500, -1000)) === 'held');
});

test('two processes racing for the last units sell each of them once', async () => {
    const units = 30;
    await deal({ shirt: units });
    const other = new Redis(server.port);
    const calls = Array.from({ length: 40 }, (_, i) => reserve(i % 2 ? other : redis, names.map((name) => key[name]), [1, 'open', 0, 1e15, 1, ...Array.from({ length: 4 }, () => request()).flatMap((r) =>
        [r.key, r.hash, r.order, 1, r.shopper, r.sku, 1, r.jti, record(r), event(r)])]));
    const codes = (await Promise.all(calls)).flat().map((a) => a[0]);
    other.disconnect();
    assert.equal(codes.filter((code) => code === 'held').length, units);
    assert.equal(codes.filter((code) => code === 'sold-out').length, 160 - units);
    assert.equal(await redis.hget(key.stock, 'shirt|free'), '0');
});
