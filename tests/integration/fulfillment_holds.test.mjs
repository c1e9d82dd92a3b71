// A hold runs from the moment the payment link can be seen: while the stock's Redis is away nobody is told of a link, and no hold ends.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { startPostgres, startRedis, stopAll } from '../lib/servers.mjs';
import { startKafka } from '../lib/kafka.mjs';
import { Ledger } from '../lib/ledger.mjs';
import { waitFor } from '../lib/wait.mjs';

const HOLD_S = 2, RENEWED_S = 5; // the longer one is seen in Redis by a client that connects again last
let redis, postgres, kafka, l, d;
before(async () => {
    [redis, postgres, kafka] = await Promise.all([startRedis(), startPostgres(), startKafka()]);
    l = await Ledger.open({ redis, postgres, kafka });
    await l.makeSale({ hold_s: HOLD_S });
    d = await l.serve();
});
after(async () => { await d?.stop(); await l?.close(); await stopAll(); });

const holdOver = (r) => waitFor('the hold to be over for a second', () => l.value(`select hold_expires_at < now() - interval '1 second' from orders where public_id = $1`, r.order_id));
const proves = async () => { const c = await l.command('check'); assert.equal(c.status, 0, c.stdout + c.stderr); };

// The order has not ended unseen; it is told the time that holds, and ends at that time.
async function beginsWhenTold(r, comeBack) {
    await holdOver(r);
    assert.equal((await l.order(r)).status, 'pending_payment', 'nobody has seen the link yet');
    await l.query('update orders set hold_s = $2 where public_id = $1', r.order_id, RENEWED_S);
    const back = Date.now();
    await comeBack();
    const [told, o] = await waitFor('the shopper to be told, of a time to come', async () => {
        const record = await l.record(r.order_id), order = await l.order(r);
        return record.payment_url && record.expires_at > back && record.event === order.event && [record, order];
    });
    assert.deepEqual([told.status, told.expires_at], ['pending_payment', o.hold_expires_at.getTime()]);
    assert.ok(told.expires_at >= back + RENEWED_S * 1000, 'the whole hold');
    await l.becomes(r, 'expired');
    assert.equal((await l.isTold(r)).hold, 'released');
    assert.deepEqual((await l.events(r)).filter((status, i, all) => status !== all[i - 1]), ['queued', 'pending_payment', 'expiring', 'expired']);
    const holds = await l.times(r, 'pending_payment'), [end] = await l.times(r, 'expiring');
    assert.ok(holds.length >= 2 && holds.every((at, i) => i === 0 || at - holds[i - 1] >= 1000), `only what a second is gone of is given anew: ${holds}`);
    assert.ok(end >= told.expires_at, `it ended ${told.expires_at - end} ms before the time that was told`);
    await proves();
}

describe('an order whose link is ready while the stock\'s Redis is away', () => {
    test('killed: does not expire before it is told, and has its whole hold from then', async () => {
        const r = await l.hold(l.reservation());
        await redis.kill();
        await l.publish(l.cloud('reservation', r));
        await l.becomes(r, 'pending_payment');
        await beginsWhenTold(r, () => redis.start());
    });

    test('frozen: the news that waited in its socket, with an end that is past, is followed by the true one', async () => {
        let ready = false;
        l.provider.misbehave = () => (ready ? null : 503);
        const r = await l.reserve(), heard = () => l.told.filter((m) => m.queue_ticket_id === r.order_id && m.status === 'pending_payment');
        await l.isTold(r);
        redis.process.kill('SIGSTOP');
        ready = true;
        await l.becomes(r, 'pending_payment', { timeout: 30_000 }); // the circuit breaker's pause
        await beginsWhenTold(r, () => redis.process.kill('SIGCONT'));
        l.provider.misbehave = null;
        const events = heard().map((m) => m.event);
        assert.ok(events[0] === 2 && events.length >= 2 && events.every((event, i) => i === 0 || event > events[i - 1]), `${events}`);
    });
});

test('an order whose stock is not there is looked at again and again, and its hold is renewed once, when it is told', async () => {
    const r = await l.hold(l.reservation()), deal = (n) => l.redis.hset(l.key('stock'), 'deal', n);
    await deal(99);
    await l.publish(l.cloud('reservation', r));
    await l.becomes(r, 'pending_payment');
    const looks = () => d.log().split('the stock of a sale is not of the deal').length;
    const more = (n) => { const first = looks(); return waitFor(`${n} more looks`, () => looks() >= first + n, { timeout: 20_000 }); };
    await more(1);
    const before = await l.events(r);
    await more(3);
    assert.deepEqual(await l.events(r), before, 'no look gives it anew');
    await beginsWhenTold(r, () => deal(1));
});

test('an order whose session the provider ended while Redis was away expires as soon as it is told', async () => {
    const r = await l.hold(l.reservation());
    await redis.kill();
    await l.publish(l.cloud('reservation', r));
    await l.becomes(r, 'pending_payment');
    const session = Object.assign(l.provider.session(r.order_id), { status: 'expired' });
    await l.query(`update orders set hold_s = 600, hold_expires_at = now() + interval '10 minutes' where public_id = $1`, r.order_id);
    assert.equal((await l.provider.send(d.url, l.provider.event('checkout.session.expired', session))).status, 200);
    await holdOver(r);
    assert.equal((await l.order(r)).status, 'pending_payment');
    await redis.start();
    await l.becomes(r, 'expired');
    assert.deepEqual(await l.events(r), ['queued', 'pending_payment', 'expiring', 'expired']);
    await proves();
});

test('a hold that cannot be given anew stops neither those of others nor the telling', async () => {
    const [stuck, other] = [await l.hold(l.reservation()), await l.hold(l.reservation())];
    await redis.kill();
    await l.publish(...[stuck, other].map((r) => l.cloud('reservation', r)));
    for (const r of [stuck, other]) await l.becomes(r, 'pending_payment');
    await holdOver(other);
    await l.refusing(stuck, async () => {
        await redis.start();
        for (const r of [stuck, other]) await l.isTold(r);
        const links = async (r) => (await l.events(r)).filter((status) => status === 'pending_payment').length;
        assert.equal(await links(stuck), 1);
        assert.ok((await links(other)) >= 2);
    });
    for (const r of [stuck, other]) await l.becomes(r, 'expired');
    await proves();
});
