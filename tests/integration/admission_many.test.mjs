// As many sales as may run at once, and one more.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { build, startDaemon, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

const key = 'merchant-key-for-tests';
let pg, server, redis, control;
before(async () => {
    [pg, server] = await Promise.all([startPostgres(), startRedis(['--appendfsync', 'no'])]);
    redis = new Redis(server.port);
    const keys = temporaryFolder('keys'), command = (...args) => execFileSync(join(build, 'bin', 'admissiond'), ['keys', ...args, '--token-keys', keys]).toString().trim();
    command('activate', command('stage'));
    writeFileSync(join(keys, 'merchant'), key);
    control = await startDaemon('admissiond', { args: ['--database', pg.url, '--redis-line', server.address, '--redis-stock', server.address, '--token-keys', keys,
        '--merchant-key-file', join(keys, 'merchant')] });
});
after(async () => { redis?.disconnect(); await stopAll(); });

const create = async (id) => {
    const answer = await fetch(`${control.url}/v1/admin/sales`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ id, title: 'A thing', currency: 'EUR', starts_at: 1_000_000_000, ends_at: 4_000_000_000_000, rate_per_minute: 60, skus: [] }) });
    return { status: answer.status, json: await answer.json() };
};
// Sales that PostgreSQL has and no merchant made here: `from` to `to`, not begun.
const insert = (prefix, from, to) => pg.psql('-c', `
    insert into sales (id, title, currency, starts_at, ends_at, rate_per_minute) select '${prefix}' || lpad(n::text, 4, '0'), 'x', 'EUR', now() + interval '1 day', now() + interval '2 days', 60
        from generate_series(${from}, ${to}) n;
    with opened as (insert into runs (sale) select id from sales where run is null and id like '${prefix}%' returning id, sale), c as (insert into ceilings (run, lane, gen, ceiling) select id, 0, 0, 0 from opened)
        update sales set run = opened.id from opened where sales.id = opened.sale`);
const turns = async () => Number((await (await fetch(`${control.url}/metrics`)).text()).match(/^wr_admission_sales (\d+)/m)?.[1] ?? 0);

test('no sale is withdrawn because others come: only PostgreSQL saying that it is over does that', async () => {
    assert.equal((await create('zz-first')).status, 201);
    await waitFor('the line to open', async () => (await redis.hgetall('wr:{zz-first}:line')).gen);
    insert('a', 1, 1100);
    await waitFor('all to be stepped', async () => await turns() > 1000, { timeout: 30_000 });
    await waitFor('all lines to be open', () => Number(pg.psql('-c', 'select count(distinct run) from generations')) === 1101, { timeout: 60_000 });
    assert.equal((await redis.hgetall('wr:{zz-first}:line')).gen, '1');
    assert.equal(await redis.sismember('wr:sales', 'zz-first'), 1);

    pg.psql('-c', "update sales set run = null where id = 'zz-first'"); // not in any answer from now on
    insert('m', 1, 1);
    await waitFor('a later answer', async () => (await redis.hgetall('wr:{m0001}:line')).gen);
    assert.equal((await redis.hgetall('wr:{zz-first}:line')).gen, '1');
    pg.psql('-c', "update sales set run = (select id from runs where sale = 'zz-first') where id = 'zz-first'");
});

test('the one sale too many is refused by name, the same request of one that is there is not, and room comes back', async () => {
    const answer = await create('b-one-more');
    assert.deepEqual([answer.status, answer.json.type], [409, '/problems/conflict']);
    assert.match(answer.json.detail, /1,000/);
    assert.equal(pg.psql('-c', "select count(*) from sales where id = 'b-one-more'").trim(), '0');
    assert.equal((await create('zz-first')).status, 201);
    pg.psql('-c', "update sales set phase = 'ended', starts_at = now() - interval '3 days', ends_at = now() - interval '2 days' where id between 'a0101' and 'a1100'");
    const both = await Promise.all([create('b-one-more'), create('c-one-more')]);
    assert.deepEqual(both.map(({ status }) => status), [201, 201]);
});
