// admission/*.lua on a real Redis: generations, ceilings, phases, settings, documents, stock, blocks, verify, presence.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';

const lua = Object.fromEntries(['open_generation', 'publish_sale', 'raise_ceiling', 'set_left', 'set_phase', 'change_settings', 'deal_stock', 'block_place',
    'unblock_place', 'verify', 'read_presence', 'publish_table', 'read_stats'].map((name) => [name, script(`admission/${name}.lua`)]));
const tick = script('waitroom/tick.lua');
const key = Object.fromEntries(['line', 'sale', 'ready', 'owners', 'workers', 'points', 'inside', 'admissions', 'fallen', 'vouched', 'fronts', 'blocked', 'presence',
    'table'].map((name) => [name, `wr:{s}:${name}`]));
const spentKey = 'wr:{s}:spent:7:0';
let server, redis;

before(async () => { server = await startRedis(['--appendfsync', 'no']); redis = new Redis(server.port); });
after(async () => { redis?.disconnect(); await stopAll(); });
beforeEach(() => redis.flushall());

const wall = async () => { const [s, us] = await redis.time(); return s * 1000 + Math.floor(us / 1000); };
const line = async (field) => redis.hget(key.line, field);
const number = async (field) => Number(await line(field));
const settings = { rate: 600, burst_ms: 500, mode: 'queue', message: '', cap: 0, factor: 100 };
async function open(fields = {}, blocked = []) {
    const f = { run: 7, gen: 1, run_id: 'redis-a', counter: 0, ceiling: 1000, phase: 'scheduled', left: 0, document: '{"id":"s"}', version: 1, settings_version: 1,
        ...settings, admission_s: 600, away_limit_s: 600, spent: '', ...fields };
    return lua.open_generation(redis, [key.line, key.sale, key.ready, key.owners, key.workers, key.points, key.inside, key.admissions, key.fallen, key.vouched, key.fronts,
        key.blocked, spentKey, 'wr:{s}:spent_load'],
    [f.run, f.gen, f.run_id, f.counter, f.ceiling, f.phase, f.left, f.document, f.version, f.settings_version, f.rate, f.burst_ms, f.mode, f.message, f.cap,
        f.factor, f.admission_s, f.away_limit_s, f.spent, ...blocked]);
}
const change = (fields, { gen = 1, version = '' } = {}) => lua.change_settings(redis, [key.line], [gen, version, ...Object.entries(fields).flat()]);

test('a generation opens with an empty bucket, the counter at the old ceiling, and everything that had its turn', async () => {
    const before = await wall();
    assert.equal(await open({ counter: 500, ceiling: 1500, spent: Buffer.from([0x40, 0x01]) }, [9, 'robot', 11, 'robot too']), 1);
    const l = await redis.hgetall(key.line);
    assert.deepEqual([l.run, l.gen, l.run_id, l.counter, l.ceiling, l.level, l.phase, l.called, l.left_at, l.table_version], ['7', '1', 'redis-a', '500', '1500', '0.000000',
        'scheduled', '0', '0', '0']);
    assert.ok(Number(l.clock) >= before && l.live_at === l.clock && l.level_at === l.clock && l.time === l.clock);
    assert.deepEqual(await Promise.all([1, 15, 2].map((place) => redis.getbit(spentKey, place))), [1, 1, 0]);
    assert.deepEqual(await redis.hgetall(key.blocked), { 9: 'robot', 11: 'robot too' });
    assert.equal(await redis.exists('wr:{s}:spent_load'), 0);
});

test('a generation that is there, or an older one, is not opened again', async () => {
    await open({ gen: 3 });
    await redis.hset(key.line, 'counter', 77);
    for (const gen of [1, 2, 3]) assert.equal(await open({ gen, run_id: 'redis-b' }), 0);
    assert.equal(await open({ run: 6, gen: 9 }), 0);
    assert.deepEqual(await redis.hmget(key.line, 'counter', 'run_id', 'gen', 'run'), ['77', 'redis-a', '3', '7']);
});

test('what survived of the same run is kept, and who is ready is asked anew', async () => {
    await open({ settings_version: 1 });
    await change({ rate: 1200 });
    await redis.hset(key.line, 'called', 40, 'granted_total', 12, 'phase', 'live', 'clock', Number(await wall()) + 60_000, 'level', '9.000000');
    await redis.hset(key.admissions, 5, 'row'); await redis.zadd(key.inside, 1, 5); await redis.hset(key.blocked, 6, 'kept');
    await redis.setbit(spentKey, 3, 1);
    await redis.hset(key.workers, 'w1', 'x'); await redis.zadd(key.ready, 8, 8); await redis.hset(key.owners, 8, 'w1|a');
    const clock = await number('clock');
    assert.equal(await open({ gen: 2, run_id: 'redis-b', counter: 1000, ceiling: 2000, spent: Buffer.from([0x40]), rate: 600, phase: 'scheduled' }, [10, 'new']), 1);
    const l = await redis.hgetall(key.line);
    assert.deepEqual([l.called, l.granted_total, l.phase, l.rate, l.settings_version, l.level, l.counter, l.run_id], ['40', '12', 'live', '1200', '2', '0.000000', '1000', 'redis-b']);
    assert.equal(Number(l.clock), clock, 'the clock never goes back');
    assert.equal(Number(l.live_at), clock + 1000, 'it listens for long enough that every worker is there');
    assert.deepEqual(await lua.read_presence(redis, [key.line, key.presence], [2, 1000, 60]), [], 'and until their records are, there is no new table');
    for (const again of [() => step('live', 'sold_out', { gen: 2 }), () => step('sold_out', 'live', { gen: 2 }), () => change({ mode: 'hold' }, { gen: 2 }), () => change({ mode: 'queue' }, { gen: 2 })]) await again();
    assert.equal(await number('live_at'), clock + 1000, 'whatever happens meanwhile');
    assert.deepEqual(await redis.hgetall(key.blocked), { 6: 'kept', 10: 'new' });
    assert.deepEqual(await Promise.all([1, 3].map((place) => redis.getbit(spentKey, place))), [1, 1]);
    assert.equal(await redis.exists(key.admissions, key.inside), 2);
    assert.equal(await redis.exists(key.workers, key.ready, key.owners), 0);
});

test('a later run starts from nothing, and an ended sale stays ended', async () => {
    await open();
    await redis.hset(key.line, 'called', 40, 'granted_total', 12);
    await redis.hset(key.admissions, 5, 'row');
    await open({ run: 8, gen: 1, phase: 'scheduled' });
    assert.deepEqual(await redis.hmget(key.line, 'run', 'called', 'granted_total'), ['8', '0', '0']);
    assert.equal(await redis.exists(key.admissions), 0);
    await redis.hset(key.line, 'phase', 'live');
    await open({ run: 8, gen: 2, phase: 'ended' });
    assert.equal(await line('phase'), 'ended');
});

test('another generation than the line\'s changes nothing, in any script', async () => {
    await open({ gen: 2 });
    const before = await redis.hgetall(key.line);
    const calls = [
        lua.publish_sale(redis, [key.line, key.sale], [1, 9, '{}']), lua.raise_ceiling(redis, [key.line], [1, 99999]), lua.set_left(redis, [key.line], [1, 1, 0, 1, 5, 0]),
        lua.set_phase(redis, [key.line], [1, 1, 'scheduled', 'live', 0, 0]), change({ rate: 1 }),
        lua.block_place(redis, [key.line, key.blocked, key.inside, key.admissions, key.fallen, key.ready, key.owners], [1, 4, 'x']),
        lua.unblock_place(redis, [key.line, key.blocked], [1, 4]),
        lua.verify(redis, [key.line, key.inside, key.admissions, key.blocked, spentKey, key.fallen], [1, 7, 1, 4, 'j', 's', 0, 'p']),
        lua.read_presence(redis, [key.line, key.presence], [1, 0, 60]), lua.publish_table(redis, [key.line, key.table], [1, 0, Buffer.alloc(20)]),
        lua.read_stats(redis, [key.line, key.inside, key.ready, key.table], [1]),
    ];
    for (const answer of await Promise.all(calls)) assert.deepEqual(answer, ['closed']);
    assert.deepEqual(await redis.hgetall(key.line), before);
    assert.equal(await redis.exists(key.blocked, key.table, spentKey), 0);
});

test('a ceiling only rises', async () => {
    await open({ ceiling: 1000 });
    assert.equal(Number(await lua.raise_ceiling(redis, [key.line], [1, 5000])), 5000);
    assert.equal(Number(await lua.raise_ceiling(redis, [key.line], [1, 4000])), 5000);
    assert.equal(await line('ceiling'), '5000');
});

test('a document is published only when it is newer', async () => {
    await open({ version: 2 });
    assert.equal(await lua.publish_sale(redis, [key.line, key.sale], [1, 2, 'same']), 0);
    assert.equal(await lua.publish_sale(redis, [key.line, key.sale], [1, 3, 'newer']), 1);
    assert.deepEqual([await redis.get(key.sale), await line('version')], ['newer', '3']);
});

const step = async (from, to, { now, due = 1, gen = 1, version = 1 } = {}) => lua.set_phase(redis, [key.line], [gen, version, from, to, now ?? await wall(), due]);
const left = async (units, ends_at, now, version = 1, age = 0) => lua.set_left(redis, [key.line], [1, version, now ?? await wall(), ends_at, units, age]);
const hour = 3_600_000;
// What the line took for the time of day when it was last advanced, `by` later: as if Redis TIME had been set back by that.
const setBack = async (by) => redis.hset(key.line, 'clock', await wall() + by);

test('of two that step the phase one does; going live listens, and starts with nothing in the bucket', async () => {
    await open();
    await redis.hset(key.line, 'level', '3.000000');
    assert.equal(await step('scheduled', 'live'), 1);
    const l = await redis.hgetall(key.line);
    assert.deepEqual([l.phase, l.level], ['live', '0.000000']);
    assert.ok(l.live_at === l.clock && l.level_at === l.clock);
    assert.equal(await step('scheduled', 'live'), 0); // it advances the clock, and nothing else
    assert.deepEqual(await redis.hmget(key.line, 'phase', 'level', 'live_at', 'level_at'), [l.phase, l.level, l.live_at, l.level_at]);
});

test('a caller whose clock is wrong neither starts nor ends a sale; one that is right does', async () => {
    await open();
    const now = await wall(), soon = now + 5000;
    for (const wrong of [now + hour, soon]) assert.equal(await step('scheduled', 'live', { now: wrong, due: soon }), 0);
    assert.equal(await step('scheduled', 'live', { now: now + 1900, due: now + 1900 }), 1, 'clocks differ by this much');
    assert.equal(await step('live', 'ended', { now: now + 24 * hour, due: now + hour }), 0);
    assert.equal(await line('phase'), 'live');
    assert.equal(await step('live', 'sold_out', { now: now - hour, due: 0 }), 1, 'what goes by the stock goes by no clock');
    assert.equal(await step('sold_out', 'ended', { now: now - hour, due: now - 10_000 }), 1, 'a clock that is behind does not hold up what is due');
});

test('what goes by the stock goes by what the line was told, not by a caller whose count is older', async () => {
    await open({ phase: 'live', left: 0 });
    const now = await wall(), byStock = { due: 0 };
    await left(1, now + hour);
    assert.deepEqual([await step('live', 'sold_out', byStock), await step('sold_out', 'live', byStock)], [0, 0]);
    await left(0, now + hour);
    assert.equal(await step('live', 'sold_out', byStock), 1);
    assert.equal(await step('sold_out', 'live', byStock), 0);
    await left(1, now + hour);
    assert.equal(await step('sold_out', 'live', byStock), 1);
});

test('who has an older document than the line tells it nothing by that', async () => {
    await open({ phase: 'live', version: 2 });
    await left(4, await wall() + hour, undefined, 2);
    assert.deepEqual(await left(5, await wall() + hour), ['behind']);
    assert.deepEqual(await step('live', 'ended'), ['behind']);
    assert.deepEqual(await redis.hmget(key.line, 'phase', 'left'), ['live', '4']);
    assert.equal(await step('live', 'ended', { version: 3 }), 1, 'one that is about to publish a newer one');
});

test('a Redis whose clock was set does not hold up a caller that is right', async () => {
    await open();
    const now = await wall();
    await setBack(hour);
    assert.equal(await step('scheduled', 'live', { now: now + hour, due: now + hour - 10 }), 1);
    await setBack(-hour);
    assert.equal(await step('live', 'ended', { now: now - hour, due: now - hour / 2 }), 0);
    assert.equal(await step('live', 'ended', { now, due: now - 10 }), 1);
});

test('nothing is left once the sale is over, by the clock that all callers share; each is told by how much its own is out', async () => {
    await open();
    const now = await wall(), ends_at = now + 10_000;
    assert.equal(await left(7, ends_at), 0);
    assert.deepEqual(await redis.hmget(key.line, 'left', 'left_at'), ['7', await line('clock')]);
    const out = await left(6, ends_at, now + hour);
    assert.ok(out > hour - 2000 && out <= hour, `${out}`);
    assert.equal(await line('left'), '6');
    assert.ok(await left(5, now - 10_000, now - hour) < 2000 - hour);
    assert.equal(await line('left'), '0');
    assert.equal(await left(5, now), 0);
    assert.equal(await line('left'), '0');
});

test('a count that was on its way for longer than a newer one is not taken, and none is newer than it is', async () => {
    await open();
    await left(5, await wall() + hour, undefined, 1, 300);
    const at = await number('left_at');
    assert.deepEqual([await line('left'), at], ['5', await number('clock') - 300]);
    await left(0, await wall() + hour, undefined, 1, 60_000);
    assert.deepEqual(await redis.hmget(key.line, 'left', 'left_at'), ['5', `${at}`]);
    await left(4, await wall() + hour);
    assert.equal(await line('left'), '4');
    await left(3, await wall() - 1, undefined, 1, 60_000);
    assert.deepEqual(await redis.hmget(key.line, 'left', 'left_at'), ['0', await line('clock')], 'an end is an end');
});

test('a stock that is not counted tells nothing but the end', async () => {
    await open({ left: 9 });
    await left('', await wall() + hour);
    assert.deepEqual(await redis.hmget(key.line, 'left', 'left_at'), ['9', '0']);
    await left('', await wall());
    assert.deepEqual(await redis.hmget(key.line, 'left', 'left_at'), ['0', await line('clock')]);
});

// Time passes for the line by setting its clock and what the bucket was last filled at.
async function passed(ms) {
    const clock = await number('clock');
    await redis.hset(key.line, 'clock', clock + ms, 'time', await wall());
}
async function live(fields) {
    await open(fields);
    await redis.hset(key.line, 'phase', 'live', 'level', '0.000000', 'level_at', await line('clock'));
}

test('a new rate credits the old one up to now, then cuts the level to the new burst', async () => {
    await live({ rate: 6000 }); // 100/s, burst 51
    await passed(300);
    const from = await number('level_at');
    await change({ rate: 3000 }); // 50/s, burst 26
    const earned = 100 * (await number('level_at') - from) / 1000;
    assert.equal(await line('level'), Math.min(26, earned).toFixed(6));
    await passed(400);
    await change({ rate: 60 }); // burst 1.5
    assert.equal(await line('level'), '1.500000');
    assert.deepEqual(await redis.hmget(key.line, 'rate', 'settings_version'), ['60', '3']);
});

test('a line on hold earns nothing; resuming starts empty and listens', async () => {
    await live({ rate: 6000 });
    await passed(100);
    const from = await number('level_at');
    await change({ mode: 'hold', message: 'one moment' });
    const held = await number('level'), earned = 100 * (await number('level_at') - from) / 1000;
    assert.ok(held >= 10);
    assert.equal(held, Math.min(51, earned));
    await passed(400);
    await change({ rate: 12000 });
    assert.equal(await number('level'), held);
    await passed(400);
    const answer = await change({ mode: 'queue', message: '' });
    assert.deepEqual(answer, ['4', '7', '12000', '500', 'queue', '', '0', '100']);
    const l = await redis.hgetall(key.line);
    assert.deepEqual([l.level, l.live_at, l.level_at], ['0.000000', l.clock, l.clock]);
});

test('settings of PostgreSQL are taken only when they are newer', async () => {
    await open({ settings_version: 4 });
    assert.equal((await change({ rate: 1 }, { version: 4 }))[2], '600');
    assert.equal((await change({ rate: 1 }, { version: 6 }))[2], '1');
    assert.equal(await line('settings_version'), '6');
    await assert.rejects(change({ counter: 1 }), /field/);
    await open({ gen: 2, settings_version: 8 });
    assert.equal((await change({ rate: 2 }, { gen: 2, version: 9 }))[0], '9');
    assert.deepEqual([(await change({ rate: 3 }, { gen: 2 }))[0], (await change({ rate: 4 }, { gen: 2 }))[0]], ['1000001', '1000002'], 'above a change that was lost with the line');
});

test('stock is dealt once per deal', async () => {
    const stock = 'wr:{s:0}:stock', deal = (n, ...skus) => lua.deal_stock(redis, [stock], [n, ...skus]);
    assert.equal(await deal(1, 'a', 10, 10, 'b', 5, 3), 1);
    assert.deepEqual(await redis.hgetall(stock), { deal: '1', 'a|share': '10', 'a|free': '10', 'a|held': '0', 'a|sold': '0', 'a|voided': '0', 'b|share': '5', 'b|free': '3',
        'b|held': '0', 'b|sold': '2', 'b|voided': '0' });
    await redis.hset(stock, 'a|free', 4, 'a|held', 6);
    assert.equal(await deal(1, 'a', 10, 10), 0);
    assert.equal(await redis.hget(stock, 'a|free'), '4');
    assert.equal(await deal(2, 'a', 10, 8), 1);
    assert.equal(await redis.hget(stock, 'a|free'), '8');
});

const pack = "redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack({ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), 'w', ''})) redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])";
async function admit(place, { granted, expires, entered = 0, gen = 1 } = {}) {
    const clock = await number('clock');
    const token = { place, jti: `7-${gen}-0-${place}-0`, shopper: `shopper-${place}`, granted: granted ?? clock, gen };
    await redis.eval(pack, 2, key.admissions, key.inside, place, token.jti, token.shopper, token.granted, expires ?? clock + 10_000, entered);
    return token;
}
const verify = (t, pass = 'pass-a', { gen = 1, run = 7 } = {}) => lua.verify(redis, [key.line, key.inside, key.admissions, key.blocked, spentKey, key.fallen],
    [gen, run, t.gen, t.place, t.jti, t.shopper, t.granted, pass]);

test('verify binds at first use, enters once, and accepts as often as asked while the admission lives', async () => {
    await live();
    await redis.hset(key.fallen, 5, 1);
    const token = await admit(4);
    for (let again = 0; again < 3; again++) {
        const [word, , expires] = await verify(token);
        assert.deepEqual([word, Number(expires)], ['ok', token.granted + 600_000]);
    }
    assert.deepEqual(await verify(token, 'pass-b'), ['foreign']);
    assert.deepEqual([await line('entered_total'), await redis.getbit(spentKey, 4), await redis.zscore(key.inside, 4)],
        ['1', 1, String(token.granted + 600_000)]);
});

test('verify refuses what is over, replaced, of another shopper or run, or blocked, and marks nothing', async () => {
    await live();
    const token = await admit(4), clock = await number('clock'), late = await admit(5, { expires: clock - 1 });
    assert.deepEqual(await verify({ ...token, jti: '7-1-0-4-1' }), ['over']);
    assert.deepEqual(await verify({ ...token, shopper: 'else' }), ['over']);
    assert.deepEqual(await verify({ ...token, place: 6 }), ['over']);
    assert.deepEqual(await verify(late), ['over']);
    assert.deepEqual(await verify(token, 'p', { run: 8 }), ['foreign']);
    await redis.hset(key.blocked, 4, 'robot');
    assert.deepEqual(await verify(token), ['blocked']);
    assert.deepEqual([await line('entered_total'), await redis.exists(spentKey)], ['0', 0]);
});

test('a token of an earlier generation needs no row: it gets one, is bound, and ends in time', async () => {
    await live({ gen: 2 });
    const clock = await number('clock'), token = { place: 4, jti: '7-1-0-4-0', shopper: 'a', granted: clock - 1000, gen: 1 };
    assert.equal((await verify(token, 'pass-a', { gen: 2 }))[0], 'ok');
    assert.deepEqual(await verify(token, 'pass-b', { gen: 2 }), ['foreign']);
    assert.equal(await redis.zcard(key.inside), 1);
    assert.deepEqual(await verify({ ...token, place: 5, granted: clock - 600_001 }, 'p', { gen: 2 }), ['over']);
    assert.deepEqual(await verify({ ...token, jti: '7-1-0-4-9' }, 'pass-a', { gen: 2 }), ['over']);
});

test('a token of an earlier generation that was let fall is over, whoever of its place has entered since', async () => {
    await live({ gen: 2 });
    const clock = await number('clock'), fell = { place: 4, jti: '7-1-0-4-0', shopper: 'a', granted: clock - 1000, gen: 1 };
    await redis.hset(key.fallen, 4, 1);
    assert.deepEqual(await verify(fell, 'pass-a', { gen: 2 }), ['over']);
    const next = { ...fell, jti: '7-1-0-4-1' };
    assert.equal((await verify(next, 'pass-a', { gen: 2 }))[0], 'ok');
    await redis.del(key.admissions, key.inside);
    assert.deepEqual(await verify(fell, 'pass-a', { gen: 2 }), ['over'], 'the count outlives entering');
});

test('a block ends the admission, gives its slot back once, and takes the place off the ready', async () => {
    await live();
    await admit(4);
    await redis.zadd(key.ready, 4, 4); await redis.hset(key.owners, 4, 'w1|shopper-4');
    const block = () => lua.block_place(redis, [key.line, key.blocked, key.inside, key.admissions, key.fallen, key.ready, key.owners], [1, 4, 'robot']);
    assert.deepEqual([await block(), await block()], [[1, '7'], [1, '7']]);
    assert.equal(await redis.exists(key.inside, key.admissions, key.ready, key.owners), 0);
    assert.deepEqual([await line('returned_total'), await redis.hget(key.blocked, 4)], ['1', 'robot']);
    assert.deepEqual(await lua.unblock_place(redis, [key.line, key.blocked], [1, 4]), [1, '7']);
    assert.equal(await redis.exists(key.blocked), 0);
});

test('a block never lets a jti be issued or live again: what went is counted, and the count stays', async () => {
    await live();
    const block = (place) => lua.block_place(redis, [key.line, key.blocked, key.inside, key.admissions, key.fallen, key.ready, key.owners], [1, place, 'robot']);
    const grant = async () => {
        await redis.hset(key.line, 'level', '1.000000', 'live_at', await number('clock') - 1000, 'left', -1);
        const answer = await tick(redis, [...['line', 'ready', 'owners', 'workers', 'points', 'inside', 'admissions', 'fallen', 'vouched', 'fronts', 'blocked'].map((k) => key[k]), spentKey],
            [1, 7, 'w', 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, '', 0, 1, 0, 0, 0, 0, 0, 4, 'shopper-4', 0, 1]);
        return answer[6][1];
    };
    const seen = new Set();
    for (let round = 0; round < 3; round++) {
        seen.add(await grant());
        assert.deepEqual([await block(4), await block(4)], [[1, '7'], [1, '7']]);
        await lua.unblock_place(redis, [key.line, key.blocked], [1, 4]);
    }
    assert.deepEqual([...seen], ['7-1-0-4-0', '7-1-0-4-1', '7-1-0-4-2']);
    const entered = await admit(5, { entered: 1 });
    await redis.hset(key.fallen, 6, 2);
    await block(5);
    await block(6);
    assert.deepEqual(await redis.hgetall(key.fallen), { 4: '3', 5: '1', 6: '2' }, 'who holds nothing keeps the count');
    await lua.unblock_place(redis, [key.line, key.blocked], [1, 5]);
    await redis.hset(key.line, 'gen', 2);
    const { jti, shopper, granted } = entered;
    assert.deepEqual(await verify({ place: 5, jti, shopper, granted, gen: 1 }, 'pass-a', { gen: 2 }), ['over'], 'nor does the next generation let it live');
});

test('the presence table is made once when it is due, and a worker long silent is forgotten', async () => {
    await live();
    const record = (s) => redis.eval("redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack({tonumber(ARGV[2]), 64, {[3] = 5}}))", 1, key.presence, `w${s}`, s);
    const now = Math.floor(await wall() / 1000);
    await record(now); await record(now - 90);
    const read = () => lua.read_presence(redis, [key.line, key.presence], [1, 10_000, 60]);
    const answer = await read();
    assert.deepEqual([answer.length, answer[0], answer[2]], [4, '0', `w${now}`]);
    assert.equal(await redis.hlen(key.presence), 1);
    const publish = (after) => lua.publish_table(redis, [key.line, key.table], [1, after, Buffer.alloc(24, 7)]);
    assert.deepEqual([await publish(0), await publish(0)], [1, 0]);
    assert.equal((await redis.getBuffer(key.table)).toString('hex'), `0000000000000001${'07'.repeat(16)}`);
    assert.deepEqual(await read(), []);
    await passed(10_000);
    assert.equal((await read())[0], '1');
});
