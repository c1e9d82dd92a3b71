// fulfillmentd when PostgreSQL, Redis, Kafka or itself goes away in the middle of its work: nothing is lost, nothing happens twice.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { startKafka } from '../lib/kafka.mjs';
import { Ledger } from '../lib/ledger.mjs';
import { waitFor } from '../lib/wait.mjs';

let redis, postgres, kafka;
const ledgers = [];
before(async () => { [redis, postgres, kafka] = await Promise.all([startRedis(), startPostgres(), startKafka()]); });
after(async () => { for (const l of ledgers) await l.close(); await stopAll(); });
async function open(fields) {
    const l = await Ledger.open({ redis, postgres, kafka });
    ledgers.push(l);
    await l.makeSale(fields);
    return l;
}
const readyz = async (d) => { const answer = await fetch(`${d.url}/readyz`); return { status: answer.status, text: await answer.text() }; };
const count = (l, ...statuses) => l.value('select count(*)::int from orders where sale = $1 and status = any ($2)', l.sale, statuses);

// 400 reservations of 300 units and a cancel for every tenth, while `disturb` does its worst; then every order is where it belongs.
async function survives(l, daemons, disturb) {
    try { await survive(l, disturb); } finally { for (const d of daemons) await d.stop(); } // a daemon takes the payments of every sale
}
async function survive(l, disturb) {
    const all = await Promise.all(Array.from({ length: 400 }, () => l.hold(l.reservation()))), cancelled = all.filter((_, i) => i % 10 === 0);
    const publishing = (async () => {
        for (let i = 0; i < all.length; i += 20) {
            await l.publish(...all.slice(i, i + 20).map((r) => l.cloud('reservation', r)));
            if (i % 60 === 0) await l.publish(l.cloud('reservation', all[i]));
        }
        for (const r of cancelled) await l.cancel(r);
    })();
    await waitFor('the first orders', async () => (await count(l, 'queued', 'pending_payment')) > 0);
    await disturb();
    await publishing;
    await waitFor('all orders to have their link or their end', async () => {
        const rows = await l.query('select status, count(*)::int from orders where sale = $1 group by 1', l.sale);
        const n = Object.fromEntries(rows.map((x) => [x.status, x.count]));
        if ((n.pending_payment ?? 0) + (n.cancelled ?? 0) + (n.failed ?? 0) !== 400) throw new Error(JSON.stringify(n));
        return (await l.value('select count(*)::int from cancels where sale = $1 and done_at is null', l.sale)) === 0;
    }, { timeout: 60_000 });
    await waitFor('Redis to know', async () => (await l.value('select count(*)::int from outbox where sale = $1', l.sale)) === 0, { timeout: 20_000 });
    await waitFor('the provider to have closed what was cancelled', async () => (await l.value(`select count(*)::int from payments p join orders o on o.id = p.order_id where o.sale = $1 and p.state in ('wanted', 'closing')`, l.sale)) === 0, { timeout: 30_000 });
    assert.equal(await l.value('select count(*)::int from orders where sale = $1', l.sale), 400);
    assert.equal(await l.value(`select count(*)::int from order_events e join orders o on o.id = e.order_id where o.sale = $1 and e.event = 1`, l.sale), 400);
    for (const r of cancelled) assert.ok(['cancelled', 'failed'].includes((await l.order(r)).status));
    const open_ = await count(l, 'pending_payment'), stock = await l.stock();
    assert.equal(await l.committed(), open_);
    assert.deepEqual([stock.held, stock.free + stock.held + stock.voided], [open_, 400]);
    assert.equal(stock.voided, await count(l, 'failed'));
    assert.ok(stock.voided >= 100 - cancelled.length && stock.voided <= 100, `${stock.voided} voided`);
    const sessions = [...l.provider.sessions.values()];
    assert.equal(new Set(sessions.map((s) => s.client_reference_id)).size, sessions.length, 'no order has two sessions');
    const waiting = new Set((await l.query(`select public_id from orders where sale = $1 and status = 'pending_payment'`, l.sale)).map((o) => o.public_id));
    assert.deepEqual(sessions.filter((s) => s.status === 'open' && !waiting.has(s.client_reference_id)).map((s) => s.client_reference_id), [], 'no session is open without an order that waits for it');
    // The stock in Redis was dealt 100 units too many on purpose; apart from that the two agree.
    await l.redis.hset(l.key('stock'), 'one|share', 300, 'one|voided', 0);
    await l.redis.hincrby(l.key('stock'), 'one|free', stock.voided - 100);
    const check = await l.command('check');
    const drifts = check.stdout.split('\n').filter((line) => line.startsWith('drift') && line.includes(l.sale));
    assert.deepEqual(drifts.filter((line) => !/0 voided/.test(line)), [], check.stdout + check.stderr);
    await l.query('update sales set run = null where id = $1', l.sale);
}

test('started before its servers it says what is missing, and serves when they are there', async () => {
    const l = await open();
    const d = await l.serve({ args: ['--redis-stock', '127.0.0.1:9'], ready: false });
    await waitFor('it to name Redis only', async () => { const r = await readyz(d); return r.status === 503 && /Redis does not answer/.test(r.text); });
    assert.equal((await fetch(`${d.url}/healthz`)).status, 200);
    await d.stop();
    const e = await l.serve({ args: ['--kafka-bootstrap', '127.0.0.1:9', '--database', 'postgresql://nobody@127.0.0.1:9/none'], ready: false });
    await waitFor('it to name PostgreSQL and Kafka', async () => /PostgreSQL and Kafka do not answer/.test((await readyz(e)).text));
    const answer = await l.provider.send(e.url, l.provider.event('checkout.session.completed', { id: 'cs', payment_status: 'paid', client_reference_id: 'x', form: {} }));
    assert.equal(answer.status, 503, 'a webhook that cannot be stored is not acknowledged');
    await e.stop();
});

describe('in the middle of a batch', () => {
    test('PostgreSQL is killed: the batch is done again', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), d = await l.serve();
        await survives(l, [d], async () => {
            await postgres.kill();
            await waitFor('readyz to say so', async () => /PostgreSQL/.test((await readyz(d)).text));
            await postgres.start();
            await waitFor('it to be ready', async () => (await readyz(d)).status === 200);
        });
    });

    test('fulfillmentd is killed, again and again: the next one goes on', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), d = await l.serve();
        await survives(l, [d], async () => { for (let i = 0; i < 3; i++) { await d.restart(); await waitFor('work', async () => (await d.metric('wr_batches_total{outcome="done"}')) + (await d.metric('wr_outbox_told_total{answer="applied"}')) > 0).catch(() => {}); } });
    });

    test('Redis is killed: what is decided waits in the outbox', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), d = await l.serve();
        await survives(l, [d], async () => {
            await redis.kill();
            await waitFor('readyz to say so', async () => /Redis/.test((await readyz(d)).text));
            await redis.start();
        });
    });

    test('Kafka is killed: taking goes on where it was', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), d = await l.serve();
        await survives(l, [d], async () => { await kafka.kill(); await kafka.start(); });
    });

    test('two instances share the work, and one is killed', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), [d, e] = await Promise.all([l.serve(), l.serve()]);
        await survives(l, [d, e], async () => { await d.kill(); });
    });
});

test('check finds what was tampered with, and says which order', async () => {
    const l = await open(), d = await l.serve();
    const [sold, waiting] = [await l.reserve(), await l.reserve()];
    for (const r of [sold, waiting]) await l.becomes(r, 'pending_payment');
    await l.pay(d, sold);
    await l.becomes(sold, 'confirmed');
    for (const r of [sold, waiting]) await l.isTold(r);
    const clean = await l.command('check');
    assert.equal(clean.status, 0, clean.stdout + clean.stderr);
    assert.match(clean.stdout, new RegExp(`${l.sale} +one +10 +8 +1 +1 +0 +2 +0 +0 +0`));

    const record = await l.record(sold.order_id), lie = (change) => l.redis.hset(l.key('orders'), sold.order_id, JSON.stringify({ ...record, ...change }));
    const found = async (pattern) => { const c = await l.command('check'); assert.equal(c.status, 1, c.stdout); assert.match(c.stdout, pattern); };
    await lie({ hold: 'released' });
    await found(new RegExp(`order ${sold.order_id}: Redis says released, PostgreSQL says confirmed`));
    await lie({});
    await l.redis.hincrby(l.key('stock'), 'one|free', 1);
    await found(/free \+ held \+ sold \+ voided : Redis says 11, PostgreSQL says 10/);
    await l.redis.hincrby(l.key('stock'), 'one|free', -1);
    await l.redis.hdel(l.key('orders'), waiting.order_id);
    await found(new RegExp(`order ${waiting.order_id}: Redis says nothing`));
    await l.redis.hset(l.key('orders'), waiting.order_id, JSON.stringify({ ...record, order_id: waiting.order_id, hold: 'held', status: 'pending_payment', event: 2 }));
    await l.query('update skus set committed = committed + 1 where sale = $1', l.sale);
    await found(/the ledger has 3 committed, its orders add up to 2/);
    await l.query('update skus set committed = committed - 1 where sale = $1', l.sale);
    const lost = await l.hold(l.reservation({ reserved_at: Date.now() - 120_000 })); // held two minutes ago and never heard of
    await found(new RegExp(`order ${lost.order_id}: Redis says held, PostgreSQL says nothing`));
    await l.publish(l.cloud('reservation', lost));
    await l.becomes(lost, 'pending_payment');
    await l.isTold(lost);
    assert.equal((await l.command('check')).status, 0);
    await d.stop();
});
