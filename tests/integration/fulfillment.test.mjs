// fulfillmentd on real PostgreSQL, Redis and Kafka: what becomes of a reservation.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { freePort, startDaemon, startPostgres, startRedis, stopAll } from '../lib/servers.mjs';
import { startKafka } from '../lib/kafka.mjs';
import { Ledger } from '../lib/ledger.mjs';
import { waitFor } from '../lib/wait.mjs';

let redis, postgres, kafka;
const ledgers = [];
before(async () => { [redis, postgres, kafka] = await Promise.all([startRedis(), startPostgres(), startKafka()]); });
after(async () => { for (const l of ledgers) await l.close(); await stopAll(); });
async function open(fields, options) {
    const l = await Ledger.open({ redis, postgres, kafka });
    ledgers.push(l);
    await l.makeSale(fields);
    return { l, d: await l.serve(options) };
}
const proves = async (l) => { const c = await l.command('check'); assert.equal(c.status, 0, c.stdout + c.stderr); return c.stdout; };
const settled = (l) => waitFor('the outbox to be empty', async () => (await l.value('select count(*)::int from outbox where sale = $1', l.sale)) === 0);

describe('a reservation', () => {
    let l, d;
    before(async () => { ({ l, d } = await open()); });
    after(() => d.stop());

    test('becomes an order with a payment link, then confirmed when it is paid; its unit is sold', async () => {
        const r = await l.reserve();
        const o = await l.becomes(r, 'pending_payment'), told = await l.isTold(r), { form } = l.provider.session(r.order_id);
        assert.equal(told.payment_url, l.provider.session(r.order_id).url);
        assert.equal(told.expires_at, o.hold_expires_at.getTime());
        assert.ok(o.hold_expires_at.getTime() - Date.now() > 590_000, 'the hold runs from the link');
        assert.deepEqual([form['line_items[0][price_data][unit_amount]'], form['line_items[0][price_data][currency]'], form['line_items[0][quantity]'], form.mode], ['1250', 'eur', '1', 'payment']);
        assert.equal((await l.pay(d, r)).status, 200);
        await l.becomes(r, 'confirmed');
        assert.equal((await l.isTold(r)).hold, 'sold');
        assert.deepEqual(await l.events(r), ['queued', 'pending_payment', 'confirmed']);
        assert.deepEqual([await l.stock(), await l.committed()], [{ free: 9, held: 0, sold: 1, voided: 0 }, 1]);
        await proves(l);
    });

    test('that comes several times is one order', async () => {
        const r = await l.hold(l.reservation()), message = l.cloud('reservation', r), committed = await l.committed();
        await l.publish(message, message);
        await l.becomes(r, 'pending_payment');
        await l.publish(message, message);
        const after = await l.reserve();
        await l.becomes(after, 'pending_payment');
        await waitFor('the duplicates to be counted', async () => (await d.metric('wr_events_duplicate_total')) >= 3);
        assert.equal(await l.value('select count(*)::int from orders where public_id = $1', r.order_id), 1);
        assert.equal(await l.committed(), committed + 2);
        assert.equal(l.provider.calls.filter((c) => c.key === r.order_id).length, 1);
    });

    test('is told to the shopper, each status once and in order', async () => {
        const r = await l.hold(l.reservation()), ears = l.redis.duplicate(), heard = [];
        await ears.subscribe(`wr:shopper:${r.shopper}`);
        ears.on('message', (_, text) => heard.push(JSON.parse(text)));
        await l.publish(l.cloud('reservation', r));
        await l.becomes(r, 'pending_payment');
        await l.pay(d, r);
        await waitFor('confirmed to be heard', () => heard.some((m) => m.status === 'confirmed'));
        ears.disconnect();
        assert.deepEqual(heard.map((m) => [m.type, m.queue_ticket_id, m.sale, m.sku, m.quantity, m.status, m.event]),
            ['queued', 'pending_payment', 'confirmed'].map((status, i) => ['order', r.order_id, l.sale, 'one', 1, status, i + 1]));
        assert.ok(heard[1].payment_url && heard[1].expires_at && !heard[2].payment_url);
    });
});

describe('the ledger', () => {
    test('accepts exactly the units there are; what is beyond is failed and voided', async () => {
        // Redis has lost its mind and dealt 20 units too many: PostgreSQL refuses them.
        const { l, d } = await open({ total: 30, redisTotal: 50 });
        const all = await Promise.all(Array.from({ length: 50 }, () => l.hold(l.reservation())));
        await l.publish(...all.map((r) => l.cloud('reservation', r)));
        await waitFor('all to be decided', async () => (await l.value(`select count(*)::int from orders where sale = $1 and status in ('pending_payment', 'failed')`, l.sale)) === 50);
        await settled(l);
        assert.deepEqual(await l.query('select status, reason, count(*)::int from orders where sale = $1 group by 1, 2 order by 1', l.sale),
            [{ status: 'failed', reason: 'oversold', count: 20 }, { status: 'pending_payment', reason: null, count: 30 }]);
        assert.deepEqual([await l.stock(), await l.committed()], [{ free: 0, held: 30, sold: 0, voided: 20 }, 30]);
        assert.equal(await d.metric('wr_orders_oversold_total'), 20);
        assert.equal(l.provider.sessions.size, 30);
        assert.match((await l.command('check')).stdout, /units in all/, 'and check says that Redis has more than there is');
        await d.stop();
        await l.redis.del(l.key('stock'), l.key('orders')); // so that check sees the other sales only
        await l.query('update sales set run = null where id = $1', l.sale);
    });

    test('takes events at the rate that is set, and follows it live', async () => {
        const { l, d } = await open({ total: 1000 });
        await l.query(`insert into settings (name, value) values ('orders_per_second', 40) on conflict (name) do update set value = 40`);
        try {
            await waitFor('the rate to be read', async () => (await d.metric('wr_orders_per_second_limit')) === 40);
            const all = await Promise.all(Array.from({ length: 300 }, () => l.hold(l.reservation())));
            await l.publish(...all.map((r) => l.cloud('reservation', r)));
            const count = () => l.value('select count(*)::int from orders where sale = $1', l.sale);
            await waitFor('the first to come', async () => (await count()) > 0);
            const began = Date.now(), first = await count();
            await waitFor('some more', async () => (await count()) >= first + 60);
            const rate = (await count() - first) / ((Date.now() - began) / 1000);
            assert.ok(rate > 25 && rate < 55, `${rate} a second`);
            await l.query(`update settings set value = 2000 where name = 'orders_per_second'`);
            await waitFor('the rest, at the new rate', async () => (await count()) === 300, { timeout: 4000 });
        } finally {
            await l.query(`update settings set value = 2000 where name = 'orders_per_second'`);
        }
        await settled(l);
        await d.stop();
    });
});

describe('an order that is not paid', () => {
    let l, d;
    before(async () => { ({ l, d } = await open({ total: 3, hold_s: 2 })); });
    after(() => d.stop());

    test('expires: its session is closed first, then its unit is free', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'expired');
        assert.equal((await l.isTold(r)).hold, 'released');
        assert.equal(l.provider.session(r.order_id).status, 'expired');
        assert.deepEqual(await l.events(r), ['queued', 'pending_payment', 'expiring', 'expired']);
        assert.deepEqual([await l.stock(), await l.committed()], [{ free: 3, held: 0, sold: 0, voided: 0 }, 0]);
        await proves(l);
    });

    test('is confirmed when the provider says at closing that it was paid', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        l.provider.pay(r.order_id); // the webhook is lost
        await l.becomes(r, 'confirmed');
        assert.equal((await l.isTold(r)).hold, 'sold');
        await proves(l);
    });

    test('paid late takes a unit like anyone else while there is one', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'expired');
        await l.isTold(r);
        const free = (await l.stock()).free;
        const body = l.provider.event('checkout.session.completed', l.provider.payLate(r.order_id));
        for (let again = 0; again < 2; again++) assert.equal((await l.provider.send(d.url, body)).status, 200);
        await l.becomes(r, 'confirmed');
        assert.equal((await l.isTold(r)).hold, 'sold');
        assert.equal((await l.stock()).free, free - 1);
        assert.equal(await d.metric('wr_late_payments_total{outcome="taken"}'), 1);
        await proves(l);
    });

    test('paid late is refunded when nothing is left', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'expired');
        await l.isTold(r);
        await l.hold(l.reservation({ quantity: (await l.stock()).free })); // others were faster
        assert.equal((await l.stock()).free, 0);
        await l.provider.send(d.url, l.provider.event('checkout.session.completed', l.provider.payLate(r.order_id)));
        const o = await l.becomes(r, 'refunded');
        assert.equal(o.reason, 'sold-out-before-payment');
        assert.deepEqual(l.provider.refunds.map((x) => x.order), [r.order_id]);
        assert.equal((await l.isTold(r)).hold, 'released');
        await proves(l);
    });
});

describe('a webhook', () => {
    let l, d;
    before(async () => { ({ l, d } = await open({ total: 20 })); });
    after(() => d.stop());
    const stored = () => l.value('select count(*)::int from webhook_events');

    test('forged, unsigned, changed or old is refused and nothing is stored', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        const body = l.provider.event('checkout.session.completed', l.provider.session(r.order_id)), before = await stored();
        const now = Math.floor(Date.now() / 1000);
        for (const signature of [null, 'x', l.provider.sign(body, { secret: 'guessed' }), l.provider.sign(`${body} `), l.provider.sign(body, { at: now - 301 }), l.provider.sign(body, { at: now + 330 })]) {
            const answer = await l.provider.send(d.url, body, signature);
            assert.equal(answer.status, 401, String(signature));
            assert.equal((await answer.json()).type.split('/').pop(), 'unauthenticated');
        }
        assert.equal(await stored(), before);
        assert.equal((await l.order(r)).status, 'pending_payment');
        assert.equal(await d.metric('wr_webhooks_total{outcome="forged"}'), 6);
    });

    test('that comes twice counts once', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        const body = l.provider.event('checkout.session.completed', l.provider.pay(r.order_id)), before = await stored();
        for (let i = 0; i < 3; i++) assert.equal((await l.provider.send(d.url, body)).status, 200);
        await l.becomes(r, 'confirmed');
        assert.equal(await stored(), before + 1);
        assert.deepEqual((await l.events(r)).filter((s) => s === 'confirmed'), ['confirmed']);
    });

    test('among many at once is settled with them or, when it is unusual, by itself; each order once', async () => {
        const orders = await Promise.all(Array.from({ length: 7 }, () => l.reserve())), unpaid = await l.reserve(), unknown = l.reservation();
        for (const r of [...orders, unpaid]) await l.becomes(r, 'pending_payment');
        const paid = (r) => l.provider.event('checkout.session.completed', l.provider.session(r.order_id));
        for (const r of orders) l.provider.pay(r.order_id);
        const odd = [
            l.provider.event('checkout.session.completed', { id: 'cs_unknown', client_reference_id: unknown.order_id, status: 'complete', payment_status: 'paid' }),
            l.provider.event('checkout.session.completed', { id: 'cs_foreign', client_reference_id: 'not one of ours', status: 'complete', payment_status: 'paid' }),
            l.provider.event('charge.updated', { id: 'ch_1' }),
        ];
        const bodies = [...orders.flatMap((r) => [paid(r), paid(r)]), ...odd], before = await stored();
        const answers = await Promise.all([...bodies, ...bodies].map((body) => l.provider.send(d.url, body)));
        assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
        assert.equal(await stored(), before + bodies.length);
        for (const r of orders) {
            await l.becomes(r, 'confirmed');
            assert.equal((await l.isTold(r)).hold, 'sold');
            assert.deepEqual(await l.events(r), ['queued', 'pending_payment', 'confirmed']);
            assert.equal((await l.order(r)).payment, 'paid');
        }
        const outcomes = (event) => l.value('select outcome from webhook_events where provider_event_id = $1', JSON.parse(event).id);
        await waitFor('the unusual ones', async () => assert.deepEqual(await Promise.all(odd.map(outcomes)), ['unknown-order', 'not-ours', 'ignored']) ?? true);
        assert.equal((await l.order(unpaid)).status, 'pending_payment');
        await proves(l);
    });

    test('before its order is stored, answered 200 and tried until the order is there', async () => {
        const r = await l.hold(l.reservation());
        const session = l.provider.open({ client_reference_id: r.order_id }, r.order_id);
        const body = l.provider.event('checkout.session.completed', l.provider.pay(r.order_id));
        assert.equal((await l.provider.send(d.url, body)).status, 200);
        await waitFor('it to have been tried', async () => (await l.value(`select attempts from webhook_events where payload #>> '{data,object,id}' = $1`, session.id)) >= 1);
        await l.publish(l.cloud('reservation', r));
        await l.becomes(r, 'confirmed');
        assert.equal((await l.isTold(r)).hold, 'sold');
        assert.equal((await l.order(r)).payment, 'paid');
    });

    test('that is signed but not understood is a dead letter, not a loop', async () => {
        const before = await stored();
        assert.equal((await l.provider.send(d.url, '{"hello":1}')).status, 200);
        assert.equal(await stored(), before);
        assert.equal(await l.value(`select convert_from(payload, 'UTF8') from dead_letters where source = 'webhook' order by id desc limit 1`), '{"hello":1}');
        const other = JSON.stringify({ id: 'evt_other', type: 'customer.created', data: { object: { id: 'cus_1' } } });
        assert.equal((await l.provider.send(d.url, other)).status, 200);
        await waitFor('it to be ignored', async () => (await l.value(`select outcome from webhook_events where provider_event_id = 'evt_other'`)) === 'ignored');
    });
});

describe('a cancel', () => {
    let l, d;
    before(async () => { ({ l, d } = await open()); });
    after(() => d.stop());

    test('before its order wins', async () => {
        const r = await l.hold(l.reservation());
        await l.cancel(r);
        await waitFor('it to be remembered', () => l.value('select 1 from cancels where public_id = $1', r.order_id));
        await l.publish(l.cloud('reservation', r));
        await l.becomes(r, 'cancelled');
        assert.equal((await l.isTold(r)).hold, 'released');
        assert.equal(l.provider.session(r.order_id), undefined);
        assert.deepEqual([await l.stock(), await l.committed()], [{ free: 10, held: 0, sold: 0, voided: 0 }, 0]);
    });

    test('of an order that waits for its payment closes the payment, then returns the unit', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        await l.cancel(r);
        await l.becomes(r, 'cancelled');
        assert.equal((await l.isTold(r)).hold, 'released');
        assert.equal(l.provider.session(r.order_id).status, 'expired');
        assert.equal(await l.committed(), 0);
    });

    test('of a confirmed order refunds it and returns the unit, once', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        await l.pay(d, r);
        await l.becomes(r, 'confirmed');
        await l.cancel(r);
        await l.becomes(r, 'refunded');
        assert.equal((await l.isTold(r)).hold, 'released');
        assert.equal(l.provider.refunds.filter((x) => x.order === r.order_id).length, 1);
        assert.deepEqual([await l.stock(), await l.committed()], [{ free: 10, held: 0, sold: 0, voided: 0 }, 0]);
    });

    test('too late for closing, the payment being made already, ends in a refund', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        l.provider.pay(r.order_id); // no webhook yet
        await l.cancel(r);
        await l.becomes(r, 'refunded');
        assert.deepEqual((await l.events(r)).slice(2), ['expiring', 'confirmed', 'refunded']);
        assert.equal((await l.isTold(r)).hold, 'released');
        assert.equal(await l.committed(), 0);
    });

    test('of somebody else does nothing', async () => {
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        await l.cancel(r, { shopper: 'f'.repeat(32) });
        await waitFor('it to be looked at', () => l.value('select done_at from cancels where public_id = $1', r.order_id));
        assert.equal((await l.order(r)).status, 'pending_payment');
        await proves(l);
    });
});

describe('a payment provider that', () => {
    let l, d;
    before(async () => { ({ l, d } = await open()); });
    after(() => d.stop());

    test('loses its answer is asked again under the same key: one session', async () => {
        let lost = 0;
        l.provider.misbehave = (call) => (call.path === '/v1/checkout/sessions' && lost++ < 2 ? 'lose the answer' : null);
        const r = await l.reserve();
        await l.becomes(r, 'pending_payment');
        l.provider.misbehave = null;
        assert.equal([...l.provider.sessions.values()].filter((s) => s.client_reference_id === r.order_id).length, 1);
        assert.ok(l.provider.calls.filter((c) => c.key === r.order_id).length >= 3);
    });

    test('is down is left alone by the circuit breaker, and orders wait without losing time', async () => {
        l.provider.misbehave = () => 503;
        const many = await Promise.all(Array.from({ length: 5 }, () => l.reserve()));
        await waitFor('the breaker to open', async () => (await d.metric('wr_provider_breaker')) >= 1);
        const calls = l.provider.calls.length;
        await waitFor('a probe', () => l.provider.calls.length > calls);
        assert.ok(l.provider.calls.length - calls <= 2, 'probes, not a stampede');
        assert.equal((await l.order(many[0])).hold_expires_at, null);
        l.provider.misbehave = null;
        for (const r of many) await l.becomes(r, 'pending_payment', { timeout: 30_000 });
        await waitFor('the breaker to close', async () => (await d.metric('wr_provider_breaker')) === 0);
    });

    test('refuses an order for good fails it, and its unit is free again', async () => {
        l.provider.misbehave = (call) => (call.path === '/v1/checkout/sessions' ? 402 : null);
        const { free } = await l.stock(), r = await l.reserve();
        await l.becomes(r, 'failed');
        l.provider.misbehave = null;
        const record = await l.isTold(r);
        assert.deepEqual([record.hold, record.reason], ['released', 'payment-refused']);
        assert.equal((await l.stock()).free, free);
        await proves(l);
    });
});

describe('with the sandbox provider', () => {
    let l, d, sandbox;
    before(async () => {
        l = await Ledger.open({ redis, postgres, kafka });
        ledgers.push(l);
        await l.makeSale({ hold_s: 3 });
        const port = await freePort();
        sandbox = await startDaemon('sandboxd', { args: ['--database', postgres.url, '--webhook-url', `http://127.0.0.1:${port}/v1/payments/webhook`, '--payment-key-file', join(l.folder, 'payment.key'), '--webhook-secret-file', join(l.folder, 'webhook.secret')] });
        d = await l.serve({ port, args: ['--payment-url', `${sandbox.url}/sandbox`] });
    });
    after(async () => { await d.stop(); await sandbox.stop(); });
    const session = async (o) => o.url.split('/').pop();
    const press = async (o, button) => { const answer = await fetch(`${sandbox.url}/sandbox/pay/${await session(o)}/${button}`, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '' }); assert.ok(answer.status < 400, `${button}: ${answer.status} ${await answer.text()}`); };

    test('an order is paid and confirmed by its webhook; cancelled then, it is refunded', async () => {
        const r = await l.reserve(), o = await l.becomes(r, 'pending_payment');
        await press(o, 'pay');
        await l.becomes(r, 'confirmed');
        await l.cancel(r);
        await l.becomes(r, 'refunded');
        assert.equal((await l.isTold(r)).hold, 'released');
        assert.equal(await l.value('select payment_status from sandbox.sessions where reference = $1', r.order_id), 'refunded');
    });

    test('an order that is not paid expires, and its session cannot be paid any more', async () => {
        const r = await l.reserve(), o = await l.becomes(r, 'pending_payment');
        await press(o, 'decline');
        await l.becomes(r, 'expired');
        assert.equal((await l.isTold(r)).hold, 'released');
        await press(o, 'pay'); // the page says that it is too late
        assert.equal(await l.value('select status from sandbox.sessions where reference = $1', r.order_id), 'expired');
        await proves(l);
    });

    test('paid at the last moment, while it is being closed, an order is confirmed', async () => {
        const r = await l.reserve(), o = await l.becomes(r, 'pending_payment');
        await d.stop(); // nobody hears the webhook
        await press(o, 'pay');
        await d.start();
        await l.becomes(r, 'confirmed');
        assert.equal((await l.isTold(r)).hold, 'sold');
        await proves(l);
    });

    test('an order that was walked away from ends when it is walked away from', async () => {
        await l.query('update sales set hold_s = 600 where id = $1', l.sale);
        const r = await l.reserve(), o = await l.becomes(r, 'pending_payment');
        await press(o, 'walk-away');
        await l.query(`update sandbox.sessions set expires_at = now() where reference = $1`, r.order_id);
        await l.becomes(r, 'expired', { timeout: 20_000 });
        assert.equal((await l.isTold(r)).hold, 'released');
    });
});

describe('a dead letter', () => {
    let l, d;
    before(async () => { ({ l, d } = await open()); });
    after(() => d.stop());

    test('is kept and published, the events around it go on, and it can be replayed', async () => {
        const r = await l.hold(l.reservation()), unknown = { ...r, sku: 'later' };
        const good = [await l.hold(l.reservation()), await l.hold(l.reservation())];
        await l.publish(l.cloud('reservation', good[0]), { key: 'x', value: 'no json' }, { key: 'y', value: Buffer.from([0xff, 0x00, 0xfe]) }, { key: null, value: null },
            l.cloud('reservation', unknown), l.cloud('reservation', good[1]));
        for (const g of good) await l.becomes(g, 'pending_payment');
        const letters = await waitFor('four letters', async () => { const rows = await l.query(`select * from dead_letters where source <> 'webhook' order by id`); return rows.length === 4 && rows; });
        const letter = letters.find((x) => /no such sku/.test(x.error));
        assert.ok(letter && letters.some((x) => x.payload.equals(Buffer.from([0xff, 0x00, 0xfe]))));
        await waitFor('them to be published', async () => (await l.value('select count(*)::int from dead_letters where published_at is null')) === 0);
        const published = l.messages('waitroom.dead-letters').find((m) => m.id === Number(letter.id));
        assert.deepEqual(JSON.parse(Buffer.from(published.payload_base64, 'base64')).data, unknown);
        assert.match(published.error, /no such sku/);

        let c = await l.command('replay', String(letter.id));
        assert.deepEqual([c.status, /no such sku/.test(c.stdout)], [1, true], `nothing was put right yet: ${c.stdout}${c.stderr}`);
        assert.equal(await l.value(`select count(*)::int from dead_letters where source <> 'webhook'`), 4);
        await l.query(`insert into skus (sale, sku, name, unit_price, total) values ($1, 'later', 'Later', 1, 1)`, l.sale);
        c = await l.command('replay', String(letter.id));
        assert.deepEqual([c.status, /accepted/.test(c.stdout)], [0, true], c.stdout + c.stderr);
        await l.becomes({ order_id: r.order_id }, 'pending_payment');
        assert.ok(await l.value('select replayed_at from dead_letters where id = $1', letter.id));
        c = await l.command('replay', '999999');
        assert.equal(c.status, 1);
        await l.query(`update sales set run = null where id = $1`, l.sale); // its stock in Redis knows no such sku
    });
});
