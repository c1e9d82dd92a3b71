// checkout/use.lua and finish.lua on a real Redis.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';

const use = script('checkout/use.lua'), finish = script('checkout/finish.lua');
const key = Object.fromEntries(['line', 'admissions', 'inside', 'blocked', 'fallen'].map((name) => [name, `wr:{s}:${name}`]));
key.spent = 'wr:{s}:spent:1:0';
const admission_s = 600;
let server, redis;

before(async () => { server = await startRedis(['--appendfsync', 'no']); redis = new Redis(server.port); });
after(async () => { redis?.disconnect(); await stopAll(); });
beforeEach(async () => {
    await redis.flushall();
    const now = await wall();
    await redis.hset(key.line, 'gen', 3, 'clock', now, 'time', now, 'admission_s', admission_s, 'entered_total', 0, 'finished_total', 0);
});

const wall = async () => { const [s, us] = await redis.time(); return s * 1000 + Math.floor(us / 1000); };
const pack = "redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack({ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), 'w', ''})) redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])";
async function admit(place, { jti = `1-3-0-${place}-0`, shopper = `shopper-${place}`, granted, expires, entered = 0 } = {}) {
    const clock = Number(await redis.hget(key.line, 'clock'));
    await redis.eval(pack, 2, key.admissions, key.inside, place, jti, shopper, granted ?? clock, expires ?? clock + 10_000, entered);
    return { place, jti, shopper, gen: 3, granted: granted ?? clock };
}
const unpack = async (place) => redis.eval("local r = cmsgpack.unpack(redis.call('HGET', KEYS[1], ARGV[1])) for i = 1, #r do r[i] = tostring(r[i]) end r[3] = string.format('%.0f', r[3]) r[4] = string.format('%.0f', r[4]) return r", 1, key.admissions, place);
const asks = (tokens, gen = 3) => use(redis, [key.line, key.admissions, key.inside, key.blocked, key.spent, key.fallen], [gen, ...tokens.flatMap((t) => [t.place, t.jti, t.shopper, t.gen])]);
const finishes = (tokens, gen = 3) => finish(redis, [key.line, key.admissions, key.inside], [gen, ...tokens.flatMap((t) => [t.place, t.jti])]);
const line = async (field) => Number(await redis.hget(key.line, field));

test('a living admission is entered: its slot lasts as long as its token, its place is spent, once', async () => {
    const token = await admit(7, { jti: '1-3-0-7-1' });
    await redis.hset(key.fallen, 7, 1);
    for (let again = 0; again < 2; again++) {
        assert.deepEqual(await asks([token]), ['live']);
        const until = String(token.granted + admission_s * 1000);
        assert.deepEqual(await unpack(7), [token.jti, token.shopper, String(token.granted), until, '1', 'w', '']);
        assert.equal(await redis.zscore(key.inside, 7), until);
        assert.equal(await redis.getbit(key.spent, 7), 1);
        assert.equal(await redis.hget(key.fallen, 7), '1', 'what it let fall before stays known');
        assert.equal(await line('entered_total'), 1);
    }
});

test('a row of another token, another shopper or past its time is gone and nothing is marked', async () => {
    const token = await admit(1), late = await admit(2, { expires: (await line('clock')) - 1 });
    assert.deepEqual(await asks([{ ...token, jti: '1-3-0-1-1' }, { ...token, shopper: 'somebody' }, late, { place: 9, jti: 'j', shopper: 's', gen: 3 }]),
        ['gone', 'gone', 'gone', 'gone']);
    assert.equal(await redis.exists(key.spent), 0);
    assert.equal(await line('entered_total'), 0);
    assert.equal((await unpack(1))[4], '0');
});

test('a blocked place is told so, living or not', async () => {
    const token = await admit(4);
    await redis.hset(key.blocked, 4, 'robot');
    assert.deepEqual(await asks([token, { place: 4, jti: 'x', shopper: 'y', gen: 1 }]), ['blocked', 'blocked']);
});

test('a token of an earlier generation needs no row, but none of another token either', async () => {
    const earlier = { place: 5, jti: '1-2-0-5-0', shopper: 'shopper-5', gen: 2 };
    assert.deepEqual(await asks([earlier]), ['live']);
    assert.equal(await redis.getbit(key.spent, 5), 1);
    assert.equal(await line('entered_total'), 1);
    assert.deepEqual(await asks([earlier]), ['live']);
    assert.equal(await line('entered_total'), 1);
    assert.equal(await redis.exists(key.admissions), 0, 'no row is made up');
    await admit(5, { jti: '1-3-0-5-1' });
    assert.deepEqual(await asks([earlier]), ['gone']);
});

test('a token that was let fall stays gone after a new generation, when the place has another and when that one was used up', async () => {
    const fell = { place: 5, jti: '1-2-0-5-0', shopper: 'shopper-5', gen: 2 };
    await redis.hset(key.fallen, 5, 1);
    assert.deepEqual(await asks([fell]), ['gone']);
    const next = await admit(5, { jti: '1-3-0-5-1' });
    assert.deepEqual(await asks([next]), ['live']);
    assert.equal(await finishes([next]), 1);
    assert.deepEqual(await asks([fell]), ['gone']);
    await redis.hset(key.line, 'gen', 4);
    assert.deepEqual(await asks([fell, next], 4), ['gone', 'live'], 'the newest token of a place lives on: `used` is what stops a second order with it');
});

test('a row handed in after a new generation lives by its row', async () => {
    const token = { ...(await admit(6, { jti: '1-2-0-6-0', shopper: 'shopper-6' })), gen: 2 };
    assert.deepEqual(await asks([token, { ...token, shopper: 'thief' }]), ['live', 'gone']);
    assert.equal((await unpack(6))[4], '1');
});

test('a token of a generation that is not there yet is gone', async () => {
    assert.deepEqual(await asks([{ place: 8, jti: '1-4-0-8-0', shopper: 's', gen: 4 }]), ['gone']);
});

test('the clock goes on by what really passed, and a call of another generation changes nothing', async () => {
    const token = await admit(1), was = await redis.hgetall(key.line);
    assert.deepEqual(await asks([token], 2), ['closed']);
    assert.deepEqual(await finishes([token], 4), ['closed']);
    assert.deepEqual(await redis.hgetall(key.line), was);
    await redis.hset(key.line, 'time', (await wall()) - 3_600_000);
    const clock = await line('clock');
    assert.deepEqual(await asks([token]), ['live']);
    assert.equal(await line('clock'), clock, 'an hour that passed unseen is not time on the line');
});

test('a finished order gives its slot back once and leaves rows of other tokens alone', async () => {
    const token = await admit(1), other = await admit(2);
    assert.equal(await finishes([token, { place: 2, jti: 'another' }, { place: 3, jti: 'none' }]), 1);
    assert.deepEqual(await redis.hkeys(key.admissions), ['2']);
    assert.deepEqual(await redis.zrange(key.inside, 0, -1), ['2']);
    assert.equal(await line('finished_total'), 1);
    assert.equal(await finishes([token]), 0);
    assert.equal(await line('finished_total'), 1);
    assert.deepEqual(await asks([token, other]), ['gone', 'live'], 'a token without a row is refused');
});
