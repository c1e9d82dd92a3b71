// waitroomd against a real Redis: a place survives whatever happens to sockets, workers and Redis. What it refuses: refusals_line, refusals_door.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { request } from 'node:http';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, Shopper, session } from '../lib/door.mjs';
import { Load } from '../lib/load.mjs';
import { metric } from '../lib/metrics.mjs';
import { waitFor } from '../lib/wait.mjs';
import { everyWorkerKnows, once } from '../lib/workers.mjs';

let redis, door, a, b, sale, number = 0;
before(async () => {
    redis = await startRedis();
    door = new Door(redis);
    [a, b] = await Promise.all([door.serve(), door.serve()]);
});
after(async () => {
    door?.close();
    await stopAll();
});
beforeEach(async () => { sale = await fresh(); });

async function fresh(document = {}, line = {}, daemons = [a, b]) {
    const s = await door.publish({ id: `sale-${++number}`, run: number, ...document }, line);
    await Promise.all(daemons.map((d) => door.known(d, s)));
    return s;
}
async function arrive(options = {}, daemon = a, s = sale) {
    const { secret, shopper } = await session(daemon.url);
    const p = new Shopper(daemon.url, s, { secret, ...options }).connect();
    p.shopper = shopper;
    await p.got('ticket');
    return p;
}
const key = (name, s = sale) => `wr:{${s.id}}:${name}`;
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

describe('from the door to the token', () => {
    test('a shopper joins, is called, is admitted, keeps the token; the row is entered and the place spent', async () => {
        const p = await arrive();
        const [first] = p.messages;
        assert.deepEqual({ ...first, now: 0, starts_at: 0, ends_at: 0 }, { type: 'sale', phase: 'live', mode: 'queue', message: '', remaining: null, now: 0, starts_at: 0, ends_at: 0 });
        const { token, expires_at, checkout_url } = await p.got('admitted');
        assert.equal(checkout_url, 'https://shop.example/buy');
        const [header, body, signature] = token.split('.');
        assert.ok(verify(null, Buffer.from(`${header}.${body}`), door.publicKey, Buffer.from(signature, 'base64url')));
        const c = claims(token), granted = c.granted;
        assert.deepEqual({ ...c, granted: 0, iat: 0, nbf: 0, exp: 0 }, { iss: 'waitroom', aud: sale.id, sub: p.shopper, run: sale.run, gen: 1, lane: 0, place: 1,
            jti: `${sale.run}-1-0-1-0`, granted: 0, iat: 0, nbf: 0, exp: 0 });
        assert.ok(Math.abs(c.exp - c.iat - 600) <= 1 && expires_at === c.exp * 1000 && Math.abs(granted - Date.now()) < 5000);
        await waitFor('the place to be spent', async () => (await door.redis.getbit(key(`spent:${sale.run}:0`), 1)) === 1);
        assert.ok(Number(await door.redis.zscore(key('inside'), '1')) === granted + 600_000);
        await p.end();
    });
    test('of two workers, the lowest places go first', async () => {
        await door.line(sale, { rate: 1200 });
        const crowd = [];
        for (let i = 0; i < 60; i++) crowd.push(await arrive({}, i % 2 ? a : b));
        await Promise.all(crowd.map((p) => p.got('admitted', () => true, { timeout: 15_000 })));
        const order = crowd.map((p) => ({ place: p.place, granted: claims(p.token).granted })).sort((x, y) => x.granted - y.granted || x.place - y.place).map((g) => g.place);
        assert.equal(new Set(order).size, 60);
        const behind = Math.max(...order.map((place, i) => order.slice(0, i).filter((earlier) => earlier > place).length));
        assert.ok(behind <= 20, `${behind} passed one place: more than a second of drip`);
        await Promise.all(crowd.map((p) => p.end()));
    });
    test('numbers end at the ceiling; joiners wait in the order they came and go on when it is raised', async () => {
        await door.line(sale, { ceiling: 2, rate: 0 });
        const crowd = [];
        for (let i = 0; i < 5; i++) {
            const { secret } = await session(a.url);
            crowd.push(new Shopper(a.url, sale, { secret }).connect());
            await (i < 2 ? crowd[i].got('ticket') : waitFor('the joiner to wait', async () => (await metric(a.url, 'wr_line_joiners')) === i - 1));
        }
        await door.line(sale, { ceiling: 100 });
        await Promise.all(crowd.map((p) => p.got('ticket')));
        assert.deepEqual(crowd.map((p) => p.place), [1, 2, 3, 4, 5]);
        await Promise.all(crowd.map((p) => p.end()));
    });
    test('who lets a token fall is asked for a person, and gets another one then', async () => {
        const p = await arrive({ lazy: true });
        const first = (await p.got('admitted')).token;
        await p.got('called', (m) => m.again, { timeout: 15_000 });
        await waitFor('the row to go', async () => (await door.redis.hlen(key('admissions'))) === 0);
        const answers = await metric(a.url, 'wr_line_answers_total');
        p.messages = [];
        p.send({ type: 'here' }); // as pages do by themselves: it is no person
        p.send({ type: 'dance' });
        await p.got('error'); // heard after it
        const { clock } = await door.line(sale);
        await waitFor('a second of the line', async () => Number((await door.line(sale)).clock) >= Number(clock) + 1000);
        assert.deepEqual(p.messages.filter(({ type }) => type === 'admitted'), []);
        assert.equal(await metric(a.url, 'wr_line_answers_total'), answers);
        p.send({ type: 'here', again: true });
        const { token } = await p.got('admitted');
        assert.equal(claims(token).jti, `${sale.run}-1-0-1-1`);
        assert.notEqual(claims(first).jti, claims(token).jti);
        await p.end();
    });
    test('leaving gives the slot back at once', async () => {
        await door.line(sale, { cap: 1 });
        const p = await arrive(), q = await arrive();
        const [inside, waiting] = await waitFor('one to be inside', () => (p.token ? [p, q] : q.token ? [q, p] : null));
        inside.send({ type: 'leave' });
        await waiting.got('admitted');
        assert.equal(await door.redis.zcard(key('inside')), 1);
        await Promise.all([p.end(), q.end()]);
    });
});

describe('a place survives', () => {
    const soon = { timeout: 3000 }; // from the wish to be back to the place
    test('a refresh, with the same admission', async () => {
        const p = await arrive();
        const { token } = await p.got('admitted');
        const { place } = p;
        p.again();
        const again = await p.got('admitted', undefined, soon);
        assert.equal(p.place, place);
        assert.equal(claims(again.token).jti, claims(token).jti);
        assert.equal(claims(again.token).granted, claims(token).granted);
        assert.equal((await door.line(sale)).counter, '1');
        await p.end();
    });
    test('another worker: the older tab is told, and the place is one', async () => {
        await door.line(sale, { rate: 0 });
        const p = await arrive(), q = await arrive();
        const tab = new Shopper(b.url, sale, { secret: p.secret, ticket: p.ticket, worker: p.worker }).connect();
        await tab.got('ticket', undefined, soon);
        assert.equal(tab.place, p.place);
        await p.got('superseded');
        await waitFor('the older tab to be closed', () => p.closed === 4001);
        await door.line(sale, { rate: 6000 });
        await tab.got('admitted');
        await q.got('admitted');
        assert.equal((await door.line(sale)).granted_total, '2');
        await Promise.all([tab.end(), q.end()]);
    });
    test('there and back, before the first worker has heard that the page went: the socket stays', async (t) => {
        await door.line(sale, { rate: 0 });
        const p = await arrive(), q = await arrive(), channel = `wr:worker:${p.workerId}`, said = [], ear = door.redis.duplicate();
        t.after(() => ear.disconnect());
        await ear.subscribe(channel);
        ear.on('message', (_, message) => said.push(message));
        await p.again(b.url).got('ticket');
        await waitFor('the first worker to be told', () => said.length === 1);
        await p.again(a.url).got('ticket');
        await door.redis.publish(channel, said[0]); // as if it came now
        await door.redis.publish(channel, `${sale.id} 0 ${q.place} ${q.visit}`);
        await waitFor('both to be heard', () => q.closed === 4001);
        p.send({ type: 'dance' });
        await p.got('error');
        await p.end();
    });
    test('a second tab on the same worker, with the ticket or before it had one', async () => {
        const p = await arrive();
        const tab = new Shopper(a.url, sale, { secret: p.secret, ticket: p.ticket }).connect();
        await tab.got('ticket', undefined, soon);
        await waitFor('the older tab to be closed', () => p.closed === 4001);
        assert.ok(p.messages.some((m) => m.type === 'superseded'));
        const third = new Shopper(a.url, sale, { secret: p.secret }).connect();
        await third.got('ticket');
        assert.equal(third.place, p.place);
        assert.equal((await door.line(sale)).counter, '1');
        await third.end();
    });
    test('a second tab after the turn, on the same worker: the older one is told, whichever way the newer comes', async () => {
        const p = await arrive();
        await p.got('admitted');
        await waitFor('the place to be spent', async () => (await door.redis.getbit(key(`spent:${sale.run}:0`), 1)) === 1);
        await door.redis.multi().hdel(key('admissions'), '1').zrem(key('inside'), '1').exec();
        p.again();
        await p.got('spent');
        const superseded = async (older) => {
            await waitFor('the older tab to be closed', () => older.closed === 4001);
            assert.ok(older.messages.some((m) => m.type === 'superseded'));
        };
        const paid = new Shopper(a.url, sale, { secret: p.secret, ticket: p.ticket }).connect();
        await superseded(p);
        await paid.got('spent');
        const anew = new Shopper(a.url, sale, { secret: p.secret }).connect(); // no ticket kept: a new place at the end
        await superseded(paid);
        assert.equal((await anew.got('ticket')).place, 2);
        const elsewhere = new Shopper(a.url, sale, { secret: p.secret, ticket: door.ticket({ run: sale.run, place: 7, shopper: p.shopper }) }).connect();
        await superseded(anew);
        assert.equal((await elsewhere.got('ticket')).place, 7);
        await elsewhere.end();
    });
    test('kill -9 of a worker with hundreds of shoppers: everybody is back at the same place within 3 s', async (t) => {
        const d = await door.serve({ args: ['--workers', '2'] });
        const s = await fresh({}, { rate: 60 }, [d]);
        await everyWorkerKnows(d.url, s);
        const crowd = [];
        while (crowd.length < 400) crowd.push(...await Promise.all(Array.from({ length: 50 }, () => arrive({}, d, s))));
        const places = new Map(crowd.map((p) => [p, p.place]));
        const workers = readdirSync('/proc').filter((f) => /^\d+$/.test(f)).filter((pid) => {
            try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3] === String(d.pid); } catch { return false; }
        });
        assert.equal(workers.length, 2);
        const load = new Load(() => [process.pid]);
        process.kill(Number(workers[0]), 'SIGKILL');
        const lost = await waitFor('sockets to be lost', () => { const l = crowd.filter((p) => p.closed); return l.length > 50 && l; });
        const began = performance.now();
        await Promise.all(lost.map(async (p) => {
            do { // the socket of the dead worker may still take connections for a moment
                p.joined = false;
                p.connect();
                await waitFor('a ticket or the end', () => p.closed || p.messages.some((m) => m.type === 'ticket'));
            } while (p.closed);
        }));
        load.holds(t, 'all back after kill -9, ms', performance.now() - began, 3000, 10_000);
        for (const p of lost) assert.equal(p.place, places.get(p));
        assert.equal((await door.line(s)).counter, '400');
        await Promise.all(crowd.map((p) => p.end()));
        assert.equal((await d.stop()).code, 0);
    });
    test('a process that is ended tells everybody to come back, closes with 1012 and exits', async () => {
        const d = await door.serve();
        const s = await fresh({}, {}, [d, a]);
        const p = await arrive({ deaf: true }, d, s);
        d.process.kill('SIGTERM');
        const { within_s } = await p.got('reconnect');
        assert.ok(within_s >= 1 && within_s < 10);
        await waitFor('the socket to be closed', () => p.closed === 1012);
        assert.equal((await d.ended).code, 0);
        const { place } = p;
        p.joined = false;
        await p.connect(a.url).got('ticket', undefined, soon);
        assert.equal(p.place, place);
        await p.end();
    });
    test('Redis lost with all it knew: sockets stay, the next generation takes the admissions in, the line goes on', async (t) => {
        const own = await startRedis(), far = new Door(own), d = await far.serve();
        t.after(() => far.close());
        const s = await far.publish({ id: 'lost' }, { cap: 1 });
        await far.known(d, s);
        const inside = await arrive({}, d, s);
        await inside.got('admitted');
        const waiting = await arrive({}, d, s);
        const line = await far.line(s);
        await waitFor('the entry to be known', async () => (await far.line(s)).entered_total === '1');
        await own.kill();
        await waiting.got('error', (m) => m.code === 'line-closed');
        await own.start();
        await far.redis.flushall();
        const ahead = Number(line.clock) + 1;
        await far.publish({ id: 'lost' }, { gen: 2, cap: 1, counter: 2, clock: ahead, level_at: ahead, live_at: ahead, time: Date.now() });
        await waitFor('the admission to be handed in', async () => (await far.redis.hlen('wr:{lost}:admissions')) === 1);
        assert.equal(await far.redis.getbit('wr:{lost}:spent:1:0', 1), 1);
        assert.equal(inside.closed ?? waiting.closed, null);
        await waitFor('both to be told that it goes on', () => [inside, waiting].every((p) => p.messages.findLastIndex((m) => m.type === 'sale') > p.messages.findLastIndex((m) => m.type === 'error')));
        await far.line(s, { cap: 2 });
        const { token } = await waiting.got('admitted');
        assert.equal(claims(token).jti, '1-2-0-2-0');
        await Promise.all([inside.end(), waiting.end()]);
        await d.stop();
    });
});

describe('what is told', () => {
    test('a change of message, mode or phase, to everybody without delay', async () => {
        const crowd = await Promise.all([arrive({ deaf: true }), arrive({ deaf: true }, b)]);
        await door.line(sale, { message: 'Back at ten ☕', mode: 'hold' });
        for (const p of crowd) assert.equal((await p.got('sale', (m) => m.mode === 'hold', { timeout: 5000 })).message, 'Back at ten ☕');
        await door.line(sale, { mode: 'queue', phase: 'sold_out', left: 0 });
        for (const p of crowd) assert.equal((await p.got('sale', (m) => m.phase === 'sold_out', { timeout: 5000 })).remaining, 0);
        await Promise.all(crowd.map((p) => p.end()));
    });
    test('while as many are inside as may be, nobody is told a time; when one of them goes, the next is let in', async () => {
        for (const limit of [{ cap: 1 }, { left: 1, left_at: 2 ** 52 }]) {
            sale = await fresh({}, limit);
            const inside = await arrive();
            await inside.got('admitted');
            const next = await arrive(), told = await next.got('position', (m) => m.limit === 'full');
            assert.deepEqual([told.ahead, told.eta_s], [0, null]);
            assert.equal(next.messages.some((m) => m.type === 'admitted'), false);
            inside.send({ type: 'leave' });
            await next.got('admitted');
            for (const p of [inside, next]) p.socket.terminate();
        }
    });
    test('while nobody is let in at all, nobody is told a time either', async () => {
        for (const limit of [{ rate: 0 }, { left: 9, left_at: 0 }]) {
            sale = await fresh({}, limit);
            const p = await arrive();
            assert.equal((await p.got('position', (m) => m.limit === 'stopped')).eta_s, null);
            p.socket.terminate();
        }
    });
    test('how many are ahead, by the table of all workers; the number never rises', async () => {
        const table = (version, width, ...counts) => {
            const bytes = Buffer.alloc(20 + 4 * counts.length);
            bytes.writeBigUInt64BE(BigInt(version), 0);
            bytes.writeBigUInt64BE(BigInt(width), 8);
            bytes.writeUInt32BE(counts.length, 16);
            counts.forEach((c, i) => bytes.writeUInt32BE(c, 20 + 4 * i));
            return door.redis.multi().set(key('table'), bytes).hset(key('line'), 'table_version', version).exec();
        };
        await door.line(sale, { counter: 99 });
        await table(1, 64, 40, 30);
        const p = await arrive({ deaf: true }); // nobody is admitted
        assert.equal(p.place, 100);
        const { eta_s, next_s } = await p.got('position', (m) => m.ahead === 56); // 40, and 36/64 of 30
        assert.ok(eta_s[0] <= 1 && eta_s[1] >= 2 && next_s > 0);

        const q = await arrive({ deaf: true });
        await q.got('position', (m) => m.ahead === 57);
        await table(2, 64, 4000, 3000);
        await q.got('position', (m) => m.eta_s[1] > 15); // of whom few answer, as the two show
        const shown = q.messages.filter((m) => m.type === 'position').map((m) => m.ahead);
        assert.deepEqual(shown, [...shown].sort((x, y) => y - x));
        await p.end();
        const record = await door.redis.hgetallBuffer(key('presence'));
        assert.equal(Object.keys(record).length, 1);
        await q.end();
    });
    test('an order with the longest payment link there is, read and told', async () => {
        const p = await arrive();
        await p.got('admitted');
        const id = '01890a5d-ac96-774b-bcce-b302099a8058', payment_url = 'https://pay.example/'.padEnd(1020, 'x');
        const record = { order_id: id, sale: sale.id, run: sale.run, sku: 'one', quantity: 1, shopper: p.shopper, lane: 0, place: 1, jti: 'of-another-admission', status: 'pending_payment', event: 3, hold: 'held', reserved_at: 1, payment_url, expires_at: 1795371440000, reason: 'r'.repeat(250) };
        await door.redis.multi().hset(`wr:{${sale.id}:0}:orders`, id, JSON.stringify(record)).hset(`wr:{${sale.id}:0}:orders_of`, p.shopper, id).exec();
        p.again(b.url);
        assert.equal((await p.got('order')).payment_url, payment_url);
        await p.end();
    });
    test('who joins anew while the turn is not over is told how it stands', async () => {
        const p = await arrive();
        await p.got('admitted');
        p.send({ type: 'join', secret: p.secret });
        const again = (type) => waitFor(`${type} again`, () => p.messages.filter((m) => m.type === type).length === 2);
        await again('ticket');
        await again('admitted');
        assert.equal(new Set(p.messages.filter((m) => m.type === 'ticket').map((m) => m.place)).size, 1);
        await p.end();
    });
    test('orders: read after the subscription, in force by event number, then `spent`', async () => {
        const p = await arrive();
        await p.got('admitted');
        const id = '01890a5d-ac96-774b-bcce-b302099a8057', jti = `${sale.run}-1-0-1-0`;
        const record = { order_id: id, sale: sale.id, run: sale.run, sku: 'one', quantity: 1, shopper: p.shopper, lane: 0, place: 1, jti, status: 'queued', event: 0, hold: 'held', reserved_at: 1 };
        const message = (fields) => ({ type: 'order', sale: sale.id, queue_ticket_id: id, sku: 'one', quantity: 1, status: 'queued', event: 0, ...fields });
        const channel = `wr:shopper:${p.shopper}`, tell = (fields) => door.redis.publish(channel, JSON.stringify(message(fields)));
        await waitFor('the subscription', async () => (await door.redis.pubsub('NUMSUB', channel))[1] === 1);
        await door.redis.multi().hset(`wr:{${sale.id}:0}:orders`, id, JSON.stringify(record)).hset(`wr:{${sale.id}:0}:orders_of`, p.shopper, id).exec();
        await tell({});
        assert.deepEqual(await p.got('order'), message({}));
        await tell({ status: 'pending_payment', event: 3, payment_url: 'https://pay.example/1', expires_at: 1795371440000 });
        await tell({ status: 'queued', event: 2 });
        await tell({ status: 'confirmed', event: 4 });
        await p.got('order', (m) => m.status === 'confirmed');
        assert.deepEqual(p.messages.filter((m) => m.type === 'order').map((m) => m.event), [0, 3, 4]);

        await door.redis.hset(`wr:{${sale.id}:0}:orders`, id, JSON.stringify({ ...record, status: 'confirmed', event: 4 }));
        await door.redis.multi().hdel(key('admissions'), '1').zrem(key('inside'), '1').setbit(key(`spent:${sale.run}:0`), 1, 1).exec();
        p.again(b.url);
        await p.got('spent');
        assert.deepEqual(p.messages.filter((m) => ['order', 'spent'].includes(m.type)).map((m) => m.status ?? m.type), ['confirmed', 'spent']);
        assert.ok(!p.messages.some((m) => m.type === 'admitted'));
        p.send({ type: 'join', secret: p.secret }); // anew
        await p.got('ticket', (m) => m.place > 1);
        await tell({ status: 'refunded', event: 6 });
        await p.got('order', (m) => m.status === 'refunded');
        await p.end();
        await waitFor('the subscription to end', async () => (await door.redis.pubsub('NUMSUB', channel))[1] === 0);
    });
});

describe('without a WebSocket', () => {
    const call = async (p, method, body, path = '') => {
        const answer = await fetch(`${a.url}/v1/sales/${sale.id}/queue${path}`, { method, headers: { 'waitroom-secret': p.secret, ...(p.ticket && method === 'GET' && { authorization: `Ticket ${p.ticket}` }),
            ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
        const json = await answer.json(), found = Object.fromEntries((json.messages ?? []).map((m) => [m.type, m]));
        if (found.ticket) p.ticket = found.ticket.ticket;
        return { status: answer.status, json, ...found };
    };
    test('joining, polling, the token and its keeping: the same messages', async () => {
        const p = await session(a.url);
        const first = await call(p, 'POST');
        assert.equal(first.status, 200);
        assert.deepEqual(first.json.messages.map((m) => m.type), ['sale', 'ticket', 'position']);
        assert.equal(first.ticket.place, 1);
        const told = await waitFor('the token', async () => { const poll = await call(p, 'GET'); return poll.admitted && poll; });
        assert.ok(told.json.next_s <= 2);
        assert.equal(claims(told.admitted.token).sub, p.shopper);
        const { jti } = claims(told.admitted.token), entered = () => metric(a.url, 'wr_line_admissions_total{step="entered"}'), until_now = await entered();
        for (const kept of ['', '?kept=', '?kept=another', `?kept=${jti}0`, `?kept=${jti.repeat(20)}`]) await call(p, 'GET', undefined, kept);
        assert.equal(await entered(), until_now, 'asking again does not say that it is kept');
        await call(p, 'GET', undefined, `?kept=${jti}`);
        await waitFor('the place to be spent', async () => (await door.redis.getbit(key(`spent:${sale.run}:0`), 1)) === 1);
        const socket = new Shopper(a.url, sale, { secret: p.secret, ticket: p.ticket }).connect();
        await socket.got('admitted');
        await socket.end();
    });
    test('the ticket keeps the range that was told at joining', async () => {
        await door.line(sale, { rate: 60, live_at: Date.now() + 3_600_000, counter: 30, message: 'slow' }); // it only listens: nobody is admitted
        await door.known(a, sale, (s) => s.message === 'slow');
        const p = await session(a.url), told = (m) => m.ticket.ticket.split('.').slice(8, 10).map(Number);
        const first = await call(p, 'POST');
        assert.deepEqual(told(first), first.position.eta_s);
        assert.ok(first.position.eta_s[1] > 30);
        await door.line(sale, { rate: 6000 });
        const later = await waitFor('a shorter wait', async () => { const poll = await call(p, 'GET'); return poll.position.eta_s[1] < 10 && poll; });
        assert.deepEqual(told(later), first.position.eta_s);
    });
    test('a poll that comes to another worker is one shopper, who has left both when they leave', async () => {
        const [c, d] = [await door.serve(), await door.serve()], s = await fresh({}, { rate: 0 }, [c, d]), p = await session(c.url);
        const headers = { 'waitroom-secret': p.secret, 'content-type': 'application/json' };
        const ask = async (at, path, options) => (await (await fetch(`${at.url}/v1/sales/${s.id}/queue${path}`, options)).json()).messages?.find((m) => m.type === 'ticket');
        const here = await ask(c, '', { method: 'POST', headers, body: '{}' });
        const pollers = async (at) => metric(at.url, 'wr_line_pollers');
        await waitFor('one poller', async () => (await pollers(c)) === 1);
        const there = await ask(d, `?was=${here.worker}`, { headers: { ...headers, authorization: `Ticket ${here.ticket}` } });
        assert.equal(there.place, here.place);
        await waitFor('the first worker to forget', async () => (await pollers(c)) === 0 && (await pollers(d)) === 1);
        await ask(c, '', { method: 'POST', headers, body: JSON.stringify({ ticket: there.ticket, was: there.worker, say: 'leave' }) });
        await waitFor('both to forget', async () => (await pollers(c)) === 0 && (await pollers(d)) === 0);
        await Promise.all([c.stop(), d.stop()]);
    });
    // A page that polls; each request on a connection of its own comes to any worker.
    class Poller {
        constructor(daemon, s) { Object.assign(this, { daemon, s, headers: { 'content-type': 'application/json' }, workers: new Set() }); }
        async ask(query = {}, body) {
            const path = `/v1/sales/${this.s.id}/queue?${new URLSearchParams({ ...(this.worker && { was: this.worker }), ...query })}`;
            const { messages, next_s } = JSON.parse(await once(this.daemon.url + path, { method: body ? 'POST' : 'GET', headers: { ...this.headers, ...(!body && { authorization: `Ticket ${this.ticket}` }) } },
                body && JSON.stringify({ ...(this.ticket && { ticket: this.ticket, was: this.worker }), ...body })));
            const told = Object.fromEntries(messages.map((m) => [m.type, m]));
            if (told.ticket) Object.assign(this, { ticket: told.ticket.ticket, worker: told.ticket.worker, place: told.ticket.place });
            this.workers.add(this.worker.split('-')[0]);
            return { ...told, next_s };
        }
        async join() {
            const { secret, shopper } = await session(this.daemon.url);
            Object.assign(this, { shopper, headers: { ...this.headers, 'waitroom-secret': secret } });
            await this.ask({}, {});
            return this;
        }
        // Polls once more where a worker told what it had, for Redis did not answer it within a second.
        told(fits, query) {
            return waitFor('a poll that Redis answered', async () => {
                const began = performance.now(), told = await this.ask(query);
                return (fits(told) || performance.now() - began < 1000) && told;
            }, { timeout: 30_000 });
        }
        // Polls when it is told to, until what it is told fits.
        async until(what, fits) {
            for (const end = Date.now() + 40_000; Date.now() < end;) {
                const told = await this.ask();
                if (fits(told)) return told;
                await new Promise((done) => setTimeout(done, told.next_s * 1000));
            }
            throw new Error(`${what} never came to place ${this.place}`);
        }
    }
    describe('at many workers, each poll comes to any', () => {
        let many, s;
        before(async () => { many = await door.serve({ args: ['--workers', '4'] }); });
        after(() => many.stop());
        const opens = async (line) => {
            s = await fresh({}, { called: 1000, ...line }, [many]); // all who come are called, whichever worker they come to
            await everyWorkerKnows(many.url, s);
        };
        test('who polls keeps the token told and enters; nobody lets one fall', async () => {
            await opens({ rate: 600 });
            const crowd = await Promise.all(Array.from({ length: 40 }, () => new Poller(many, s).join()));
            await Promise.all(crowd.map(async (p) => {
                const { token } = (await p.until('a token', (told) => told.admitted)).admitted, kept = claims(token).jti;
                for (let i = 0; i < 8; i++) {
                    const told = await p.told((m) => m.admitted, { kept });
                    assert.equal(claims(told.admitted.token).jti, kept, `poll ${i} brings it`);
                }
            }));
            assert.ok(crowd.every((p) => p.workers.size > 1), 'each was heard by several workers');
            await waitFor('all to have entered', async () => (await door.line(s)).entered_total === '40');
            const { granted_total, returned_total } = await door.line(s);
            assert.deepEqual([granted_total, returned_total, await door.redis.hlen(key('fallen', s))], ['40', '0', 0]);
        });
        test('who let a token fall is asked for a person by whichever worker, and one word is enough for all', async () => {
            await opens({ rate: 6000 });
            const p = await new Poller(many, s).join();
            await p.until('a token', (told) => told.admitted);
            await waitFor('the token to fall', async () => (await door.redis.hget(key('fallen', s), p.place)) === '1', { timeout: 20_000 });
            for (let i = 0; i < 12; i++) assert.ok((await p.told((m) => m.called)).called?.again, `poll ${i} asks for a person`);
            await door.line(s, { mode: 'hold' });
            await p.ask({}, { again: true });
            await waitFor('the word to be there for all', async () => (await door.redis.hget(key('vouched', s), p.place)) === '1');
            for (let i = 0; i < 12; i++) assert.equal((await p.ask()).called, undefined, `poll ${i} does not ask again`);
            await door.line(s, { mode: 'queue' });
            const { token } = (await p.until('another token', (told) => told.admitted)).admitted;
            assert.equal(claims(token).jti, `${s.run}-1-0-${p.place}-1`);
            assert.ok(p.workers.size > 1);
        });
        test('who leaves gives up the token that they have, at whichever worker', async () => {
            await opens({ rate: 6000 });
            const crowd = await Promise.all(Array.from({ length: 8 }, () => new Poller(many, s).join()));
            await Promise.all(crowd.map(async (p) => {
                const { token } = (await p.until('a token', (told) => told.admitted)).admitted;
                await p.ask({}, { say: 'leave', kept: claims(token).jti });
            }));
            await waitFor('the slots', async () => (await door.redis.zcard(key('inside', s))) === 0, { timeout: 6000 }); // sooner than the tokens fall
        });
        test('who was spent is told the order, then that, by whichever worker', async () => {
            await opens({ rate: 6000 });
            const p = await new Poller(many, s).join(), { token } = (await p.until('a token', (told) => told.admitted)).admitted, { jti } = claims(token);
            const id = '01890a5d-ac96-774b-bcce-b302099a8057', of = (name) => `wr:{${s.id}:0}:${name}`;
            await door.redis.multi().hset(of('orders'), id, JSON.stringify({ order_id: id, sale: s.id, run: s.run, sku: 'one', quantity: 1, shopper: p.shopper, lane: 0, place: p.place, jti,
                status: 'confirmed', event: 4, hold: 'sold', reserved_at: 1 })).hset(of('orders_of'), p.shopper, id)
                .hdel(key('admissions', s), p.place).zrem(key('inside', s), p.place).setbit(key(`spent:${s.run}:0`, s), p.place, 1).exec();
            await p.until('the end', (told) => told.spent);
            for (let i = 0; i < 12; i++) {
                const told = await p.told((m) => m.spent);
                assert.deepEqual([told.order?.status, told.spent?.type], ['confirmed', 'spent'], `poll ${i}`);
            }
            assert.ok(p.workers.size > 1);
        });
    });
    test('who was blocked and joins with the ticket once the block is lifted is in the line again', async () => {
        await door.line(sale, { mode: 'hold' });
        const p = await session(a.url), { place } = (await call(p, 'POST')).ticket;
        const blocked = () => waitFor('the block to be told', async () => (await call(p, 'GET')).error?.code === 'blocked');
        await door.redis.hset(key('blocked'), place, 'robot');
        await door.line(sale, { called: place });
        await blocked();
        assert.equal((await call(p, 'POST', { ticket: p.ticket })).error?.code, 'blocked');
        await door.redis.hdel(key('blocked'), place);
        await blocked();
        const again = await call(p, 'POST', { ticket: p.ticket });
        assert.deepEqual([again.error, again.ticket.place, again.position?.type], [undefined, place, 'position']);
        await door.line(sale, { mode: 'queue' });
        await waitFor('the token', async () => (await call(p, 'GET')).admitted);
    });
    test('leaving gives the slot back', async () => {
        const p = await session(a.url);
        await call(p, 'POST');
        await waitFor('the token', async () => (await call(p, 'GET')).admitted);
        assert.equal((await call(p, 'POST', { ticket: p.ticket, say: 'leave' })).status, 200);
        await waitFor('the slot', async () => (await door.redis.zcard(key('inside'))) === 0);
    });
});

describe('pages', () => {
    const get = (path, headers = {}) => new Promise((done) => request(a.url + path, { headers }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part)).on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    }).end());
    test('the page is the same bytes for all, in the smallest form the browser takes', async () => {
        const plain = await get(`/s/${sale.id}`), br = await get(`/s/${sale.id}`, { 'accept-encoding': 'gzip, deflate, br' }), gz = await get(`/s/${sale.id}`, { 'accept-encoding': 'gzip, br;q=0' });
        assert.equal(plain.body.toString(), door.page);
        assert.equal(brotliDecompressSync(br.body).toString(), door.page);
        assert.deepEqual([plain, br, gz].map((r) => r.headers['content-encoding']), [undefined, 'br', 'gzip']);
        for (const r of [plain, br, gz]) {
            assert.match(r.headers.vary, /accept-encoding/i);
            assert.equal(r.headers.etag, plain.headers.etag);
            assert.equal(r.headers['content-type'], 'text/html; charset=utf-8');
        }
        assert.equal(plain.headers['content-security-policy'], "frame-ancestors 'self'", 'no other site lays itself over it');
        assert.equal((await get(`/s/${sale.id}`, { 'if-none-match': plain.headers.etag })).status, 304);
        assert.equal(plain.headers['cache-control'], 'public, max-age=60');
        const missing = await get('/s/nothing');
        assert.deepEqual([missing.status, missing.headers['cache-control']], [404, 'no-store']);
        const asset = await get('/assets/a-1.js');
        assert.match(asset.headers['cache-control'], /immutable/);
        for (const path of ['/assets/../index.html', '/assets/a-1.js.br', '/assets/', '/assets/%2e%2e/index.html']) assert.ok([400, 404].includes((await get(path)).status), path);
    });
    test('the sale, cacheable, with what is true of it now; the time, never cached', async () => {
        const answer = await get(`/v1/sales/${sale.id}`), document = JSON.parse(answer.body);
        assert.deepEqual([document.id, document.phase, document.mode, document.message, document.remaining, document.skus[0].sku], [sale.id, 'live', 'queue', '', null, 'one']);
        assert.equal((await get(`/v1/sales/${sale.id}`, { 'if-none-match': answer.headers.etag })).status, 304);
        await door.line(sale, { left: 7 });
        await door.known(a, sale, (s) => s.remaining === 7);
        assert.notEqual((await get(`/v1/sales/${sale.id}`)).headers.etag, answer.headers.etag);
        assert.equal((await get('/v1/sales/nothing')).status, 404);
        const time = await get('/v1/time');
        assert.equal(time.headers['cache-control'], 'no-store');
        assert.ok(Math.abs(JSON.parse(time.body).now - Date.now()) < 1000);
    });
    test('a session is a cookie, in the body only where cookies are refused, and an existing one stays', async () => {
        const open = (headers, body) => fetch(`${a.url}/v1/session`, { method: 'POST', headers: { ...(body && { 'content-type': 'application/json' }), ...headers }, body });
        const first = await open({}), cookie = first.headers.get('set-cookie'), { shopper, secret } = await first.json();
        assert.match(cookie, /^waitroom=[\w-]{22}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
        assert.equal(secret, undefined);
        assert.equal(first.headers.get('cache-control'), 'no-store');
        assert.equal((await (await open({ cookie: cookie.split(';')[0] })).json()).shopper, shopper);
        assert.notEqual((await (await open({ cookie: 'waitroom=abc' })).json()).shopper, shopper);
        const asked = JSON.stringify({ cookie: false });
        assert.match((await (await open({ cookie: 'waitroom=abc' }, asked)).json()).secret, /^[\w-]{22}$/);
        assert.deepEqual(await (await open({ cookie: cookie.split(';')[0] }, asked)).json(), { shopper }, 'no script is told what came in a cookie');
        const p = new Shopper(a.url, sale, { headers: { cookie: cookie.split(';')[0] } }).connect();
        await p.got('sale');
        p.send({ type: 'join' });
        await p.got('ticket');
        assert.ok(p.ticket.includes(shopper));
        await p.end();
    });
});
