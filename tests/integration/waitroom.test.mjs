// waitroomd against a real Redis: a place survives whatever happens to sockets, workers and Redis, and nothing a client
// sends moves anything it should not.
import { after, before, beforeEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { request } from 'node:http';
import WebSocket from 'ws';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, Shopper, metric, origin, session } from '../lib/door.mjs';
import { waitFor } from '../lib/wait.mjs';

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
const refusals = (d, code) => metric(d.url, `wr_refusals_total{problem="${code}"}`);

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
    test('before the start, after the end and in mode reject nobody gets a number, and is told why', async () => {
        for (const [line, code] of [[{ phase: 'scheduled' }, 'not-open'], [{ phase: 'ended' }, 'sale-ended'], [{ mode: 'reject' }, 'busy']]) {
            const s = await fresh({}, line), counted = await refusals(a, code), { secret } = await session(a.url);
            const p = new Shopper(a.url, s, { secret }).connect();
            const error = await p.got('error');
            assert.equal(error.code, code);
            assert.ok(error.detail.length > 10);
            assert.equal((await door.line(s)).counter, '0');
            assert.equal(await refusals(a, code), counted + 1);
            await p.end();
        }
    });
    test('who lets a token fall is asked for a person, and gets another one then', async () => {
        const p = await arrive({ lazy: true });
        const first = (await p.got('admitted')).token;
        await p.got('called', (m) => m.again, { timeout: 15_000 });
        await waitFor('the row to go', async () => (await door.redis.hlen(key('admissions'))) === 0);
        p.messages = [];
        p.send({ type: 'here' });
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
    test('a blocked and a passed place are told so', async () => {
        await door.redis.hset(key('blocked'), '1', 'fraud');
        const p = await arrive();
        await p.got('error', (m) => m.code === 'blocked');
        await door.line(sale, { called: 50, front: 50 });
        await door.redis.zadd(key('fronts'), 50, String(Date.now() - 700_000));
        const q = await arrive();
        await q.got('error', (m) => m.code === 'place-passed');
        await Promise.all([p.end(), q.end()]);
    });
});

describe('a place survives', () => {
    test('a refresh, with the same admission', async () => {
        const p = await arrive();
        const { token } = await p.got('admitted');
        const { place } = p;
        p.again();
        const again = await p.got('admitted');
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
        await tab.got('ticket');
        assert.equal(tab.place, p.place);
        await p.got('superseded');
        await waitFor('the older tab to be closed', () => p.closed === 4001);
        await door.line(sale, { rate: 6000 });
        await tab.got('admitted');
        await q.got('admitted');
        assert.equal((await door.line(sale)).granted_total, '2');
        await Promise.all([tab.end(), q.end()]);
    });
    test('a second tab on the same worker, with the ticket or before it had one', async () => {
        const p = await arrive();
        const tab = new Shopper(a.url, sale, { secret: p.secret, ticket: p.ticket }).connect();
        await tab.got('ticket');
        await waitFor('the older tab to be closed', () => p.closed === 4001);
        assert.ok(p.messages.some((m) => m.type === 'superseded'));
        const third = new Shopper(a.url, sale, { secret: p.secret }).connect();
        await third.got('ticket');
        assert.equal(third.place, p.place);
        assert.equal((await door.line(sale)).counter, '1');
        await third.end();
    });
    test('kill -9 of a worker with hundreds of shoppers: everybody is back at the same place within 3 s', async () => {
        const d = await door.serve({ args: ['--workers', '2'] });
        const s = await fresh({}, { rate: 60 }, [d]);
        const crowd = await Promise.all(Array.from({ length: 400 }, () => arrive({}, d, s)));
        const places = new Map(crowd.map((p) => [p, p.place]));
        const workers = readdirSync('/proc').filter((f) => /^\d+$/.test(f)).filter((pid) => {
            try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3] === String(d.pid); } catch { return false; }
        });
        assert.equal(workers.length, 2);
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
        assert.ok(performance.now() - began < 3000, `${performance.now() - began} ms`);
        for (const p of lost) assert.equal(p.place, places.get(p));
        assert.equal((await door.line(s)).counter, '400');
        await Promise.all(crowd.map((p) => p.end()));
        assert.equal((await d.stop()).code, 0);
    });
    test('a process that is ended tells everybody to come back, closes with 1012 and exits', async () => {
        const d = await door.serve();
        const s = await fresh({}, {}, [d]);
        const p = await arrive({ deaf: true }, d, s);
        d.process.kill('SIGTERM');
        const { within_s } = await p.got('reconnect');
        assert.ok(within_s >= 1 && within_s < 10);
        await waitFor('the socket to be closed', () => p.closed === 1012);
        assert.equal((await d.ended).code, 0);
        const { place } = p;
        p.joined = false;
        await p.connect(a.url).got('ticket');
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

describe('what a client may not', () => {
    const tries = [
        ['forged', (p) => p.ticket.slice(0, -4) + 'AAAA'],
        ['signed with another key', (p) => door.ticket({ run: sale.run, shopper: p.shopper }, randomBytes(32))],
        ['with an unknown key id', (p) => door.ticket({ run: sale.run, shopper: p.shopper, kid: 't9' })],
        ['of another run', (p) => door.ticket({ run: sale.run + 1000, shopper: p.shopper })],
        ['of another browser', () => door.ticket({ run: sale.run, shopper: 'f'.repeat(32) })],
        ['of another lane', (p) => door.ticket({ run: sale.run, lane: 3, shopper: p.shopper })],
        ['of a place that does not exist', (p) => door.ticket({ run: sale.run, place: 0, shopper: p.shopper })],
        ['that was moved', (p) => door.ticket({ run: sale.run, moves: 1, shopper: p.shopper })],
        ['of another shape', () => 'wt1.a.b'],
    ];
    for (const [what, make] of tries) {
        test(`a ticket ${what} is refused, counted, and gives no place`, async () => {
            await door.line(sale, { rate: 0 });
            const p = await arrive(), counted = await refusals(a, 'ticket-invalid');
            const thief = new Shopper(a.url, sale, { secret: p.secret, ticket: make(p) }).connect();
            assert.equal((await thief.got('error')).code, 'ticket-invalid');
            assert.ok(!thief.messages.some((m) => m.type === 'ticket'));
            assert.equal(p.closed, null);
            assert.equal((await door.line(sale)).counter, '1');
            assert.equal(await refusals(a, 'ticket-invalid'), counted + 1);
            const answer = await fetch(`${a.url}/v1/sales/${sale.id}/queue`, { headers: { authorization: `Ticket ${make(p)}`, 'waitroom-secret': p.secret } });
            assert.equal(answer.status, 401);
            assert.equal((await answer.json()).type, '/problems/ticket-invalid');
            await Promise.all([p.end(), thief.end()]);
        });
    }
    test('a right ticket with another secret is refused', async () => {
        await door.line(sale, { rate: 0 });
        const p = await arrive(), { secret } = await session(a.url);
        const thief = new Shopper(b.url, sale, { secret, ticket: p.ticket }).connect();
        assert.equal((await thief.got('error')).code, 'ticket-invalid');
        await Promise.all([p.end(), thief.end()]);
    });
    test('messages that are none are refused and counted, and ten of them close the socket', async () => {
        const bad = ['', '{', '[]', '"join"', '{"type":1}', '{"type":"sing"}', '{}', '{"type":"join","ticket":7}', `{"type":"join","ticket":"${'x'.repeat(300)}"}`,
            '{"type":"here","type":"here"}', '{"type":"join","secret":"not a secret"}'];
        const counted = await metric(a.url, 'wr_line_bad_messages_total');
        const p = new Shopper(a.url, sale).connect();
        await p.got('sale');
        for (let i = 0; i < bad.length; i++) {
            p.send(bad[i]);
            const errors = await waitFor(`the answer to ${bad[i]}`, () => { const e = p.messages.filter((m) => m.type === 'error'); return e.length > i && e; });
            assert.ok(['malformed', 'invalid', 'unauthenticated'].includes(errors[i].code), `${bad[i]}: ${errors[i].code}`);
        }
        assert.equal(await metric(a.url, 'wr_line_bad_messages_total'), counted + 10);
        assert.equal(p.closed, null);
        p.send('{');
        await waitFor('the socket to be closed', () => p.closed === 1008);
        const empty = new Shopper(a.url, sale).connect();
        await empty.got('sale');
        empty.send({ type: 'join' });
        assert.equal((await empty.got('error')).code, 'unauthenticated');
        empty.send({ type: 'here' });
        empty.send({ type: 'entered' });
        empty.send({ type: 'leave' });
        assert.equal((await door.line(sale)).counter, '0');
        await empty.end();
    });
    test('too long, not text, not UTF-8, too many: closed with the code that says so', async () => {
        for (const [what, send, code] of [
            ['too long', (s) => s.send(JSON.stringify({ type: 'join', x: 'y'.repeat(4000) })), 1009],
            ['binary', (s) => s.send(Buffer.from('{"type":"here"}')), 1003],
            ['not UTF-8', (s) => s.send(Buffer.from([0xc3, 0x28]), { binary: false }), 1007],
            ['a flood', (s) => { for (let i = 0; i < 200; i++) s.send('{"type":"here"}'); }, 1008],
        ]) {
            const p = new Shopper(a.url, sale).connect();
            await p.got('sale');
            send(p.socket);
            await waitFor(`${what} to be closed with ${code}, not ${p.closed}`, () => p.closed === code);
        }
        assert.ok((await fetch(`${a.url}/healthz`)).ok);
    });
    test('a wrong origin, a missing subprotocol and an unknown sale get no socket', async () => {
        const refused = (path, protocol, headers) => new Promise((done) => {
            const socket = new WebSocket(a.url.replace('http', 'ws') + path, protocol, { headers });
            socket.on('unexpected-response', (_, response) => done(response.statusCode));
            socket.on('open', () => { done('open'); socket.close(); });
            socket.on('error', () => undefined);
        });
        assert.equal(await refused(`/v1/sales/${sale.id}/queue`, 'waitroom.v1', { origin: 'https://evil.example' }), 403);
        assert.equal(await refused(`/v1/sales/${sale.id}/queue`, undefined, { origin }), 426);
        assert.equal(await refused('/v1/sales/nothing/queue', 'waitroom.v1', { origin }), 404);
        assert.equal(await refused(`/v1/sales/${sale.id}/queue`, 'waitroom.v1', { origin }), 'open');
    });
});

describe('what is told', () => {
    test('a change of message, mode or phase within a second, to everybody', async () => {
        const crowd = await Promise.all([arrive({ deaf: true }), arrive({ deaf: true }, b)]);
        await door.line(sale, { message: 'Back at ten ☕', mode: 'hold' });
        for (const p of crowd) assert.equal((await p.got('sale', (m) => m.mode === 'hold', { timeout: 1500 })).message, 'Back at ten ☕');
        await door.line(sale, { mode: 'queue', phase: 'sold_out', left: 0 });
        for (const p of crowd) assert.equal((await p.got('sale', (m) => m.phase === 'sold_out', { timeout: 1500 })).remaining, 0);
        await Promise.all(crowd.map((p) => p.end()));
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
        await door.line(sale, { counter: 99, left: 0 }); // nobody is admitted
        await table(1, 64, 40, 30);
        const p = await arrive();
        assert.equal(p.place, 100);
        const { eta_s, next_s } = await p.got('position', (m) => m.ahead === 56); // 40, and 36/64 of 30
        assert.ok(eta_s[0] <= 1 && eta_s[1] >= 2 && next_s > 0);

        const q = await arrive();
        await q.got('position', (m) => m.ahead === 57);
        await table(2, 64, 4000, 3000);
        await q.got('position', (m) => m.eta_s[1] > 60);
        const shown = q.messages.filter((m) => m.type === 'position').map((m) => m.ahead);
        assert.deepEqual(shown, [...shown].sort((x, y) => y - x));
        await p.end();
        const record = await door.redis.hgetallBuffer(key('presence'));
        assert.equal(Object.keys(record).length, 1);
        await q.end();
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
        await call(p, 'GET'); // whoever asks again has got it
        await waitFor('the place to be spent', async () => (await door.redis.getbit(key(`spent:${sale.run}:0`), 1)) === 1);
        const socket = new Shopper(a.url, sale, { secret: p.secret, ticket: p.ticket }).connect();
        await socket.got('admitted');
        await socket.end();
    });
    test('leaving, and what is refused', async () => {
        const p = await session(a.url);
        assert.equal((await call({ secret: 'none' }, 'POST')).status, 401);
        assert.equal((await call(p, 'GET')).status, 401);
        await call(p, 'POST');
        await waitFor('the token', async () => (await call(p, 'GET')).admitted);
        assert.equal((await call(p, 'POST', { ticket: p.ticket, say: 'leave' })).status, 200);
        await waitFor('the slot', async () => (await door.redis.zcard(key('inside'))) === 0);
        assert.equal((await call(p, 'POST', { ticket: 3 })).status, 422);
        await door.line(sale, { phase: 'scheduled' });
        await door.known(a, sale, (s) => s.phase === 'scheduled');
        assert.equal((await call(await session(a.url), 'POST')).json.type, '/problems/not-open');
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
        assert.equal((await get(`/s/${sale.id}`, { 'if-none-match': plain.headers.etag })).status, 304);
        assert.equal((await get('/s/nothing')).status, 404);
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
        assert.equal((await open({ origin: 'https://evil.example' })).status, 403);
        assert.equal((await open({}, '{"cookie":"no"}')).status, 422);
        assert.equal((await open({}, '[')).status, 400);
        const p = new Shopper(a.url, sale, { headers: { cookie: cookie.split(';')[0] } }).connect();
        await p.got('sale');
        p.send({ type: 'join' });
        await p.got('ticket');
        assert.ok(p.ticket.includes(shopper));
        await p.end();
    });
});
