// admissiond and checkoutd when the Redis that holds the stock, and only that one, loses it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { startDaemon, startPostgres, startRedis, stopAll } from '../lib/servers.mjs';
import { metric } from '../lib/metrics.mjs';
import { Shop, checkout } from '../lib/shop.mjs';
import { waitFor } from '../lib/wait.mjs';

const key = 'merchant-key-for-tests';
let pg, stock, stockServer, shop, control, tills, made = 0;
before(async () => {
    let line;
    [pg, line, stockServer] = await Promise.all([startPostgres(), startRedis(), startRedis()]);
    shop = new Shop(line);
    stock = new Redis(stockServer.port, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    stock.on('error', () => {});
    writeFileSync(join(shop.tokenKeys, 'merchant'), key);
    control = await startDaemon('admissiond', { args: ['--database', pg.url, '--redis-line', line.address, '--redis-stock', stockServer.address, '--token-keys', shop.tokenKeys,
        '--merchant-key-file', join(shop.tokenKeys, 'merchant')] });
    tills = await shop.serve({ stock: stockServer.address });
});
after(async () => { shop?.close(); stock?.disconnect(); await stopAll(); });

const admin = async (method, path, body) => {
    const answer = await fetch(`${control.url}/v1/admin/sales${path}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.json();
};
const stats = (sale) => admin('GET', `/${sale.id}/stats`);
const line = (sale) => shop.redis.hgetall(`wr:{${sale.id}}:line`);
const free = (sale) => stock.hget(`wr:{${sale.id}:0}:stock`, 'one|free');
const lose = async (sale) => stock.del(await stock.keys(`wr:{${sale.id}:0}:*`));
const dealt = (sale, units) => waitFor('the deal', async () => await free(sale) === units);
async function createSale() {
    const now = Date.now();
    const sale = await admin('POST', '', { id: `sale-${++made}`, title: 'Shoes', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000, rate_per_minute: 6000,
        skus: [{ sku: 'one', name: 'One', unit_price: 1000, total: 10 }] });
    await dealt(sale, '10');
    await waitFor('the line to be live', async () => { const l = await line(sale); return l.phase === 'live' && l.left === '10'; });
    return sale;
}
const waits = async (sale) => {
    const found = await waitFor('the loss to be told', async () => { const s = await stats(sale); return s.rebuild_needed && s; });
    await waitFor('the metric', async () => await metric(control.url, 'wr_admission_rebuilds_needed') === 1);
    assert.match(control.log(), new RegExp(`level=error msg="stock lost[^\\n]* sale=${sale.id} `));
    const { left_at } = await line(sale);
    const clock = async () => (await stats(sale)).clock;
    const from = await clock();
    await waitFor('two seconds and a half of the line', async () => await clock() > from + 2500);
    assert.equal((await line(sale)).left_at, left_at, 'nothing is counted, so the drip is shut');
    assert.equal(await stock.exists(`wr:{${sale.id}:0}:stock`), 0, 'and nothing is dealt');
    return found;
};

test('stock that is lost before anybody could buy is dealt again', async () => {
    const sale = await createSale();
    await lose(sale);
    await dealt(sale, '10');
    assert.equal((await stats(sale)).rebuild_needed, false);
});

test('stock that is lost after somebody bought is not dealt again: nobody is let in, checkout says so, until there is a new deal', async () => {
    const sale = await createSale(), gen = Number((await line(sale)).gen), [first, second] = [await shop.admit(sale, { gen }), await shop.admit(sale, { gen })];
    const bought = await waitFor('checkoutd to know the sale', async () => { const answer = await checkout(tills.url, sale, first); return answer.status === 202 && answer; });
    pg.psql('-c', `insert into orders (public_id, sale, run, sku, quantity, unit_price, currency, shopper, lane, place, jti, granted_ms, status, hold_s, reserved_at)
        values ('${bought.json.queue_ticket_id}', '${sale.id}', ${sale.run}, 'one', 1, 1000, 'EUR', '${first.shopper}', 0, ${first.place}, '${first.jti}', 1, 'pending_payment', 60, now());
        update skus set committed = 1 where sale = '${sale.id}'`);
    await lose(sale);
    await waits(sale);
    const refused = await checkout(tills.url, sale, second);
    assert.deepEqual([refused.status, refused.json.type], [503, '/problems/line-closed']);
    assert.match(refused.json.detail, /stock/);

    pg.psql('-c', `update runs set deal = deal + 1 where id = ${sale.run}; update sales set version = version + 1 where id = '${sale.id}'`);
    await dealt(sale, '9');
    await waitFor('all to be well', async () => !(await stats(sale)).rebuild_needed && await metric(control.url, 'wr_admission_rebuilds_needed') === 0);
    await waitFor('the drip to open', async () => (await line(sale)).left === '9');
    await waitFor('checkoutd to know the deal', async () => (await checkout(tills.url, sale, second)).status === 202);
});

test('so is stock that is lost after somebody entered, whose order may still be on its way', async () => {
    const sale = await createSale(), gen = Number((await line(sale)).gen), shopper = await shop.admit(sale, { gen });
    await waitFor('checkoutd to know the sale', async () => (await checkout(tills.url, sale, shopper)).status === 202);
    await lose(sale); // at once: admissiond has not looked at the line since
    await waits(sale);
    assert.equal(pg.psql('-c', `select count(*) from orders where sale = '${sale.id}'`).trim(), '0');
    await shop.redis.flushall(); // the line too: the database's copy of who has entered remains
    await waitFor('the next generation', async () => (await line(sale)).gen === String(gen + 1), { timeout: 15_000 });
    await waits(sale);
    await admin('POST', `/${sale.id}/end`);
});

test('a sale whose stock is lost sells nothing after its end, and ends with a new deal', async () => {
    const sale = await createSale();
    await shop.redis.hset(`wr:{${sale.id}}:line`, 'entered_total', 1);
    await lose(sale);
    await waitFor('the loss to be told', async () => (await stats(sale)).rebuild_needed);
    assert.deepEqual([(await line(sale)).phase, (await line(sale)).left], ['live', '10']);
    await admin('POST', `/${sale.id}/end`);
    await waitFor('the sale to be over', async () => { const l = await line(sale); return l.phase === 'sold_out' && l.left === '0'; });
    const recorded = () => pg.psql('-c', `select phase from sales where id = '${sale.id}'`).trim();
    await waitFor('the phase to be recorded', () => recorded() === 'sold_out');
    assert.ok((await stats(sale)).rebuild_needed, 'units may be held: it has not ended');
    pg.psql('-c', `update runs set deal = deal + 1 where id = ${sale.run}; update sales set version = version + 1 where id = '${sale.id}'`);
    await waitFor('the sale to end', () => recorded() === 'ended');
    assert.equal((await line(sale)).phase, 'ended');
});

test('a sale whose stock is away sells nothing after its end, and ends when it is back', async () => {
    const sale = await createSale();
    await stockServer.kill();
    await admin('POST', `/${sale.id}/end`);
    await waitFor('the sale to be over', async () => { const l = await line(sale); return l.phase === 'sold_out' && l.left === '0'; });
    await stockServer.start();
    await waitFor('the sale to end', async () => (await line(sale)).phase === 'ended');
});
