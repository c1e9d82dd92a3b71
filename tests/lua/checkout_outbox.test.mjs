// checkout/relay.lua and settle.lua on a real Redis.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';
import { waitFor } from '../lib/wait.mjs';

const relay = script('checkout/relay.lua'), settle = script('checkout/settle.lua');
const outbox = 'wr:{s:0}:outbox', lease = 'wr:{s:0}:relay';
let server, redis;

before(async () => { server = await startRedis(['--appendfsync', 'no']); redis = new Redis(server.port); });
after(async () => { redis?.disconnect(); await stopAll(); });
beforeEach(() => redis.flushall());

const put = (order, kind = 'reserved') => redis.xadd(outbox, '*', 'order', order, 'kind', kind, 'event', `event of ${order}`);
const round = (me, { from = '-', upto, count = 100, lease_ms = 3000 }) => relay(redis, [outbox, lease], [me, lease_ms, from, upto, count]);

test('an empty outbox asks for no lease', async () => {
    assert.deepEqual(await round('a', { upto: '' }), [0, 0, '']);
    assert.equal(await redis.exists(lease), 0);
});

test('entries up to the one named go to who has the lease; the others only hear what is new', async () => {
    const one = await put('o1'), two = await put('o2', 'cancel'), three = await put('o3');
    assert.deepEqual(await round('a', { upto: two }), [1, 3, three, [one, 'o1', 'reserved', 'event of o1'], [two, 'o2', 'cancel', 'event of o2']]);
    assert.deepEqual(await round('b', { upto: two }), [0, 3, three]);
    assert.equal(await redis.get(lease), 'a');
});

test('a round goes on after the entry where the last one ended', async () => {
    const ids = [await put('o1'), await put('o2'), await put('o3')];
    const first = await round('a', { upto: ids[2], count: 2 });
    assert.deepEqual(first.slice(3).map((e) => e[1]), ['o1', 'o2']);
    assert.deepEqual((await round('a', { from: `(${ids[1]}`, upto: ids[2], count: 2 })).slice(3).map((e) => e[1]), ['o3']);
});

test('a lease that is not renewed passes on', async () => {
    const entry = await put('o1');
    await round('a', { upto: entry, lease_ms: 30 });
    await waitFor('the lease to end', async () => (await round('b', { upto: entry }))[0] === 1);
    assert.equal((await round('a', { upto: entry }))[0], 0);
});

test('settled entries are gone, others stay', async () => {
    const one = await put('o1'), two = await put('o2');
    assert.equal(await settle(redis, [outbox], [one, '1-1']), 1);
    assert.deepEqual((await redis.xrange(outbox, '-', '+')).map((e) => e[0]), [two]);
});
