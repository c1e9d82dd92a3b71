// fulfillment/apply_order.lua on a real Redis: every move, once and twice, in and out of order.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';
import { waitFor } from '../lib/wait.mjs';

const apply = script('fulfillment/apply_order.lua');
const key = Object.fromEntries(['stock', 'orders', 'bought'].map((name) => [name, `wr:{s:0}:${name}`]));
const shopper = 'a'.repeat(32), sku = 'shirt', share = 10;
let server, redis, ears, heard;

before(async () => {
    server = await startRedis(['--appendfsync', 'no']);
    redis = new Redis(server.port);
    ears = new Redis(server.port);
    await ears.subscribe(`wr:shopper:${shopper}`);
    ears.on('message', (_, text) => heard.push(JSON.parse(text)));
});
after(async () => { redis?.disconnect(); ears?.disconnect(); await stopAll(); });
beforeEach(async () => {
    await redis.flushall();
    await ears.ping(); // answered after what the last test told
    heard = [];
    await redis.hset(key.stock, 'deal', 4, `${sku}|share`, share, `${sku}|free`, share, `${sku}|held`, 0, `${sku}|sold`, 0, `${sku}|voided`, 0);
});

async function hold(id, quantity = 1) {
    await redis.hincrby(key.stock, `${sku}|free`, -quantity);
    await redis.hincrby(key.stock, `${sku}|held`, quantity);
    await redis.hincrby(key.bought, `${shopper}|${sku}`, quantity);
    await redis.hset(key.orders, id, JSON.stringify({ order_id: id, sale: 's', run: 1, sku, quantity, shopper, lane: 0, place: 9_000_000_001,
        jti: `1-1-0-9-0`, status: 'queued', event: 0, hold: 'held', reserved_at: 1_763_790_000_123 }));
}
const tell = (id, event, move, status = 'queued', more = {}) => [id, event, move, JSON.stringify({ type: 'order', sale: 's', queue_ticket_id: id, sku, quantity: 1, status, event, ...more }), shopper];
const call = (rows, deal = 4) => apply(redis, [key.stock, key.orders, key.bought], [deal, ...rows.flat()]);
const one = async (...row) => (await call([tell(...row)]))[0];
const take = async (id, event) => (await call([[id, event, 'take', '', shopper]]))[0];
const record = async (id) => JSON.parse(await redis.hget(key.orders, id));
async function stock() {
    const s = await redis.hgetall(key.stock);
    const [free, held, sold, voided] = ['free', 'held', 'sold', 'voided'].map((n) => Number(s[`${sku}|${n}`]));
    assert.equal(free + held + sold + voided, share, 'no unit appears or vanishes');
    return { free, held, sold, voided };
}
const bought = async () => Number(await redis.hget(key.bought, `${shopper}|${sku}`) ?? 0);

test('every move moves its units once, however often it is told', async () => {
    const cases = [
        { moves: ['none'], hold: 'held', counter: 'held', mine: 2 },
        { moves: ['sell'], hold: 'sold', counter: 'sold', mine: 2 },
        { moves: ['release'], hold: 'released', counter: 'free', mine: 0 },
        { moves: ['void'], hold: 'voided', counter: 'voided', mine: 0 },
        { moves: ['sell', 'unsell'], hold: 'released', counter: 'free', mine: 0 },
    ];
    for (const [i, c] of cases.entries()) {
        const id = `order-${i}`;
        await hold(id, 2);
        const before = await stock();
        for (const [n, move] of c.moves.entries()) {
            assert.equal(await one(id, n + 1, move), 'applied', move);
            assert.equal(await one(id, n + 1, move), 'old', `${move} again`);
        }
        assert.equal((await record(id)).hold, c.hold);
        const after = await stock(), expected = { ...before };
        expected.held -= 2;
        expected[c.counter] += 2;
        assert.deepEqual(after, expected, c.moves.join());
        assert.equal(await bought(), c.mine);
        await redis.hset(key.stock, `${sku}|free`, share, `${sku}|held`, 0, `${sku}|sold`, 0, `${sku}|voided`, 0);
        await redis.del(key.bought);
    }
});

test('a move that does not fit the hold moves nothing, and the status is told all the same', async () => {
    await hold('o');
    await one('o', 1, 'release', 'expired');
    const was = await stock();
    assert.equal(await one('o', 2, 'release', 'refunded'), 'applied');
    assert.equal(await one('o', 3, 'sell', 'confirmed'), 'applied');
    assert.equal(await one('o', 4, 'void', 'failed'), 'applied');
    assert.deepEqual(await stock(), was);
    assert.equal((await record('o')).hold, 'released');
});

test('a lower event changes neither stock nor record, and nobody hears it', async () => {
    await hold('o');
    await one('o', 3, 'sell', 'confirmed');
    const was = [await stock(), await record('o')];
    assert.equal(await one('o', 2, 'release', 'expired'), 'old');
    assert.deepEqual([await stock(), await record('o')], was);
    await one('o', 4, 'none', 'confirmed');
    await waitFor('both to be heard', () => heard.length >= 2);
    assert.deepEqual(heard.map((m) => m.event), [3, 4]);
});

test('the record says what the shopper was told, and keeps what checkout wrote', async () => {
    await hold('o');
    await one('o', 2, 'none', 'pending_payment', { payment_url: 'https://pay/1', expires_at: 1_763_790_600_123 });
    let r = await record('o');
    assert.deepEqual([r.status, r.event, r.payment_url, r.expires_at, r.place, r.reserved_at], ['pending_payment', 2, 'https://pay/1', 1_763_790_600_123, 9_000_000_001, 1_763_790_000_123]);
    await one('o', 3, 'release', 'cancelled', { reason: 'cancelled' });
    r = await record('o');
    assert.deepEqual([r.status, r.reason, r.payment_url, r.expires_at], ['cancelled', 'cancelled', undefined, undefined]);
});

test('an order without a record moves no stock; its shopper hears of it', async () => {
    const was = await stock();
    assert.equal(await one('gone', 1, 'release', 'expired'), 'missing');
    assert.deepEqual(await stock(), was);
    assert.equal(await redis.hexists(key.orders, 'gone'), 0);
    await waitFor('it to be heard', () => heard.length === 1);
});

test('a call of another deal changes nothing at all', async () => {
    await hold('o');
    const was = [await stock(), await record('o')];
    assert.deepEqual(await call([tell('o', 1, 'release', 'expired'), tell('o', 2, 'none')], 3), ['closed']);
    assert.deepEqual([await stock(), await record('o')], was);
});

test('a late payment takes a free unit once, and only at the event its caller saw', async () => {
    await hold('o');
    assert.equal(await take('o', 1), 'early', 'what is before it was not told yet');
    await one('o', 4, 'release', 'expired');
    assert.equal(await take('o', 3), 'old');
    const was = await stock();
    for (let again = 0; again < 2; again++) {
        assert.equal(await take('o', 4), 'taken');
        assert.deepEqual(await stock(), { ...was, free: was.free - 1, held: was.held + 1 });
        assert.equal(await bought(), 1);
    }
    await one('o', 5, 'sell', 'confirmed');
    assert.equal(await take('o', 4), 'old');
    assert.deepEqual(await stock(), { free: share - 1, held: 0, sold: 1, voided: 0 });
});

test('a late payment takes nothing when nothing is free', async () => {
    await hold('o');
    await one('o', 1, 'release', 'expired');
    await hold('other', share);
    const was = await stock();
    assert.equal(was.free, 0);
    assert.equal(await take('o', 1), 'none');
    assert.equal(await take('nobody', 1), 'missing');
    assert.deepEqual(await stock(), was);
});

test('a take that arrives after the refund was told takes nothing', async () => {
    await hold('o');
    await one('o', 1, 'release', 'expired');
    await one('o', 2, 'release', 'refunded');
    const was = await stock();
    assert.equal(await take('o', 1), 'old');
    assert.deepEqual(await stock(), was);
});
