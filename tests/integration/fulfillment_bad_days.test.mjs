// fulfillmentd when PostgreSQL, Redis, Kafka or itself goes away in the middle of its work: nothing is lost, nothing happens twice.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { startKafka } from '../lib/kafka.mjs';
import { Ledger } from '../lib/ledger.mjs';
import { Watch, assertUnchanged } from '../lib/refusals.mjs';
import { waitFor } from '../lib/wait.mjs';

let redis, postgres, kafka;
before(async () => { [redis, postgres, kafka] = await Promise.all([startRedis(), startPostgres(), startKafka()]); });
after(async () => { await Ledger.closeAll(); await stopAll(); });
async function open(fields) {
    const l = await Ledger.open({ redis, postgres, kafka });
    await l.makeSale(fields);
    return l;
}
const readyz = async (d) => { const answer = await fetch(`${d.url}/readyz`); return { status: answer.status, text: await answer.text() }; };
const total = (l) => l.value('select count(*)::int from orders where sale = $1', l.sale);
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
    await waitFor('the first orders', async () => (await count(l, 'queued', 'pending_payment')) > 0, { timeout: 30_000 });
    await disturb();
    await publishing;
    // A claim that died lasts 30 s, and what closes its session waits as long: 5 of them are enough for those that live.
    for (const end of ['lease_until', 'next_attempt_at']) await l.query(`update payments set ${end} = now() + interval '5 seconds' where ${end} > now() + interval '5 seconds'`);
    await waitFor('all orders to have their link or their end', async () => {
        const rows = await l.query('select status, count(*)::int from orders where sale = $1 group by 1', l.sale);
        const n = Object.fromEntries(rows.map((x) => [x.status, x.count]));
        if ((n.pending_payment ?? 0) + (n.cancelled ?? 0) + (n.failed ?? 0) !== 400) throw new Error(JSON.stringify(n));
        return (await l.value('select count(*)::int from cancels where sale = $1 and done_at is not null', l.sale)) === cancelled.length;
    }, { timeout: 60_000 });
    await waitFor('the provider to have closed what was cancelled', async () => (await l.value(`select count(*)::int from payments p join orders o on o.id = p.order_id where o.sale = $1 and p.state in ('wanted', 'closing')`, l.sale)) === 0, { timeout: 60_000 });
    await waitFor('Redis to know', async () => (await l.value('select count(*)::int from outbox where sale = $1', l.sale)) === 0, { timeout: 20_000 });
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
    const astray = sessions.filter((s) => s.status === 'open' && !waiting.has(s.client_reference_id)).map((s) => s.client_reference_id);
    assert.deepEqual(astray, [], 'no session is open without an order that waits for it');
    // The stock in Redis was dealt 100 units too many on purpose; with the units that it believes in, the two agree in everything.
    await l.query('update skus set total = 400 where sale = $1', l.sale);
    const check = await l.command('check');
    assert.equal(check.status, 0, check.stdout + check.stderr);
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
            await waitFor('the metric to say so', async () => (await d.metric('wr_database_up')) === 0);
            await postgres.start();
            await waitFor('it to be ready', async () => (await readyz(d)).status === 200);
        });
    });

    test('fulfillmentd is killed, again and again: the next one goes on', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), d = await l.serve();
        await survives(l, [d], async () => {
            for (let i = 0; i < 3; i++) {
                await d.restart();
                await waitFor('this life to do something, while there is something to do', async () => (await d.metric('wr_batches_total{outcome="done"}')) + (await d.metric('wr_outbox_told_total{answer="applied"}')) > 0 ||
                    (await total(l)) === 400, { timeout: 20_000 });
            }
        });
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
        const pace = (value) => l.query(`insert into settings (name, value) values ('orders_per_second', $1) on conflict (name) do update set value = $1`, value);
        await l.hasRead(d);
        try {
            await pace(50); // slow enough that there is something left to read when Kafka dies
            await waitFor('the pace to be read', async () => (await d.metric('wr_orders_per_second_limit')) === 50);
            await survives(l, [d], async () => {
                await kafka.kill();
                assert.ok((await total(l)) < 400, 'something is left to read');
                await pace(2000);
                await kafka.start();
            });
        } finally {
            await pace(2000);
        }
    });

    test('two instances share the work, and one is killed', async () => {
        const l = await open({ total: 300, redisTotal: 400 }), [d, e] = await Promise.all([l.serve(), l.serve()]);
        await survives(l, [d, e], async () => { await d.kill(); });
    });
});

test('check finds what was tampered with, says which order, and changes nothing', async () => {
    const l = await open(), d = await l.serve(), watch = new Watch({ redis: l.redis, database: l.database });
    const check = async () => { const before = await watch.state(), c = await l.command('check'); assertUnchanged(await watch.state(), before); return c; };
    const [sold, waiting] = [await l.reserve(), await l.reserve()];
    for (const r of [sold, waiting]) await l.becomes(r, 'pending_payment');
    await l.pay(d, sold);
    await l.becomes(sold, 'confirmed');
    for (const r of [sold, waiting]) await l.isTold(r);
    await watch.still();
    const clean = await check();
    assert.equal(clean.status, 0, clean.stdout + clean.stderr);
    assert.match(clean.stdout, new RegExp(`${l.sale} +one +10 +8 +1 +1 +0 +2 +0 +0 +0`));

    const record = await l.record(sold.order_id), lie = (change) => l.redis.hset(l.key('orders'), sold.order_id, JSON.stringify({ ...record, ...change }));
    const found = async (pattern) => { const c = await check(); assert.equal(c.status, 1, c.stdout); assert.match(c.stdout, pattern); };
    await lie({ hold: 'released' });
    await found(new RegExp(`order ${sold.order_id}: Redis says released, PostgreSQL says confirmed`));
    await lie({});
    await l.redis.hincrby(l.key('stock'), 'one|free', 1);
    await found(/free \+ held \+ sold \+ voided: Redis says 11, PostgreSQL says 10/);
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
    await watch.still();
    assert.equal((await check()).status, 0);
    await d.stop();
});

test('check finds no drift in a sale that has ended and was deleted from Redis, but for its ledger', async () => {
    const l = await open(), d = await l.serve(), r = await l.reserve();
    await l.becomes(r, 'pending_payment');
    await l.pay(d, r);
    await l.becomes(r, 'confirmed');
    await l.isTold(r);
    await l.redis.del(...await l.redis.keys(l.key('*')));
    const lost = await l.command('check');
    assert.equal(lost.status, 1, lost.stdout);
    assert.match(lost.stdout, new RegExp(`order ${r.order_id}: Redis says nothing, PostgreSQL says confirmed`));
    await l.query(`update sales set phase = 'ended' where id = $1`, l.sale);
    const c = await l.command('check');
    assert.equal(c.status, 0, c.stdout + c.stderr);
    assert.deepEqual(c.stdout.split('\n').filter((line) => line.includes(l.sale)).map((line) => line.slice(25)), ['has ended, and its stock is not in Redis any more']);
    await l.query('update skus set committed = committed + 1 where sale = $1', l.sale);
    const wrong = await l.command('check');
    assert.equal(wrong.status, 1, wrong.stdout);
    assert.match(wrong.stdout, /the ledger has 2 committed, its orders add up to 1/);
    await l.query('update skus set committed = committed - 1 where sale = $1', l.sale);
    await d.stop();
});

test('PostgreSQL itself refuses check every change', async () => {
    const l = await open();
    await l.query(`create schema trap; create table trap.written (n int);
        create function trap.write() returns bool language sql as 'insert into trap.written values (1) returning true';
        create view trap.sales as select * from public.sales where trap.write()`); // in the place of what check reads
    const c = await Object.assign(Object.create(l), { postgres: { url: `${postgres.url}?options=-csearch_path%3Dtrap,public` } }).command('check');
    assert.equal(c.status, 2, c.stdout);
    assert.match(c.stderr, /cannot execute INSERT in a read-only transaction/);
    assert.equal(await l.value('select count(*)::int from trap.written'), 0);
    await l.query('drop schema trap cascade');
});

// Answers come later than they were made, so that a look takes long enough for the sale to move on under it.
async function slowed(port, delay_ms) {
    const server = createServer((near) => {
        const far = connect(port, '127.0.0.1');
        near.pipe(far);
        far.on('data', (bytes) => setTimeout(() => near.write(bytes), delay_ms));
        for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => {}).on('close', () => other.destroy());
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return { address: `127.0.0.1:${server.address().port}`, close: () => server.close() };
}

test('check finds nothing on a sale that runs, and finds what is wrong with it all the same', async () => {
    const l = await open({ total: 5000 }), d = await l.serve(), slow = await slowed(redis.port, 40);
    const look = () => Object.assign(Object.create(l), { redisServer: slow }).command('check');
    let going = true;
    const made = [], shopper = async () => {
        while (going) {
            const r = await l.reserve();
            made.push(r);
            await l.becomes(r, 'pending_payment');
            if (made.length % 3 === 0) await l.cancel(r);
            else await l.pay(d, r);
        }
    };
    const crowd = Promise.all(Array.from({ length: 12 }, shopper));
    try {
        await waitFor('some orders', () => made.length > 30);
        for (let i = 0; i < 4; i++) {
            const c = await look();
            assert.equal(c.status, 0, c.stdout + c.stderr);
        }
        const victim = made.find(Boolean);
        await waitFor('one to be settled', async () => ['confirmed', 'refunded', 'cancelled'].includes((await l.order(victim)).status));
        await l.isTold(victim);
        await l.redis.hdel(l.key('orders'), victim.order_id);
        const c = await look();
        assert.equal(c.status, 1, c.stdout);
        assert.match(c.stdout, new RegExp(`order ${victim.order_id}: Redis says nothing`));
        assert.equal(c.stdout.split('\n').filter((line) => line.startsWith('drift')).length, 1, c.stdout);
    } finally {
        going = false;
        await crowd.finally(slow.close);
    }
    await l.query('update sales set run = null where id = $1', l.sale);
    await d.stop();
});
