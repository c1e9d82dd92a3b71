// waitroomd and admissiond together, with nothing in between but Redis: what one publishes the other obeys.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, startDaemon, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { Door, Shopper, session } from '../lib/door.mjs';
import { metric } from '../lib/metrics.mjs';
import { waitFor } from '../lib/wait.mjs';

const key = 'merchant-key-for-tests';
let pg, redis, door, control, worker, made = 0;

before(async () => {
    [pg, redis] = await Promise.all([startPostgres(), startRedis()]);
    door = new Door(redis);
    door.tokenKeys = temporaryFolder('keys');
    const command = (...args) => execFileSync(join(build, 'bin', 'admissiond'), ['keys', ...args, '--token-keys', door.tokenKeys]).toString().trim();
    command('activate', command('stage'));
    writeFileSync(join(door.tokenKeys, 'merchant'), key);
    control = await startDaemon('admissiond', { args: ['--database', pg.url, '--redis-line', redis.address, '--redis-stock', redis.address, '--token-keys', door.tokenKeys,
        '--merchant-key-file', join(door.tokenKeys, 'merchant')] });
    worker = await door.serve();
});
after(async () => { door?.close(); await stopAll(); });

const admin = async (method, path, body) => {
    const answer = await fetch(`${control.url}/v1/admin/sales${path}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.json();
};
async function createSale(fields = {}) {
    const now = Date.now();
    const sale = await admin('POST', '', { id: `sale-${++made}`, title: 'Shoes', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000, rate_per_minute: 6000,
        skus: [{ sku: 'one', name: 'One', unit_price: 1000, total: 10 }], ...fields });
    await door.known(worker, sale, ({ phase }) => phase === 'live' || fields.starts_at);
    return sale;
}
async function shopper(sale) {
    const { secret } = await session(worker.url, { origin: 'http://line.test' });
    return new Shopper(worker.url, sale, { secret }).connect();
}
const verify = (sale, token, headers = {}) => fetch(`${control.url}/v1/admission/verify?sale=${sale.id}`, { headers: { authorization: `Bearer ${token}`, ...headers } });

test('who the door admits, verify accepts, and the stats count', async () => {
    const sale = await createSale(), s = await shopper(sale);
    await s.got('admitted');
    const first = await verify(sale, s.token);
    assert.equal(first.status, 200);
    assert.equal((await verify(sale, s.token, { cookie: first.headers.get('set-cookie').split(';')[0] })).status, 200);
    assert.equal((await verify(sale, s.token)).status, 403);
    const stats = await waitFor('the entry to be counted', async () => { const now = await admin('GET', `/${sale.id}/stats`); return now.entered_total === 1 && now; });
    assert.deepEqual([stats.granted_total, stats.joined_total, stats.inside], [1, 1, 1]);
    await s.end();
});

test('a hold stops the door, its message is told, and resuming lets it go on', async () => {
    const sale = await createSale();
    await admin('POST', `/${sale.id}/hold`, { message: 'one moment' });
    const s = await shopper(sale);
    await s.got('sale', (m) => m.mode === 'hold' && m.message === 'one moment');
    await s.got('ticket');
    const clock = async () => Number((await door.line(sale)).clock), from = await clock();
    await waitFor('a second and a half of the line', async () => await clock() >= from + 1500);
    assert.ok(!s.messages.some(({ type }) => type === 'admitted'));
    await admin('POST', `/${sale.id}/resume`);
    await s.got('admitted');
    await s.end();
});

test('those who wait are seen in the presence table', async () => {
    const sale = await createSale({ rate_per_minute: 0 }), waiting = await Promise.all(Array.from({ length: 5 }, () => shopper(sale)));
    for (const s of waiting) await s.got('ticket');
    await waitFor('the five to be seen', async () => (await admin('GET', `/${sale.id}/stats`)).waiting === 5);
    for (const s of waiting) await s.end();
});

const wipes = { 'a wiped and restarted Redis': async () => { await door.redis.flushall(); await redis.restart(); }, 'a Redis wiped as it runs': () => door.redis.flushall() };
for (const [what, wipe] of Object.entries(wipes))
    test(`a sale opens at its start, and ${what} costs nobody a place, a token or the socket: the next place is above all that were given`, async () => {
        const sale = await createSale({ starts_at: Date.now() + 1500, rate_per_minute: 6000, skus: [] });
        await door.known(worker, sale, ({ phase }) => phase === 'live');
        const inside = await shopper(sale);
        await inside.got('admitted');
        await waitFor('the entry to be counted', async () => (await door.line(sale)).entered_total === '1');
        await admin('PUT', `/${sale.id}/rate`, { per_minute: 0 });
        const waiting = await shopper(sale);
        await waiting.got('ticket');
        await waitFor('the rate to be recorded', () => pg.psql('-c', `select rate_per_minute from sales where id = '${sale.id}'`).trim() === '0');
        await wipe();
        const runId = await door.runId(); // a step between the wipe and the restart opens a generation that is lost with that process
        const next = await waitFor('the next generation', async () => { const line = await door.line(sale); return line.run_id === runId && Number(line.gen) > 1 && line; }, { timeout: 15_000 });
        assert.deepEqual([next.phase, next.rate, next.granted_total], ['live', '0', '0']);
        const late = await shopper(sale);
        await late.got('ticket', undefined, { timeout: 15_000 });
        assert.deepEqual([inside.place, waiting.place], [1, 2]);
        assert.ok(late.place > Number(next.counter) && late.place > 1000, `place ${late.place}`);
        const seen = await waitFor('the two who wait to be seen', async () => { const stats = await admin('GET', `/${sale.id}/stats`); return stats.waiting === 2 && stats; });
        assert.deepEqual([seen.inside, seen.gen, seen.phase], [1, Number(next.gen), 'live'], 'who was inside was handed in');
        await admin('PUT', `/${sale.id}/rate`, { per_minute: 6000 });
        await waiting.got('admitted');
        await late.got('admitted');
        for (const s of [inside, waiting, late]) assert.equal((await verify(sale, s.token)).status, 200);
        for (const s of [inside, waiting, late]) {
            assert.equal(s.closed, null, 'the same socket all along');
            assert.equal(s.messages.filter(({ type }) => type === 'ticket').length, 1);
            await s.end();
        }
    });

test('who is there and ready is not passed by time: only who comes back too late is', async () => {
    const sale = await createSale({ rate_per_minute: 1, skus: [] }), s = await shopper(sale), key = (name) => `wr:{${sale.id}}:${name}`;
    await door.line(sale, { called: 100, away_limit_s: 1 });
    await waitFor('the shopper to be ready', () => door.redis.zcard(key('ready')));
    const open = async () => Number((await door.line(sale)).open_ms), passed = await open();
    await door.redis.zadd(key('fronts'), 50, passed);
    await waitFor('the drip to be open for longer than the limit', async () => await open() > passed + 1500);
    const resyncs = await metric(worker.url, 'wr_line_resyncs_total');
    await door.redis.del(key('workers')); // the worker is asked for its whole list
    await waitFor('the whole list', async () => await metric(worker.url, 'wr_line_resyncs_total') > resyncs && await door.redis.zcard(key('ready')));
    const late = await shopper(sale);
    await late.got('error', ({ code }) => code === 'place-passed');
    assert.ok(!s.messages.some(({ type }) => type === 'error'), JSON.stringify(s.messages));
    assert.deepEqual(await door.redis.zrange(key('ready'), 0, -1), ['1']);
    await s.end();
    await late.end();
});
