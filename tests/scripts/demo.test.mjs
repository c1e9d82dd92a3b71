// What script/up asks the merchant API for: the demo sale, and the line that says what a sale is doing.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, clean } from '../lib/scripts.mjs';
import { build, root, startDaemon, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

const key = 'merchant-key-for-tests', hour = 3_600_000, script = (name) => join(root, 'script', 'lib', name);
let d;
before(async () => {
    const [database, redis] = await Promise.all([startPostgres(), startRedis()]), keys = temporaryFolder('keys');
    const command = (...args) => execFileSync(join(build, 'bin', 'admissiond'), ['keys', ...args, '--token-keys', keys]).toString().trim();
    command('activate', command('stage'));
    writeFileSync(join(keys, 'merchant'), key);
    d = await startDaemon('admissiond', { args: ['--database', database.url, '--redis-line', redis.address, '--redis-stock', redis.address, '--token-keys', keys, '--merchant-key-file', join(keys, 'merchant')] });
});
after(stopAll);

async function admin(method, path, body) {
    const answer = await fetch(`${d.url}/v1/admin/sales${path}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, ...await answer.json() };
}
async function sale(id, hours) {
    const now = Date.now();
    await admin('POST', '', { id, title: id, currency: 'EUR', starts_at: now + hours * hour, ends_at: now + 1000 * hour, rate_per_minute: 60, skus: [] });
    await waitFor(`${id} to be there`, async () => (await admin('GET', `/${id}/stats`)).phase === (hours > 0 ? 'scheduled' : 'live'));
}
async function end(id) {
    await admin('POST', `/${id}/end`);
    await waitFor(`${id} to have ended`, async () => (await admin('GET', `/${id}`)).phase === 'ended');
}

test('the summary shows the sale that runs, or else the next to start, or else the one that ended last', async () => {
    let shown = '';
    const summary = spawn(process.execPath, [script('summary.mjs'), d.url], { env: clean({ WR_MERCHANT_KEY: key }) });
    summary.stdout.on('data', (text) => { shown += text; });
    const shows = (text) => waitFor(`"${text}"`, () => shown.split('\x1b[K').at(-1).startsWith(text));
    try {
        await shows('there is no sale yet');
        await sale('over', -3);
        await end('over');
        await shows('over  ended/queue');
        await sale('in-a-week', 168);
        await sale('tomorrow', 24);
        await shows('tomorrow  scheduled/queue');
        await sale('now', -1);
        await shows('now  live/queue');
    } finally { summary.kill(); }
});

test('a demo sale that nobody shows is waited for, and not for ever', async () => {
    const { code, err } = await call(process.execPath, [script('demo_sale.mjs'), d.url], { WR_MERCHANT_KEY: key }); // admissiond alone has no page
    assert.equal(code, 1);
    assert.match(err, /the demo sale has no page after 20 s/);
});

test('of a demo sale that has ended it says so and goes on', async () => {
    await waitFor('it to have opened', async () => (await admin('GET', '/demo/stats')).phase === 'live', { timeout: 20_000 });
    await end('demo');
    const { code, err } = await call(process.execPath, [script('demo_sale.mjs'), d.url], { WR_MERCHANT_KEY: key });
    assert.deepEqual([code, err], [0, 'the demo sale has ended: script/up --fresh starts over\n']);
});
