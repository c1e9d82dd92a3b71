// admissiond on a real PostgreSQL and a real Redis: sales, generations, ceilings, settings, spent places, keys, verify.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'pg';
import Redis from 'ioredis';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { admit, issuer } from '../lib/control.mjs';
import { build, freePort, listens, startDaemon, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';
import { waitFor } from '../lib/wait.mjs';
import { wrongClock } from '../lib/wrong_clock.mjs';

const merchantKey = 'merchant-key-for-tests';
const takeNumbers = script('waitroom/join.lua');
let pg, server, redis, keys, kid, daemons;

const keysCommand = (...args) => execFileSync(join(build, 'bin', 'admissiond'), ['keys', ...args, '--token-keys', keys], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const start = ({ args = [], ...options } = {}) => startDaemon('admissiond', {
    ...options,
    args: [...args, '--database', pg.url, '--redis-line', server.address, '--redis-stock', server.address, '--token-keys', keys, '--merchant-key-file', join(keys, 'merchant')],
});

before(async () => {
    [pg, server] = await Promise.all([startPostgres(), startRedis()]);
    redis = new Redis(server.port, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    redis.on('error', () => {});
    keys = temporaryFolder('keys');
    writeFileSync(join(keys, 'merchant'), `${merchantKey}\n`);
    kid = keysCommand('stage').trim();
    keysCommand('activate', kid);
    daemons = [await start({ args: ['--trusted-proxies', '127.0.0.0/8'] }), await start()];
});
after(async () => {
    redis?.disconnect();
    await Promise.allSettled((daemons ?? []).map((daemon) => daemon.stop()));
    await stopAll(); // tells of one that did not live to the end or did not stop cleanly
});

async function call(method, path, body, { key = merchantKey, daemon = daemons[0], headers = {} } = {}) {
    const response = await fetch(daemon.url + path, {
        method, headers: { ...(key && { authorization: `Bearer ${key}` }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text && /json/.test(response.headers.get('content-type')) ? JSON.parse(text) : text };
}
let made = 0;
function draft(fields = {}) {
    const now = Date.now();
    return { id: `sale-${++made}`, title: 'A thing', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000, rate_per_minute: 600,
        skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 10 }], ...fields };
}
const line = (id) => redis.hgetall(`wr:{${id}}:line`);
async function create(fields) {
    const sale = draft(fields);
    await waitFor('the sale to be made', async () => (await call('POST', '/v1/admin/sales', sale)).status === 201); // 503 right after PostgreSQL was killed
    await waitFor('the line to open', async () => (await line(sale.id)).gen);
    return sale.id;
}
const phase = (id, wanted) => waitFor(`${id} to be ${wanted}`, async () => (await line(id)).phase === wanted);
async function joinLine(id, n) {
    const l = await line(id);
    const [first, count] = (await takeNumbers(redis, [`wr:{${id}}:line`], [l.gen, l.run, n])).map(Number);
    return Array.from({ length: count }, (_, i) => first + i);
}
const runIdOf = async () => (await redis.info('server')).match(/run_id:(\w+)/)[1];
const opened = async (id) => { const runId = await runIdOf(); return waitFor('the next generation', async () => { const l = await line(id); return l.run_id === runId && l; }, { timeout: 15_000 }); };
const audit = (id, action) => JSON.parse(pg.psql('-c', `select coalesce(json_agg(detail order by id), '[]') from audit where sale = '${id}' and action = '${action}'`));

// ---- sales ----

test('a sale that is created opens its line, its document and its stock', async () => {
    const sale = draft({ cap: 5, description: 'éé "quoted"' });
    const answer = await call('POST', '/v1/admin/sales', sale);
    assert.equal(answer.status, 201);
    assert.equal(answer.json.rate_per_minute, 600);
    await phase(sale.id, 'live');
    const l = await waitFor('stock to be counted', async () => { const now = await line(sale.id); return now.left === '10' && now; });
    assert.deepEqual([l.rate, l.cap, l.mode, l.gen, l.version, l.burst_ms], ['600', '5', 'queue', '1', '1', '500']);
    assert.ok(Number(l.ceiling) - Number(l.counter) >= 1000);
    const document = JSON.parse(await redis.get(`wr:{${sale.id}}:sale`));
    for (const name of ['id', 'title', 'currency', 'starts_at', 'ends_at', 'description', 'skus']) assert.deepEqual(document[name], sale[name]);
    assert.deepEqual([document.run, document.deal, document.shards], [Number(l.run), 1, 1]);
    await waitFor('the sale to be listed', () => redis.sismember('wr:sales', sale.id));
    assert.equal(await redis.hget(`wr:{${sale.id}:0}:stock`, 'one|free'), '10');
    assert.equal((await call('GET', `/v1/admin/sales/${sale.id}`)).json.title, 'A thing');
    assert.ok((await call('GET', '/v1/admin/sales')).json.sales.some(({ id }) => id === sale.id));
    await waitFor('the phase to be recorded', () => pg.psql('-c', `select phase from sales where id = '${sale.id}'`).trim() === 'live');
});

test('of very many sales none that runs is left off the list', async () => {
    const id = await create();
    pg.psql('-c', `with made as (
            insert into sales (id, title, currency, starts_at, ends_at, rate_per_minute, hold_s, phase, created_at)
            select 'over-' || n, 'Over', 'EUR', now() - interval '3 days', now() - interval '2 days', 600, 60, 'ended', now() + interval '1 hour' from generate_series(1, 1000) n returning id
        ) insert into runs (sale) select id from made`, '-c', `update sales s set run = r.id from runs r where r.sale = s.id and s.id like 'over-%'`);
    try {
        const { sales } = (await call('GET', '/v1/admin/sales')).json;
        assert.deepEqual([sales.length, sales.some((sale) => sale.id === id)], [1000, true]);
    } finally {
        pg.psql('-c', `update sales set run = null where id like 'over-%'`, '-c', `delete from runs where sale like 'over-%'`, '-c', `delete from sales where id like 'over-%'`);
    }
});

test('the same request again is the same sale; another one with its id is a conflict', async () => {
    const sale = draft();
    const answers = await Promise.all(Array.from({ length: 4 }, (_, i) => call('POST', '/v1/admin/sales', sale, { daemon: daemons[i % 2] })));
    assert.deepEqual(answers.map(({ status }) => status), [201, 201, 201, 201]);
    assert.equal(pg.psql('-c', `select count(*) from runs where sale = '${sale.id}'`).trim(), '1');
    const other = await call('POST', '/v1/admin/sales', { ...sale, title: 'Another' });
    assert.deepEqual([other.status, other.json.type], [409, '/problems/conflict']);
    assert.equal((await call('GET', `/v1/admin/sales/${sale.id}`)).json.title, 'A thing');
});

test('a sale starts by the clock, sells out and opens again with its stock, and ends when nothing is held', async () => {
    const id = await create({ starts_at: Date.now() + 4000 }), stock = `wr:{${id}:0}:stock`;
    assert.equal((await line(id)).phase, 'scheduled');
    const starts_at = JSON.parse(await redis.get(`wr:{${id}}:sale`)).starts_at;
    await phase(id, 'live');
    assert.ok(Date.now() >= starts_at, 'not before its time');
    await waitFor('the deal', () => redis.exists(stock));
    await redis.hset(stock, 'one|free', 0, 'one|held', 10);
    await phase(id, 'sold_out');
    assert.equal((await line(id)).left, '0');
    await redis.hset(stock, 'one|free', 2, 'one|held', 8);
    await phase(id, 'live');
    assert.equal((await call('POST', `/v1/admin/sales/${id}/end`)).status, 200);
    await waitFor('nothing to be left', async () => (await line(id)).left === '0');
    await phase(id, 'sold_out');
    await redis.hset(stock, 'one|free', 2, 'one|held', 0, 'one|sold', 8);
    await phase(id, 'ended');
    assert.equal((await line(id)).version, '2');
    await waitFor('the end to be recorded', () => pg.psql('-c', `select phase from sales where id = '${id}'`).trim() === 'ended');
});

test('instances whose clocks are wrong start and end a sale in time, and not before', async () => {
    const [now, later] = await Promise.all([create(), create({ starts_at: Date.now() + 3_600_000, ends_at: Date.now() + 7_200_000 })]);
    await phase(now, 'live');
    const wrong = await Promise.all([-36_000, 36_000].map((ahead) => start({ env: wrongClock(ahead) })));
    for (const daemon of daemons) daemon.process.kill('SIGSTOP');
    try {
        for (const daemon of wrong)
            for (const id of [now, later]) await waitFor('it to find its clock wrong', () => daemon.log().includes(`msg="our clock is not that of the line, whose is taken" sale=${id} `));
        await redis.hset(`wr:{${now}}:line`, 'left', -2);
        await waitFor('the stock to be counted', async () => (await line(now)).left === '10');
        assert.deepEqual([(await line(now)).phase, (await line(later)).phase], ['live', 'scheduled']);
        pg.psql('-c', `update sales set starts_at = now() + interval '1 second', version = version + 1 where id = '${later}'`);
        await phase(later, 'live');
        pg.psql('-c', `update sales set ends_at = now() + interval '1 second', version = version + 1 where id = '${later}'`);
        await phase(later, 'ended');
        for (const daemon of wrong) assert.doesNotMatch(daemon.log(), new RegExp(`msg="phase stepped" sale=${now} `));
    } finally {
        for (const daemon of daemons) daemon.process.kill('SIGCONT');
        await Promise.all(wrong.map((daemon) => daemon.stop()));
    }
});

test('a sale without stock of ours has no limit and ends by the clock', async () => {
    const id = await create({ skus: [] });
    await phase(id, 'live');
    assert.equal((await line(id)).left, '-1');
    await call('POST', `/v1/admin/sales/${id}/end`);
    await phase(id, 'ended');
});

for (const hours of [25, 24 * 30]) test(`a sale that ended ${hours} hours ago leaves Redis and stays in PostgreSQL`, async () => {
    const id = await create();
    await call('POST', `/v1/admin/sales/${id}/end`);
    await phase(id, 'ended');
    await waitFor('the end to be recorded', () => pg.psql('-c', `select phase from sales where id = '${id}'`).trim() === 'ended');
    daemons[0].process.kill('SIGSTOP'); // it finds the line withdrawn before PostgreSQL has told it why
    try {
        pg.psql('-c', `update sales set starts_at = now() - interval '60 days', ends_at = now() - interval '${hours} hours' where id = '${id}'`);
        await waitFor('the sale to leave', async () => !(await redis.sismember('wr:sales', id)) && (await line(id)).withdrawn);
    } finally { daemons[0].process.kill('SIGCONT'); }
    assert.deepEqual(await line(id), { withdrawn: '1' }, 'the word that it was withdrawn, for who knows it yet');
    assert.ok(await redis.ttl(`wr:{${id}}:line`) > 80_000);
    assert.equal((await redis.keys(`wr:{${id}}:*`)).length, 1);
    assert.equal((await call('GET', `/v1/admin/sales/${id}`)).json.phase, 'ended');
    const late = await start();
    try {
        const ofTheStock = { free: 10, held: 0, sold: 0, voided: 0 }, path = `/v1/admin/sales/${id}`;
        for (const daemon of [daemons[0], late]) {
            const shown = await call('GET', `${path}/stats`, undefined, { daemon });
            assert.deepEqual([shown.status, shown.json], [200, { phase: 'ended', orders: {}, skus: [{ sku: 'one', name: 'The one', total: 10, committed: 0, ...ofTheStock }], away: ['line'], rebuild_needed: false }]);
            const refused = await call('PUT', `${path}/rate`, { per_minute: 1 }, { daemon });
            assert.deepEqual([refused.status, refused.json.type], [410, '/problems/sale-ended']);
        }
    } finally { await late.stop(); }
    assert.deepEqual(await line(id), { withdrawn: '1' }, 'and nobody opened it again');
});

// ---- settings ----

test('rate, hold, resume, mode, message and limits act at once and are recorded with an audit row', async () => {
    const id = await create(), path = `/v1/admin/sales/${id}`;
    assert.equal((await call('PUT', `${path}/rate`, { per_minute: 1200 })).json.per_minute, 1200);
    assert.equal((await line(id)).rate, '1200');
    assert.equal((await call('GET', `${path}/rate`)).json.per_minute, 1200);
    assert.equal((await call('POST', `${path}/hold`, { message: 'one moment' })).status, 200);
    assert.deepEqual([(await line(id)).mode, (await line(id)).message], ['hold', 'one moment']);
    assert.equal((await call('POST', `${path}/resume`)).status, 200);
    assert.deepEqual([(await line(id)).mode, (await line(id)).message, (await line(id)).level], ['queue', '', '0.000000']);
    await call('POST', `${path}/mode`, { mode: 'passthrough' }, { daemon: daemons[1] });
    await call('PUT', `${path}/message`, { message: 'go' });
    await call('PUT', `${path}/limits`, { cap: 7, factor_percent: 150 });
    const l = await line(id);
    assert.deepEqual([l.mode, l.message, l.cap, l.factor, l.rate, l.settings_version], ['passthrough', 'go', '7', '150', '1200', '7']);
    await waitFor('the settings to be recorded', () => pg.psql('-c',
        `select rate_per_minute, mode, message, cap, factor_percent, settings_version from sales where id = '${id}'`).trim() === '1200|passthrough|go|7|150|7');
    assert.deepEqual(audit(id, 'rate.set').map(({ rate_per_minute }) => rate_per_minute), [1200]);
    for (const action of ['sale.hold', 'sale.resume', 'mode.set', 'message.set', 'limits.set']) await waitFor(action, () => audit(id, action).length === 1);
    assert.equal(audit(id, 'settings.found').length, 0);
});

test('a mode that is not understood admits nobody, and is not taken for the queue', async () => {
    const id = await create(), path = `/v1/admin/sales/${id}`;
    await redis.hset(`wr:{${id}}:line`, 'mode', 'auction');
    assert.equal((await call('GET', `${path}/rate`)).json.mode, 'hold');
    assert.equal((await call('PUT', `${path}/rate`, { per_minute: 1200 })).json.mode, 'hold', 'in what is recorded, too');
});

test('an audit row says from where the key was used: a trusted proxy is believed, nobody else', async () => {
    const actors = (id) => JSON.parse(pg.psql('-c', `select coalesce(json_object_agg(action, actor), '{}') from audit where sale = '${id}'`));
    const sale = draft(), path = `/v1/admin/sales/${sale.id}`, from = (address, daemon) => ({ daemon, headers: { 'x-forwarded-for': address } });
    await waitFor('the sale to be made', async () => (await call('POST', '/v1/admin/sales', sale, from('198.51.100.9, 203.0.113.7'))).status === 201);
    await waitFor('the line to open', async () => (await line(sale.id)).gen);
    await call('POST', `${path}/hold`, undefined, from('2001:db8::1'));
    await call('POST', `${path}/places/0/5/block`, { reason: 'a bot' }, from('203.0.113.8'));
    await call('PUT', `${path}/rate`, { per_minute: 5 }, from('203.0.113.9', daemons[1])); // which trusts no proxy
    await call('POST', `${path}/end`, undefined, from('203.0.113.10'));
    const found = await waitFor('all of it', () => { const all = actors(sale.id); return Object.keys(all).length === 5 && all; });
    assert.deepEqual(found, { 'sale.create': 'merchant@203.0.113.7', 'sale.hold': 'merchant@2001:db8::1', 'place.block': 'merchant@203.0.113.8',
        'rate.set': 'merchant@127.0.0.1', 'sale.end': 'merchant@203.0.113.10' });
});

test('a place is blocked and freed again, in Redis and PostgreSQL', async () => {
    const id = await create(), path = `/v1/admin/sales/${id}/places/0/12/block`;
    assert.equal((await call('POST', path, { reason: 'robot' })).status, 200);
    assert.equal(await redis.hget(`wr:{${id}}:blocked`, 12), 'robot');
    const blocked = () => pg.psql('-c', `select place, reason from blocked_places join sales on sales.run = blocked_places.run where sales.id = '${id}'`).trim();
    await waitFor('the block to be recorded', () => blocked() === '12|robot');
    assert.equal((await call('DELETE', path)).status, 200);
    assert.equal(await redis.exists(`wr:{${id}}:blocked`), 0);
    await waitFor('the block to be taken back', () => blocked() === '');
});

test('the pace of fulfilment is read and set', async () => {
    assert.equal((await call('GET', '/v1/admin/settings')).json.orders_per_second, 2000);
    assert.equal((await call('PUT', '/v1/admin/settings', { orders_per_second: 500 })).status, 200);
    assert.equal((await call('GET', '/v1/admin/settings', undefined, { daemon: daemons[1] })).json.orders_per_second, 500);
    assert.equal((await call('PUT', '/v1/admin/settings', { orders_per_second: 0 })).status, 422);
    await call('PUT', '/v1/admin/settings', { orders_per_second: 2000 });
});

test('stats show the line, the stock and the orders', async () => {
    const id = await create();
    await phase(id, 'live');
    await joinLine(id, 3);
    await waitFor('the deal', () => redis.exists(`wr:{${id}:0}:stock`));
    await redis.eval("redis.call('HSET', KEYS[1], 'w', '\\147' .. cmsgpack.pack(tonumber(redis.call('TIME')[1]), 64) .. '\\129' .. cmsgpack.pack(0, 3))", 1, `wr:{${id}}:presence`);
    const stats = await waitFor('the table', async () => { const { json } = await call('GET', `/v1/admin/sales/${id}/stats`); return json.waiting === 3 && json.left === 10 && json; });
    assert.deepEqual([stats.counter, stats.phase, stats.mode, stats.left, stats.rate_per_minute, stats.inside, stats.orders, stats.away],
        [3, 'live', 'queue', 10, 600, 0, {}, []]);
    assert.deepEqual(stats.skus, [{ sku: 'one', name: 'The one', total: 10, committed: 0, free: 10, held: 0, sold: 0, voided: 0 }]);
    const limit = async (inside, change) => {
        await redis.zadd(`wr:{${id}}:inside`, ...Array.from({ length: inside }, (_, i) => [2 ** 52, i + 1]).flat());
        assert.equal((await call('PUT', `/v1/admin/sales/${id}/limits`, change)).status, 200);
        const { cap, factor_percent, limited_by } = (await call('GET', `/v1/admin/sales/${id}/stats`)).json;
        return [cap, factor_percent, limited_by];
    };
    assert.deepEqual([await limit(4, { cap: 5 }), await limit(5, { cap: 5 }), await limit(10, { cap: 0 }), await limit(10, { factor_percent: 200 })],
        [[5, 100, null], [5, 100, 'cap'], [0, 100, 'stock'], [0, 200, null]]);
});

// ---- generations ----

test('two instances that find Redis changed at the same time open exactly one generation of each run', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => create()));
    const generations = (id) => pg.psql('-c', `select string_agg(gen::text, ' ' order by gen) from generations join sales on sales.run = generations.run where id = '${id}'`).trim();
    assert.deepEqual(ids.map(generations), ids.map(() => '1'));
    await server.restart();
    for (const id of ids) await opened(id);
    assert.deepEqual(ids.map(generations), ids.map(() => '1 2'));
    const raised = ids.map((id) => Number(pg.psql('-c', `select ceiling from ceilings join sales on sales.run = ceilings.run where id = '${id}'`)));
    for (const [i, id] of ids.entries()) assert.equal(Number((await line(id)).ceiling), raised[i]);
});

test('numbers never run out: the ceiling is raised ahead of the counter, in PostgreSQL first', async () => {
    const id = await create();
    await phase(id, 'live');
    for (let round = 0; round < 5; round++) {
        const l = await line(id);
        await redis.hset(`wr:{${id}}:line`, 'counter', Number(l.ceiling) - 10);
        const raised = await waitFor('a higher ceiling', async () => { const now = await line(id); return Number(now.ceiling) > Number(l.ceiling) && now; });
        assert.ok(Number(raised.ceiling) - Number(raised.counter) >= 1000);
        assert.ok(Number(pg.psql('-c', `select ceiling from ceilings where run = ${raised.run}`)) >= Number(raised.ceiling));
    }
    const stale = pg.psql('-c', `update ceilings set ceiling = greatest(ceiling, 99999999) where run = ${(await line(id)).run} and lane = 0 and gen = 99 returning ceiling`).trim();
    assert.equal(stale, '');
});

test('Redis restarted, then wiped: the next generation begins at the old ceiling, spent and blocked places stay so, settings too', async () => {
    const id = await create();
    await phase(id, 'live');
    const first = await line(id), spentKey = `wr:{${id}}:spent:${first.run}:0`;
    await joinLine(id, 40);
    await redis.setbit(spentKey, 7, 1);
    await call('PUT', `/v1/admin/sales/${id}/rate`, { per_minute: 900 });
    await call('POST', `/v1/admin/sales/${id}/places/0/9/block`, { reason: 'robot' });
    const copied = () => pg.psql('-c', `select encode(bits, 'hex') from spent_places where run = ${first.run}`).trim();
    await waitFor('spent places to be copied', () => copied() === '01');
    await waitFor('the settings to be recorded', () => pg.psql('-c', `select rate_per_minute from sales where id = '${id}'`).trim() === '900');
    await waitFor('the block to be recorded', () => pg.psql('-c', `select count(*) from blocked_places where run = ${first.run}`).trim() === '1');

    await server.restart();
    const second = await opened(id);
    assert.deepEqual([second.gen, Number(second.counter) >= Number(first.ceiling), second.level, second.rate], ['2', true, '0.000000', '900']);
    assert.equal(await redis.getbit(spentKey, 7), 1);
    assert.ok(Number(second.clock) >= Number(first.clock));

    pg.psql('-c', `insert into orders (public_id, sale, run, sku, quantity, unit_price, currency, shopper, lane, place, jti, granted_ms, status, hold_s, reserved_at)
        values (gen_random_uuid(), '${id}', ${first.run}, 'one', 1, 1000, 'EUR', 'x', 0, 21, 'j', 1, 'confirmed', 60, now()); update skus set committed = 3 where sale = '${id}'`);
    await redis.flushall();
    await server.restart();
    const third = await opened(id);
    assert.deepEqual([third.gen, Number(third.counter) >= Number(second.ceiling), third.rate, third.phase === 'live' || third.phase === 'sold_out'], ['3', true, '900', true]);
    assert.deepEqual(await Promise.all([7, 21, 8].map((place) => redis.getbit(spentKey, place))), [1, 1, 0]);
    assert.equal(await redis.hget(`wr:{${id}}:blocked`, 9), 'robot');
    await waitFor('the loss to be told', async () => (await call('GET', `/v1/admin/sales/${id}/stats`)).json.rebuild_needed);
    assert.equal(await redis.exists(`wr:{${id}:0}:stock`), 0, 'orders are known: the same deal is not dealt again');
    assert.equal(pg.psql('-c', `select string_agg(gen::text, ' ' order by gen) from generations where run = ${first.run}`).trim(), '1 2 3');
    const [place] = await joinLine(id, 1);
    assert.ok(place > Number(second.ceiling), 'the next place is above every place that could have been given before');
});

test('a block and its lifting that wait for PostgreSQL stay in force through a new generation', async () => {
    const id = await create(), path = (place) => `/v1/admin/sales/${id}/places/0/${place}/block`, { run } = await line(id);
    const recorded = () => pg.psql('-c', `select string_agg(place || reason, ' ' order by place) from blocked_places where run = ${run}`).trim();
    const inForce = () => redis.hgetall(`wr:{${id}}:blocked`);
    for (const place of [9, 10]) await call('POST', path(place), { reason: 'robot' });
    await waitFor('both to be recorded', () => recorded() === '9robot 10robot');
    const other = new postgres.Client(pg.url);
    await other.connect();
    try {
        await other.query('begin');
        await other.query('lock table blocked_places in share row exclusive mode'); // reading goes on
        await call('DELETE', path(9));
        await call('POST', path(11), { reason: 'late' }, { daemon: daemons[1] });
        await call('DELETE', path(10));
        await call('POST', path(10), { reason: 'again' });
        await redis.flushall();
        await server.restart();
        await opened(id);
        assert.deepEqual(await inForce(), { 9: 'robot', 10: 'robot' }, 'as PostgreSQL had it');
        await other.query('rollback');
    } finally {
        await other.end();
    }
    await waitFor('all of it to be recorded', () => recorded() === '10again 11late', { timeout: 15_000 });
    await waitFor('all of it to be in force', async () => JSON.stringify(await inForce()) === '{"10":"again","11":"late"}');
    assert.equal((await call('DELETE', path(11))).status, 200);
    await waitFor('the block to be taken back', () => recorded() === '10again');
    assert.deepEqual(await inForce(), { 10: 'again' });
});

test('a generation that PostgreSQL has and no Redis process got does not leave the line without numbers', async () => {
    const id = await create();
    await phase(id, 'live');
    const { run, ceiling } = await line(id);
    pg.psql('-c', `insert into generations (run, gen, redis_run_id, opened_at) values (${run}, 2, 'gone', now() - interval '1 minute')`, '-c', `update ceilings set gen = 2, ceiling = ceiling + 5000 where run = ${run}`);
    await redis.hset(`wr:{${id}}:line`, 'counter', Number(ceiling) - 10);
    const next = await waitFor('the next generation', async () => { const l = await line(id); return l.gen === '3' && l; });
    assert.ok(Number(next.counter) >= Number(ceiling) + 5000);
});

test('a sale whose line was opened by somebody who could not list it is listed by who finds it', async () => {
    const id = await create();
    await waitFor('the sale to be listed', () => redis.srem('wr:sales', id));
    const late = await start();
    try { await waitFor('the sale to be listed again', () => redis.sismember('wr:sales', id)); } finally { await late.stop(); }
});

test('a generation opens with the settings that PostgreSQL has by then, not with those that were last loaded', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => create({ skus: [] })));
    pg.psql('-c', `update generations set opened_at = opened_at - interval '1 minute'`, // no other instance may be about to open one
        '-c', `update sales set mode = 'hold', rate_per_minute = 0, settings_version = 2 where id in ('${ids.join("','")}')`);
    await redis.del(ids.map((id) => `wr:{${id}}:line`));
    for (const next of await Promise.all(ids.map((id) => waitFor('the next generation', async () => { const l = await line(id); return l.gen && l; }))))
        assert.deepEqual([next.gen, next.mode, next.rate, next.settings_version], ['2', 'hold', '0', '2']);
});

test('a line that vanished from the same Redis process gets its next generation too', async () => {
    const id = await create();
    const first = await line(id);
    await redis.del(`wr:{${id}}:line`, `wr:{${id}}:sale`);
    const next = await waitFor('the next generation', async () => { const l = await line(id); return l.gen === '2' && l; });
    assert.ok(Number(next.counter) >= Number(first.ceiling));
    assert.ok(await redis.exists(`wr:{${id}}:sale`));
});

// ---- PostgreSQL away ----

test('without PostgreSQL a hold still acts, phases go on and a load balancer keeps us; all is recorded when it is back', async () => {
    const id = await create(), soon = await create({ starts_at: Date.now() + 2500 });
    await pg.kill('SIGKILL');
    await waitFor('the metric to say so', async () => /wr_database_up 0/.test((await call('GET', '/metrics')).json));
    assert.equal((await call('GET', '/readyz')).status, 200);
    assert.equal((await call('POST', `/v1/admin/sales/${id}/hold`, { message: 'wait' })).status, 200);
    assert.deepEqual([(await line(id)).mode, (await line(id)).message], ['hold', 'wait']);
    assert.match((await call('GET', '/metrics')).json, /wr_admission_changes_waiting 1/);
    await phase(soon, 'live');
    assert.equal((await call('POST', '/v1/admin/sales', draft())).status, 503);
    const stats = (await call('GET', `/v1/admin/sales/${id}/stats`)).json;
    assert.deepEqual([stats.mode, stats.away, stats.orders, stats.skus], ['hold', ['database'], {}, [{ sku: 'one', free: 10, held: 0, sold: 0, voided: 0 }]]);
    assert.equal((await call('GET', '/v1/admin/sales/never-heard-of/stats')).status, 503, 'nobody knows whether there is one');
    await pg.start();
    await waitFor('the hold to be recorded', () => pg.psql('-c', `select mode, message from sales where id = '${id}'`).trim() === 'hold|wait', { timeout: 15_000 });
    await waitFor('who did it, too: another instance may have found it first', () => audit(id, 'sale.hold').length === 1, { timeout: 15_000 });
    await waitFor('the phase to be recorded', () => pg.psql('-c', `select phase from sales where id = '${soon}'`).trim() === 'live', { timeout: 15_000 });
    await waitFor('the metric to say so', async () => /wr_database_up 1/.test((await call('GET', '/metrics')).json));
});

test('an instance that died before it could record a change leaves it to the others', async () => {
    const id = await create(), other = await start();
    await pg.kill('SIGKILL');
    assert.equal((await call('PUT', `/v1/admin/sales/${id}/rate`, { per_minute: 77 }, { daemon: other })).status, 200);
    await other.kill('SIGKILL');
    await pg.start();
    await waitFor('the rate to be recorded', () => pg.psql('-c', `select rate_per_minute from sales where id = '${id}'`).trim() === '77', { timeout: 20_000 });
    assert.ok(audit(id, 'settings.found').length >= 1);
});

test('settings that PostgreSQL has newer than a line are applied to it', async () => {
    const id = await create();
    pg.psql('-c', `update sales set rate_per_minute = 4321, settings_version = 9 where id = '${id}'`);
    await waitFor('the rate to be applied', async () => (await line(id)).rate === '4321');
    assert.equal((await line(id)).settings_version, '9');
});

test('an instance started while PostgreSQL is away steps and verifies what is published', async () => {
    const id = await create({ starts_at: Date.now() + 4000 });
    await pg.kill('SIGKILL');
    const alone = await start(); // ready with what Redis knows
    try {
        for (const daemon of daemons) daemon.process.kill('SIGSTOP');
        await phase(id, 'live');
        const answer = await call('GET', `/v1/admission/verify?sale=${id}`, undefined, { daemon: alone, key: null });
        assert.equal(answer.status, 401);
    } finally {
        for (const daemon of daemons) daemon.process.kill('SIGCONT');
        await pg.start();
        await alone.stop();
    }
});

function signalPostgres(signal) { // the server and its backends
    const backends = execFileSync('pgrep', ['-P', pg.pid]).toString().trim().split('\n').map(Number);
    for (const pid of [pg.pid, ...backends]) process.kill(pid, signal);
}

test('an instance that is told to end records what is in force first, and answers what is under way', async () => {
    const id = await create(), leaving = await start();
    signalPostgres('SIGSTOP');
    assert.equal((await call('POST', `/v1/admin/sales/${id}/hold`, {}, { daemon: leaving })).status, 200);
    const stats = call('GET', `/v1/admin/sales/${id}/stats`, undefined, { daemon: leaving }).catch(() => null);
    leaving.process.kill('SIGTERM');
    await waitFor('it to drain', () => /msg="?draining/.test(leaving.log()));
    assert.equal(leaving.exit, null);
    signalPostgres('SIGCONT');
    const { code } = await leaving.ended;
    await stats;
    assert.equal(code, 0, leaving.log());
    assert.equal(pg.psql('-c', `select mode from sales where id = '${id}'`).trim(), 'hold');
});

test('a change that still acts when its instance is told to end is recorded, too', async () => {
    const id = await create(), leaving = await start();
    const block = async (place) => [place, (await call('POST', `/v1/admin/sales/${id}/places/0/${place}/block`, { reason: 'robot' }, { daemon: leaving }).catch(() => null))?.status];
    await block(1); // the connection and the script are known
    server.process.kill('SIGSTOP');
    const asked = [2, 3, 4].map(block);
    try {
        for (let i = 0; i < 3; i++) await call('GET', '/healthz', undefined, { daemon: leaving }); // and those are with it
        leaving.process.kill('SIGTERM');
        await waitFor('it to drain', () => /msg="?draining/.test(leaving.log()));
    } finally { server.process.kill('SIGCONT'); }
    const acted = (await Promise.all(asked)).filter(([, status]) => status === 200).map(([place]) => place);
    assert.equal((await leaving.ended).code, 0, leaving.log());
    const recorded = pg.psql('-c', `select place from blocked_places join sales on sales.run = blocked_places.run where sales.id = '${id}'`).trim().split('\n').map(Number);
    assert.ok(acted.length, 'they were answered');
    assert.deepEqual(acted.filter((place) => !recorded.includes(place)), [], 'what was answered with 200 is recorded');
});

test('an instance that ends while its stores are frozen ends cleanly all the same', async () => {
    const id = await create(), leaving = await start();
    server.process.kill('SIGSTOP');
    signalPostgres('SIGSTOP');
    const asked = [call('GET', `/v1/admin/sales/${id}/stats`, undefined, { daemon: leaving }), call('POST', '/v1/admin/sales', draft(), { daemon: leaving })].map((p) => p.catch(() => null));
    const { code } = await leaving.stop();
    server.process.kill('SIGCONT');
    signalPostgres('SIGCONT');
    await Promise.all(asked);
    assert.equal(code, 0, leaving.log());
});

test('what PostgreSQL answers while an instance closes comes to no harm', async () => {
    const id = await create(), leaving = await start(), { run, ceiling } = await line(id);
    const other = new postgres.Client(pg.url);
    await other.connect();
    for (const daemon of daemons) daemon.process.kill('SIGSTOP');
    try {
        await other.query('begin');
        await other.query('select from ceilings where run = $1 for update', [run]);
        await redis.hset(`wr:{${id}}:line`, 'counter', Number(ceiling) - 10);
        await waitFor('it to ask for a higher ceiling', () => pg.psql('-c', "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'update ceilings%'").trim() === '1');
        leaving.process.kill('SIGTERM');
        await waitFor('it to close', async () => !await listens(leaving.port), { every: 1 });
        await other.query('rollback'); // the answer is one for Redis
    } finally {
        await other.end();
        for (const daemon of daemons) daemon.process.kill('SIGCONT');
    }
    const { code } = await leaving.ended;
    assert.equal(code, 0, leaving.log());
});

// ---- keys and verify ----

const admitted = (id, place, { key = kid, ...more } = {}) => admit({ redis, keys, kid: key }, id, place, more);
const verify = (id, token, headers = {}, daemon = daemons[0]) => call('GET', `/v1/admission/verify?sale=${id}`, undefined, { key: null, daemon, headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers } });

test('pages of every origin may read the keys, without credentials: one header says so to each', async () => {
    const cors = (response) => [...response.headers].filter(([name]) => /^(access-control-|vary)/.test(name)).flat();
    for (const origin of ['http://localhost:7080', 'https://elsewhere.test'])
        assert.deepEqual(cors(await call('GET', '/.well-known/jwks.json', undefined, { key: null, headers: { origin } })), ['access-control-allow-origin', '*'], origin);
    const { headers } = await call('GET', '/v1/admin/sales', undefined, { headers: { origin: 'http://localhost:7080' } });
    assert.equal(headers.get('access-control-allow-origin'), 'http://localhost:7080');
});

test('the command for the keys says why not, and only that', () => {
    const folder = temporaryFolder('other-keys'), bin = join(build, 'bin', 'admissiond');
    const run = (...args) => spawnSync(bin, ['keys', ...args, '--token-keys', folder], { encoding: 'utf8' });
    const refused = (pattern, ...args) => { const { status, stderr } = run(...args); assert.equal(status, 1); assert.match(stderr, pattern); assert.doesNotMatch(stderr, /at present|\(null\)/); };
    refused(/no keys yet/, 'list');
    const staged = Array.from({ length: 8 }, () => run('stage').stdout.trim());
    refused(/too many keys/, 'stage');
    refused(/there is no such key/, 'retire', 'nobody');
    for (const kid of staged.slice(1)) assert.equal(run('retire', kid).stdout.trim(), kid);
    refused(/the last key cannot be retired/, 'retire', staged[0]);
    assert.equal(run('list').stdout, `${staged[0]} next\n`);
    writeFileSync(join(folder, 'keys.json'), '{"keys":[{"state":"next"}]}');
    refused(/keys.json is out of shape/, 'list');
});

test('a key that was replaced is retired a day later, or at once when that is said', () => {
    const folder = temporaryFolder('replaced-keys'), run = (...args) => spawnSync(join(build, 'bin', 'admissiond'), ['keys', ...args, '--token-keys', folder], { encoding: 'utf8' });
    const [first, second] = [run('stage'), run('stage')].map(({ stdout }) => stdout.trim());
    for (const kid of [first, second]) run('activate', kid);
    const { status, stderr } = run('retire', first);
    assert.equal(status, 1);
    assert.match(stderr, /tokens that this key signed may still live.*left_s=864\d\d/);
    assert.deepEqual([run('retire', first, 'now').status, run('list').stdout], [2, `${first} previous\n${second} current\n`]);
    assert.equal(run('retire', first, 'at-once').stdout.trim(), first);
    assert.equal(run('list').stdout, `${second} current\n`);
});

test('JWKS verifies a token with jose, may be cached, and shows the next key before it signs', async () => {
    const id = await create(), token = await admitted(id, 5);
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${daemons[0].url}/.well-known/jwks.json`)), { issuer, audience: id });
    assert.equal(payload.place, 5);
    const response = await fetch(`${daemons[0].url}/.well-known/jwks.json`);
    assert.match(response.headers.get('cache-control'), /public, max-age=\d+/);
    const next = keysCommand('stage').trim();
    await waitFor('the next key to be shown', async () => (await (await fetch(`${daemons[1].url}/.well-known/jwks.json`)).json()).keys.some((k) => k.kid === next), { timeout: 15_000 });
    assert.deepEqual(keysCommand('list').trim().split('\n').sort(), [`${kid} current`, `${next} next`].sort());
    keysCommand('activate', next);
    assert.deepEqual(keysCommand('list').trim().split('\n').sort(), [`${kid} previous`, `${next} current`].sort());
    assert.throws(() => keysCommand('retire', next), /is current; activate another one first/);
    assert.throws(() => keysCommand('activate', kid), /is not staged/);
    await waitFor('a token of the new key to be accepted', async () => (await verify(id, await admitted(id, 6, { key: next }))).status === 200, { timeout: 15_000 });
    assert.equal((await verify(id, token)).status, 200, 'nobody is signed out');
});

test('verify accepts an admission as often as asked, from the browser that brought it first', async () => {
    const id = await create(), token = await admitted(id, 5);
    const first = await waitFor('the instance to know the line', async () => { const answer = await verify(id, token); return answer.status !== 503 && answer; });
    assert.equal(first.status, 200);
    assert.deepEqual([first.headers.get('waitroom-sale'), first.headers.get('waitroom-shopper'), first.headers.get('waitroom-place'), first.headers.get('cache-control')],
        [id, 'ab'.repeat(16), '0/5', 'no-store']);
    const cookie = first.headers.get('set-cookie');
    assert.match(cookie, /^waitroom-pass=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
    const pass = { cookie: cookie.split(';')[0] };
    for (const daemon of daemons) await waitFor('every instance to know the sale', async () => (await verify(id, token, pass, daemon)).status === 200);
    const byCookie = await verify(id, null, { cookie: `${pass.cookie}; waitroom-token=${token}` });
    assert.equal(byCookie.status, 200);
    assert.equal((await call('GET', `/v1/admission/verify?sale=${id}&token=${token}`, undefined, { key: null, headers: pass })).status, 200);
    const stolen = await verify(id, token);
    assert.deepEqual([stolen.status, stolen.json.type, stolen.headers.get('set-cookie')], [403, '/problems/token-foreign', null]);
    assert.deepEqual([(await line(id)).entered_total, await redis.getbit(`wr:{${id}}:spent:${(await line(id)).run}:0`, 5)], ['1', 1]);
});

test('whose first use had no answer is not kept out by it: the refusal brings the pass that the admission may be bound to', async () => {
    const id = await create(), token = await admitted(id, 5);
    await waitFor('the instance to know the line', async () => (await verify(id, 'nonsense')).status === 401);
    server.process.kill('SIGSTOP');
    const first = await verify(id, token).finally(() => server.process.kill('SIGCONT'));
    assert.equal(first.status, 503);
    const pass = { cookie: first.headers.get('set-cookie').split(';')[0] };
    await waitFor('it to have been bound all the same', async () => redis.getbit(`wr:{${id}}:spent:${(await line(id)).run}:0`, 5));
    await waitFor('the line to be there', async () => (await verify(id, token, pass)).status === 200);
    assert.equal((await verify(id, token)).status, 403);
});

// ---- Redis away, starting ----

test('while Redis is away nothing is accepted, and all resumes by itself', async () => {
    const id = await create(), token = await admitted(id, 5);
    await server.kill('SIGKILL');
    await waitFor('readyz to say so', async () => (await call('GET', '/readyz')).status === 503);
    assert.equal((await verify(id, token)).status, 503);
    const hold = await call('POST', `/v1/admin/sales/${id}/hold`);
    assert.equal(hold.status, 503);
    assert.ok(hold.headers.get('retry-after'));
    await server.start();
    await opened(id);
    await waitFor('the token of the earlier generation to be accepted', async () => (await verify(id, token)).status === 200);
});

test('what cannot be right refuses to start and says which', async () => {
    const run = (...args) => { try { return execFileSync(join(build, 'bin', 'admissiond'), args, { stdio: 'pipe', timeout: 10_000 }).toString(); } catch (error) { return `${error.status} ${error.stderr}`; } };
    const base = ['--listen', `127.0.0.1:${await freePort()}`, '--database', pg.url, '--redis-line', server.address, '--redis-stock', server.address, '--token-keys', keys];
    writeFileSync(join(keys, 'short'), 'tooshort\n');
    assert.match(run(...base, '--merchant-key-file', join(keys, 'short')), /^1 .*wrong length/s);
    assert.match(run(...base, '--merchant-key-file', join(keys, 'absent')), /^1 .*cannot be opened/s);
    assert.match(run(...base, '--merchant-key-file', join(keys, 'merchant'), '--trusted-proxies', '10.0.0.0/33'), /^1 .*trusted proxies/s);
    assert.match(run(...base, '--merchant-key-file', join(keys, 'merchant'), '--replica-wait-ms', '70000'), /replica-wait-ms/);
});
