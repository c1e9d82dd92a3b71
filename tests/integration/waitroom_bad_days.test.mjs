// waitroomd when something is away for a while, or somebody comes back late: what was said is not lost, and what is told is true.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, Shopper, session } from '../lib/door.mjs';
import { metric } from '../lib/metrics.mjs';
import { waitFor } from '../lib/wait.mjs';

let redis, door, number = 0;
before(async () => {
    redis = await startRedis();
    door = new Door(redis);
});
after(async () => {
    door?.close();
    await stopAll();
});

const key = (sale, name) => `wr:{${sale.id}}:${name}`;
async function open(line = {}, args = []) { // a worker of its own, and a sale
    const d = await door.serve({ args }), sale = await door.publish({ id: `days-${++number}`, run: number }, line);
    await door.known(d, sale);
    return { d, sale };
}
async function arrive(d, sale, options = {}) {
    const { secret, shopper } = await session(d.url);
    const p = Object.assign(new Shopper(d.url, sale, { secret, ...options }).connect(), { shopper });
    await p.got('ticket');
    return p;
}

describe('orders', () => {
    test('what was not answered when the subscription came back is asked again at once, not a minute later', async (t) => {
        const stock = await startRedis(), far = new Door(stock), { d, sale } = await open({}, ['--redis-stock', stock.address]);
        t.after(() => far.close());
        const crowd = [];
        while (crowd.length < 100) crowd.push(...await Promise.all(Array.from({ length: 50 }, () => arrive(d, sale))));
        await Promise.all(crowd.map((p) => p.got('admitted')));
        const followed = () => waitFor('the subscriptions', async () => (await far.redis.pubsub('CHANNELS', 'wr:shopper:*')).length === crowd.length);
        const reads = () => metric(d.url, 'wr_line_orders_read_total');
        await followed();
        await far.redis.acl('SETUSER', 'default', '-eval', '-evalsha');
        for (const [i, p] of crowd.entries()) {
            const id = `01890a5d-ac96-774b-bcce-${String(i).padStart(12, '0')}`;
            await far.redis.hset(`wr:{${sale.id}:0}:orders`, id, JSON.stringify({ order_id: id, sale: sale.id, run: sale.run, sku: 'one', quantity: 1, shopper: p.shopper, lane: 0, place: p.place,
                jti: `${sale.run}-1-0-${p.place}-0`, status: 'queued', event: 0, hold: 'held', reserved_at: 1 }));
            await far.redis.hset(`wr:{${sale.id}:0}:orders_of`, p.shopper, id);
        }
        const before_ = await reads();
        await far.redis.client('KILL', 'TYPE', 'pubsub');
        await followed();
        await waitFor('all to be read in vain', async () => (await reads()) >= before_ + crowd.length);
        assert.ok(!crowd.some((p) => p.messages.some((m) => m.type === 'order')));
        await far.redis.acl('SETUSER', 'default', '+eval', '+evalsha');
        await Promise.all(crowd.map((p) => p.got('order')));
        const settled = await reads(), from = performance.now();
        await waitFor('a second to pass', () => performance.now() - from > 1000);
        assert.ok((await reads()) <= settled + 30, 'who was answered is asked in turn only');
        await Promise.all(crowd.map((p) => p.end()));
        await d.stop();
    });
    test('an admission that became an order before a new generation was handed it does not hold a slot', async () => {
        const { d, sale } = await open(), p = await arrive(d, sale);
        await p.got('admitted');
        await waitFor('it to have entered', async () => (await door.line(sale)).entered_total === '1');
        await door.redis.del(...['admissions', 'inside', 'owners', 'ready', 'workers', 'points'].map((name) => key(sale, name)));
        await door.line(sale, { gen: 2 });
        await waitFor('the admission to be handed in', async () => (await door.redis.hlen(key(sale, 'admissions'))) === 1);
        const id = '01890a5d-ac96-774b-bcce-b302099a8057';
        await door.redis.multi().hset(`wr:{${sale.id}:0}:orders`, id, JSON.stringify({ order_id: id, sale: sale.id, run: sale.run, sku: 'one', quantity: 1, shopper: p.shopper, lane: 0,
            place: p.place, jti: `${sale.run}-1-0-1-0`, status: 'queued', event: 0, hold: 'held', reserved_at: 1 })).hset(`wr:{${sale.id}:0}:orders_of`, p.shopper, id).exec();
        await door.redis.publish(`wr:shopper:${p.shopper}`, JSON.stringify({ type: 'order', sale: sale.id, queue_ticket_id: id, sku: 'one', quantity: 1, status: 'queued', event: 0 }));
        await p.got('spent');
        await waitFor('the slot', async () => (await door.redis.zcard(key(sale, 'inside'))) === 0 && (await door.redis.hlen(key(sale, 'admissions'))) === 0);
        assert.deepEqual(await door.redis.hgetall(key(sale, 'fallen')), { [p.place]: '1' }, 'nor does its token live again');
        await p.end();
        await d.stop();
    });
});

describe('what a shopper said', () => {
    test('reaches Redis before the process ends', async () => {
        const { d, sale } = await open(), p = await arrive(d, sale, { lazy: true });
        await p.got('admitted');
        await door.redis.client('PAUSE', 600, 'WRITE'); // the tick that is under way now will not say it
        p.send({ type: 'entered' });
        await waitFor('it to be heard', async () => (await metric(d.url, 'wr_line_admissions_total{step="entered"}')) === 1);
        d.process.kill('SIGTERM');
        await p.got('reconnect');
        assert.equal((await d.ended).code, 0);
        assert.equal((await door.line(sale)).entered_total, '1');
        assert.equal(await door.redis.hlen(key(sale, 'workers')), 1);
        assert.equal(await door.redis.zcard(key(sale, 'ready')), 0);
    });
    test('is not too late because a new generation has not been handed the admission yet', async () => {
        const { d, sale } = await open({ mode: 'passthrough' });
        const crowd = [], entered = () => metric(d.url, 'wr_line_admissions_total{step="entered"}'); // more than one tick hands in
        while (crowd.length < 540) crowd.push(...await Promise.all(Array.from({ length: 60 }, () => arrive(d, sale))));
        await waitFor('all to have entered', async () => (await door.line(sale)).entered_total === String(crowd.length));
        const late = await arrive(d, sale, { lazy: true });
        await late.got('admitted');
        const cap = crowd.length + 1;
        await door.line(sale, { cap });
        const next = await arrive(d, sale); // ready, and nobody may be let in before somebody leaves
        await next.got('called');
        await door.line(sale, { run_id: 'f'.repeat(40) }); // as if Redis were another process now
        await late.got('error', (m) => m.code === 'line-closed');
        late.send({ type: 'entered' });
        await waitFor('it to be heard', async () => (await entered()) === crowd.length + 1);
        const clock = Number((await door.line(sale)).clock) + 1;
        await door.redis.del(...['admissions', 'inside', 'owners', 'ready', 'workers', 'points', 'fallen', `spent:${sale.run}:0`].map((name) => key(sale, name)));
        await door.publish({ id: sale.id, run: sale.run }, { gen: 2, counter: cap + 1, cap, level: '50.000000', clock, level_at: clock, live_at: clock - 500, time: Date.now() });
        await waitFor('all admissions to be handed in', async () => (await door.redis.hlen(key(sale, 'admissions'))) === cap);
        await waitFor('all to have entered', async () => (await door.line(sale)).entered_total === String(crowd.length + 1));
        assert.ok(!late.messages.some((m) => m.type === 'called' && m.again));
        assert.equal(await metric(d.url, 'wr_line_admissions_total{step="missed"}'), 0);
        assert.equal((await door.line(sale)).granted_total, '0', 'those not handed in yet are inside, too');
        late.send({ type: 'leave' });
        await next.got('admitted');
        await Promise.all([...crowd, late, next].map((p) => p.end()));
        await d.stop();
    });
});

describe('what Redis says', () => {
    test('an admission that cannot be ours is logged and nobody is admitted with it', async () => {
        const { d, sale } = await open(), p = await arrive(d, sale, { deaf: true });
        await p.got('called');
        await door.redis.eval("return redis.call('HSET', KEYS[1], '1', cmsgpack.pack({ARGV[1], ARGV[2], 1, 2^41, 0, 'w', ''}))", 1, key(sale, 'admissions'), `${sale.run}-1-0-1-${'0'.repeat(90)}`, p.shopper);
        p.send({ type: 'here' });
        await waitFor('it to be logged', () => d.log().includes('jti is too long'));
        const q = await arrive(d, sale);
        await q.got('admitted');
        assert.ok(!p.messages.some((m) => m.type === 'admitted'));
        await Promise.all([p.end(), q.end()]);
        assert.deepEqual(await d.stop(), { code: 0, signal: null });
    });
});

describe('a process that is ended', () => {
    test('leaves behind who stood where: they are on their way to other workers, and nobody is told a number without them', async () => {
        const { d, sale } = await open({ rate: 0 }), crowd = [await arrive(d, sale), await arrive(d, sale)];
        const record = async () => (await door.redis.hgetBuffer(key(sale, 'presence'), crowd[0].workerId))?.subarray(6).toString('hex');
        const both = '01' + 'df00000002' + '0101' + '0201'; // width, places 1 and 2
        await waitFor('both to be counted', async () => (await record()) === both);
        await d.stop();
        await waitFor('both to be sent away', () => crowd.every((p) => p.closed === 1012));
        assert.equal(await record(), both);
    });
    test('takes whoever is back elsewhere off its counts while it still has something to say', async () => {
        const { d, sale } = await open({ rate: 0 }, ['--drain-ms', 60_000]), e = await door.serve(), p = await arrive(d, sale);
        await door.known(e, sale);
        const counted = async () => door.redis.hexists(key(sale, 'presence'), worker), worker = p.workerId;
        await waitFor('it to be counted', counted);
        const release = await door.lingers(d);
        d.process.kill('SIGTERM');
        await waitFor('the socket to be closed', () => p.closed === 1012);
        assert.equal(await counted(), 1);
        p.joined = false;
        await p.connect(e.url).got('ticket');
        await waitFor('it to be counted there only', async () => (await counted()) === 0 && (await door.redis.hlen(key(sale, 'presence'))) === 1);
        await release();
        assert.equal((await d.ended).code, 0);
        await p.end();
        await e.stop();
    });
});

describe('in time', { concurrency: true }, () => {
    test('who is asked and does not answer is not ahead of anybody, until they are heard again', async () => {
        const { d, sale } = await open({ left: 0 }), crowd = []; // nobody is admitted
        for (let i = 0; i < 3; i++) crowd.push(await arrive(d, sale, { deaf: true }));
        const record = async () => (await door.redis.hgetBuffer(key(sale, 'presence'), crowd[0].workerId))?.subarray(6).toString('hex');
        await waitFor('all to be asked', () => crowd.every((p) => p.messages.some((m) => m.type === 'called')));
        await waitFor('all to be counted', async () => (await record()) === '01' + 'df00000003' + '0101' + '0201' + '0301');
        crowd[1].deaf = false;
        crowd[1].send({ type: 'here' }); // late, to the first question: there is no second before it
        await waitFor('who was heard to be the only one', async () => (await record()) === '01' + 'df00000001' + '0201', { timeout: 15_000 });
        crowd[0].send({ type: 'here' });
        await waitFor('it to be counted again', async () => (await record()) === '01' + 'df00000002' + '0101' + '0201');
        await Promise.all(crowd.map((p) => p.end()));
        const written = async () => (await door.redis.hgetBuffer(key(sale, 'presence'), crowd[0].workerId)).readUInt32BE(2), from = await written();
        await waitFor('the counts to be written again', async () => (await written()) > from + 1);
        assert.equal(await record(), '01' + 'df00000002' + '0101' + '0201', 'who left quietly is not away for a minute');
        assert.equal((await door.line(sale)).granted_total, '0');
        await d.stop();
    });
    test('who let a token fall is told again how the line goes', async () => {
        const { d, sale } = await open(), p = await arrive(d, sale, { lazy: true });
        await p.got('called', (m) => m.again, { timeout: 20_000 });
        const heard = p.messages.length;
        await door.line(sale, { rate: 60, mode: 'hold' });
        await waitFor('a position without an estimate', () => p.messages.slice(heard).some((m) => m.type === 'position' && m.eta_s === null), { timeout: 20_000 }); // the next one may be 15 s away
        await p.end();
        await d.stop();
    });
    test('where nothing happens, everybody hears within 40 s that it is still so, and of a closed line nothing that sounds open', async () => {
        const [calm, shut] = await Promise.all([open({ mode: 'hold' }), open({ mode: 'hold' })]);
        const waiting = await arrive(calm.d, calm.sale), safe = await arrive(shut.d, shut.sale);
        const early = new Shopper(calm.d.url, calm.sale).connect(); // without a place
        await early.got('sale');
        await door.line(shut.sale, { run_id: 'f'.repeat(40) });
        const closed = () => safe.messages.filter((m) => m.code === 'line-closed').length;
        await waitFor('it to be told', closed);
        const heard = [waiting, early].map((p) => p.messages.length), from = safe.messages.length;
        await waitFor('a word', () => [waiting, early].every((p, i) => p.messages.length > heard[i]) && closed() > 1, { timeout: 40_000 });
        for (const [i, p] of [waiting, early].entries()) assert.deepEqual(new Set(p.messages.slice(heard[i]).map((m) => m.type)), new Set(['sale']));
        assert.ok(safe.messages.slice(from).every((m) => m.code === 'line-closed'));
        await Promise.all([waiting, early, safe].map((p) => p.end()));
        await Promise.all([calm.d.stop(), shut.d.stop()]);
    });
    test('a worker that had nobody for a while does not hold the door for who comes next', async () => {
        const { d, sale } = await open(), p = await arrive(d, sale), ticks = () => metric(d.url, 'wr_line_ticks_total{outcome="ok"}');
        await p.got('admitted');
        await p.end();
        let last = -1;
        await waitFor('its last tick', async () => { const before_ = last; return (last = await ticks()) === before_; }, { every: 400 });
        // Other workers went on: by the time its next list is due anyway, at most 15 s later, the line is called further.
        await door.line(sale, { mode: 'hold', called: 500, counter: 100, asked: 0, answered: 0, message: 'on' });
        await door.known(d, sale, (s) => s.message === 'on');
        const began = performance.now();
        await waitFor('its next list to be overdue', async () => { assert.equal(await ticks(), last, 'it had nobody'); return performance.now() - began > 15_000; }, { timeout: 20_000, every: 500 });
        const q = await arrive(d, sale, { deaf: true });
        await q.got('called');
        const first = await ticks();
        await waitFor('what it asked to be handed in', async () => (await ticks()) > first + 2);
        assert.equal(Number((await door.line(sale)).asked), 0, 'asked on arriving, not because the call moved');
        await q.end();
        await d.stop();
    });
});
