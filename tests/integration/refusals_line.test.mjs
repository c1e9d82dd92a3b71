// What the line refuses on its WebSocket: handshakes, frames, messages, tickets. Each says why and what to do next, is counted, and changes nothing.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { asyncapi, checkMessage } from '../lib/contract.mjs';
import { Door, origin, session } from '../lib/door.mjs';
import { metric } from '../lib/metrics.mjs';
import { Watch, assertUnchanged, problems } from '../lib/refusals.mjs';
import { waitFor } from '../lib/wait.mjs';
import { Witnesses } from '../lib/witness.mjs';
import { Wire, frame, openSocket, request, upgradeRequest } from '../lib/wire.mjs';

let door, d, sale, path, watch, number = 0;
const witnesses = new Witnesses();
before(async () => {
    door = new Door(await startRedis());
    d = await door.serve();
});
after(async () => { witnesses.close(); door?.close(); await stopAll(); });

// A sale of its own, where nobody is admitted; `path` and `watch` are its.
async function fresh(line = {}, daemon = d) {
    sale = await door.publish({ id: `sale-${++number}`, run: number }, { rate: 0, ...line });
    await door.known(daemon, sale);
    path = `/v1/sales/${sale.id}/queue`;
    watch = new Watch({ url: daemon.url, redis: door.redis, keys: `wr:{${sale.id}*` });
}
async function arrive(daemon = d) {
    const { secret, shopper } = await session(daemon.url);
    const p = witnesses.open(daemon.url, sale, { secret }).connect();
    p.shopper = shopper;
    await p.got('ticket');
    return p;
}
// Tries to join with what a thief has; the message `error` that comes.
async function join(options, daemon = d) {
    const p = witnesses.open(daemon.url, sale, options).connect();
    try { return await p.got('error'); } finally {
        assert.ok(!p.messages.some(({ type }) => type === 'ticket'));
        p.socket.terminate();
    }
}

describe('an opening handshake', () => {
    before(() => fresh());
    const shake = (headers = {}, { at = path, method, daemon = d, more = '' } = {}) => Wire.open(daemon.port).then(async (wire) => {
        const answer = await wire.send(upgradeRequest(at, { Origin: origin, ...headers }, method)).send(more).answer();
        wire.destroy();
        return answer;
    });
    const cases = [
        ['of another origin', () => shake({ Origin: 'https://evil.example' }), 'origin-not-allowed'],
        ['of the origin null', () => shake({ Origin: 'null' }), 'origin-not-allowed'],
        ['of an origin that only begins like ours', () => shake({ Origin: `${origin}.evil.example` }), 'origin-not-allowed'],
        ['without an origin', () => shake({ Origin: null }), 'origin-not-allowed'],
        ['with another subprotocol', () => shake({ 'Sec-WebSocket-Protocol': 'waitroom.v2, chat' }), 'upgrade-required'],
        ['without a subprotocol', () => shake({ 'Sec-WebSocket-Protocol': null }), 'upgrade-required'],
        ['of another version', () => shake({ 'Sec-WebSocket-Version': 8 }), 'upgrade-required'],
        ['with a key that is none', () => shake({ 'Sec-WebSocket-Key': 'short' }), 'malformed'],
        ['with a body', () => shake({ 'Content-Length': 2 }, { more: '{}' }), 'malformed'],
        ['by POST', () => shake({}, { method: 'POST' }), 'method-not-allowed'],
        ['for a sale that is not known', () => shake({}, { at: '/v1/sales/no-such-sale/queue' }), 'unknown-sale'],
        ['for a sale whose name cannot be', () => shake({}, { at: '/v1/sales/No_Sale/queue' }), 'unknown-sale'],
        ['at an address where nobody listens', () => shake({}, { at: '/v1/line' }), 'not-found'],
    ];
    for (const [what, act, type] of cases) test(`${what} is refused: ${type}`, async () => {
        const sockets = await metric(d.url, 'wr_line_sockets');
        await watch.refused(act, { type });
        assert.equal(await metric(d.url, 'wr_line_sockets'), sockets);
    });
    test('past the sockets that a worker holds is told that it is busy', async () => {
        const small = await door.serve({ args: ['--sockets-max', '1'] }), options = { Origin: origin };
        await fresh({}, small);
        const first = await openSocket(small.port, path, options);
        await watch.refused(() => shake({}, { daemon: small }), { type: 'busy' });
        first.destroy();
        await waitFor('room for one', async () => { (await openSocket(small.port, path, options)).destroy(); return true; });
        await small.stop();
    });
    test('and a poll at a worker that is about to end are told to go to another one', async () => {
        const leaving = await door.serve({ args: ['--drain-ms', 60_000] }), secret = (await session(leaving.url)).secret;
        await fresh({}, leaving);
        const release = await door.lingers(leaving);
        leaving.process.kill('SIGTERM');
        await waitFor('it to drain', () => /msg="?draining/.test(leaving.log()));
        await watch.refused(() => shake({}, { daemon: leaving }), { type: 'draining' });
        await watch.refused(() => fetch(leaving.url + path, { headers: { 'waitroom-secret': secret, authorization: 'Ticket x' } }), { type: 'draining' });
        await release();
        assert.equal((await leaving.ended).code, 0);
    });
});

describe('a frame', () => {
    before(() => fresh());
    // The socket after `bytes`: what it was told, and the code it was closed with.
    async function ends(bytes) {
        const wire = await openSocket(d.port, path, { Origin: origin }), said = [];
        await wire.frame(); // `sale`
        wire.send(bytes);
        for (;;) {
            const { opcode, payload, text } = await wire.frame();
            if (opcode === 1) { const m = JSON.parse(text); checkMessage(m); witnesses.note(m); said.push(m); }
            if (opcode !== 8) continue;
            wire.send(frame(8, payload)); // the answer, so that the server need not wait
            await wire.closed();
            return { said: said.filter(({ type }) => type === 'error'), code: payload.readUInt16BE(0) };
        }
    }
    const cases = [
        ['with binary content', frame(2, '{"type":"here"}'), 1003, 'media-type'],
        ['that is not UTF-8', frame(1, Buffer.from('{"type":"\xff"}', 'latin1')), 1007, 'malformed'],
        ['that ends in the middle of a character', frame(1, Buffer.from([0xe2, 0x82])), 1007, 'malformed'],
        ['that is too long', frame(1, JSON.stringify({ type: 'join', x: 'y'.repeat(4000) })), 1009, 'too-large'],
        ['that is too long in pieces', Buffer.concat([frame(1, 'y'.repeat(2000), { final: false }), frame(0, 'y'.repeat(2000))]), 1009, 'too-large'],
        ['that announces a gigabyte', frame(1, 'y'.repeat(1000), { announce: 1_000_000_000 }), 1009, 'too-large'],
        ['of a kind that does not exist', frame(3, 'x'), 1002, 'malformed'],
        ['that goes on where nothing began', frame(0, 'x'), 1002, 'malformed'],
        ['that begins in the middle of another', Buffer.concat([frame(1, 'a', { final: false }), frame(1, 'b')]), 1002, 'malformed'],
        ['with reserved bits', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002, 'malformed'],
        ['of a ping in pieces', frame(9, 'x', { final: false }), 1002, 'malformed'],
    ];
    for (const [what, bytes, closes, type] of cases) test(`${what} ends its socket with ${closes}, is told and counted`, async () => {
        await watch.refused(() => ends(bytes), { type, counted: closes === 1002 ? [] : ['wr_line_bad_messages_total'], shape: ({ said, code }) => {
            assert.equal(code, closes);
            const told = closes === 1002 ? [] : [[type, problems.get(type).next]]; // 1002 is libwebsockets' own end, and its close frame says why
            assert.deepEqual(said.map(({ code: slug, next }) => [slug, next]), told);
        } });
    });
    test('after frame without end is a flood: refused, counted, closed', async () => {
        await watch.refused(() => ends(Buffer.concat(Array.from({ length: 200 }, () => frame(1, '{"type":"here"}')))), { type: 'too-many-requests', counted: ['wr_line_bad_messages_total'],
            shape: ({ said, code }) => { assert.deepEqual([said.map((m) => m.code), code], [['too-many-requests'], 1008]); } });
    });
});

describe('a message', () => {
    before(() => fresh());
    const cases = [
        ['without content', '', 'malformed'],
        ['that is cut off', '{"type":"jo', 'malformed'],
        ['that is a list', '[]', 'invalid'],
        ['that is text', '"join"', 'malformed'],
        ['with a name given twice', '{"type":"here","type":"here"}', 'malformed'],
        ['without a type', '{}', 'invalid'],
        ['whose type is a number', '{"type":1}', 'invalid'],
        ['of an unknown type', '{"type":"sing"}', 'invalid'],
        ['whose ticket is a number', '{"type":"join","ticket":7}', 'invalid'],
        ['whose ticket is too long', `{"type":"join","ticket":"${'x'.repeat(300)}"}`, 'invalid'],
        ['whose secret is a list', '{"type":"join","secret":[]}', 'invalid'],
        ['whose `was` is an object', '{"type":"join","was":{}}', 'invalid'],
        ['whose `again` is text', '{"type":"here","again":"yes"}', 'invalid'],
        ['that joins with a secret that is none', '{"type":"join","secret":"not a secret"}', 'unauthenticated', []],
        ['that joins without a secret', '{"type":"join"}', 'unauthenticated', []],
    ];
    async function say(text) {
        const p = witnesses.open(d.url, sale).connect();
        await p.got('sale');
        p.send(text);
        const error = await p.got('error');
        p.send({ type: 'here' }); // from somebody without a place: heard, and of no effect
        p.send({ type: 'entered' });
        p.send({ type: 'leave' });
        p.send('{');
        await waitFor('all of it to be heard', () => p.messages.filter(({ type }) => type === 'error').length === 2);
        assert.equal(p.closed, null);
        await p.end();
        return error;
    }
    for (const [what, text, type, counted = ['wr_line_bad_messages_total']] of cases) test(`${what} is refused: ${type}`, async () => {
        const malformed = 'wr_refusals_total{problem="malformed"}', bad = 'wr_line_bad_messages_total', before_ = [await metric(d.url, malformed), await metric(d.url, bad)];
        const was = await watch.state(), counter = `wr_refusals_total{problem="${type}"}`, n = await metric(d.url, counter);
        const error = await say(text); // and one more that is malformed
        assert.deepEqual([error.code, error.next], [type, problems.get(type).next]);
        assert.deepEqual([await metric(d.url, malformed), await metric(d.url, bad)], [before_[0] + (type === 'malformed' ? 2 : 1), before_[1] + counted.length + 1]);
        if (type !== 'malformed') assert.equal(await metric(d.url, counter), n + 1);
        assertUnchanged(await watch.state(), was);
    });
    test('with more in it than is known is heard, and what is not known ignored', async () => {
        const { secret } = await session(d.url), p = witnesses.open(d.url, sale).connect(), bad = await metric(d.url, 'wr_line_bad_messages_total');
        await p.got('sale');
        p.send(JSON.stringify({ type: 'join', secret, version: 9, device: { kind: 'phone' }, tags: [1, null], place: 1 }));
        await p.got('ticket');
        assert.equal(await metric(d.url, 'wr_line_bad_messages_total'), bad);
        await p.end();
        await watch.still();
    });
    test('after ten that were not understood the socket is closed', async () => {
        const p = witnesses.open(d.url, sale).connect();
        await p.got('sale');
        await watch.refused(async () => {
            for (let i = 0; i < 11; i++) p.send('{');
            await waitFor('the socket to be closed', () => p.closed === 1008);
        }, { type: 'malformed', times: 11, counted: ['wr_line_bad_messages_total'], shape: () => assert.equal(p.messages.filter(({ type }) => type === 'error').length, 11) });
    });
});

describe('a ticket', () => {
    let p, other, foreign;
    before(async () => {
        await fresh();
        foreign = await arrive(); // a good ticket, of another sale
        await fresh();
        [p, other] = [await arrive(), await arrive()];
        await waitFor('both to be called', async () => Number(await door.redis.zcard(`wr:{${sale.id}}:ready`)) === 2);
        await watch.still();
    });
    after(async () => { for (const s of [p, other, foreign]) await s.end(); });
    const tries = [
        ['that is forged', () => p.ticket.slice(0, -4) + 'AAAA'],
        ['whose place was altered', () => p.ticket.replace('.0.1.', '.0.2.')],
        ['signed with another key', () => door.ticket({ run: sale.run, shopper: p.shopper }, randomBytes(32))],
        ['with an unknown key id', () => door.ticket({ run: sale.run, shopper: p.shopper, kid: 't9' })],
        ['of another run', () => door.ticket({ run: sale.run + 1000, shopper: p.shopper })],
        ['of another sale, with its own secret', () => foreign.ticket, () => foreign.secret],
        ['of another browser', () => other.ticket],
        ["with another browser's secret", () => p.ticket, () => other.secret],
        ['with the secret of nobody', () => p.ticket, () => randomBytes(16).toString('base64url')],
        ['of another lane', () => door.ticket({ run: sale.run, lane: 3, shopper: p.shopper })],
        ['of a place that does not exist', () => door.ticket({ run: sale.run, place: 0, shopper: p.shopper })],
        ['that was moved', () => door.ticket({ run: sale.run, moves: 1, shopper: p.shopper })],
        ['of another shape', () => 'wt1.a.b'],
    ];
    for (const [what, ticket, secret = () => p.secret] of tries) test(`${what} gets no place, on a socket or by polling`, async () => {
        const headers = { 'waitroom-secret': secret() }, url = d.url + path;
        await watch.refused(() => join({ secret: secret(), ticket: ticket() }), { type: 'ticket-invalid' });
        await watch.refused(() => fetch(url, { headers: { ...headers, authorization: `Ticket ${ticket()}` } }), { type: 'ticket-invalid' });
        await watch.refused(() => fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ ticket: ticket() }) }), { type: 'ticket-invalid' });
        assert.deepEqual([p.closed, other.closed, foreign.closed], [null, null, null], 'who has the place keeps it');
    });
    test('that is replayed is the same place once more: the older socket ends, and there is no second place', async () => {
        const replaced = 'wr_line_superseded_total', n = await metric(d.url, replaced), { counter, joined_total } = await door.line(sale);
        const again = witnesses.open(d.url, sale, { secret: p.secret, ticket: p.ticket }).connect();
        await again.got('ticket', ({ place }) => place === p.place);
        await waitFor('the older socket to end', () => p.closed === 4001);
        assert.ok(p.messages.some(({ type }) => type === 'superseded'));
        assert.equal(await metric(d.url, replaced), n + 1);
        const line = await door.line(sale);
        assert.deepEqual([line.counter, line.joined_total], [counter, joined_total]);
        p = Object.assign(again, { shopper: p.shopper });
    });
    for (const [what, type, prepare] of [
        ['whose place was spent', 'ticket-spent', () => door.redis.setbit(`wr:{${sale.id}}:spent:${sale.run}:0`, 1, 1)],
        ['whose place was blocked', 'blocked', () => door.redis.hset(`wr:{${sale.id}}:blocked`, 1, 'fraud')],
        ['whose place was passed too long ago', 'place-passed', () => door.redis.zadd(`wr:{${sale.id}}:fronts`, 50, String(Date.now() - 700_000))],
    ]) test(`${what} admits nobody, on a socket or by polling`, async () => {
        await fresh({ counter: 50, called: 50, front: 50, rate: 6000 });
        await prepare();
        for (const door_ of ['socket', 'poll']) {
            const s = await session(d.url), ticket = door.ticket({ run: sale.run, place: 1, shopper: s.shopper });
            const on = witnesses.open(d.url, sale, { secret: s.secret, ticket });
            await watch.refused(door_ === 'socket' ? () => on.connect().got(type === 'ticket-spent' ? 'spent' : 'error') : () => waitFor('a poll to say it', async () => {
                const answer = await fetch(d.url + path, { headers: { 'waitroom-secret': s.secret, authorization: `Ticket ${ticket}` } }), { messages } = await answer.json();
                return messages.find((m) => m.type === (type === 'ticket-spent' ? 'spent' : 'error'));
            }), { type, ...(type === 'ticket-spent' && { shape: ({ next }) => assert.equal(next, problems.get(type).next) }) });
            if (door_ === 'socket') {
                assert.ok(!on.messages.some(({ type: kind }) => kind === 'admitted'));
                on.send({ type: 'leave' });
                await on.end();
            }
        }
    });
});

describe('a join', () => {
    const post = (daemon, secret, body = {}) => fetch(daemon.url + path, { method: 'POST', headers: { 'waitroom-secret': secret, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    async function ticketOf(answer, place) {
        const { messages } = await answer.json(), { ticket, place: given } = messages.find(({ type }) => type === 'ticket');
        assert.equal(given, place);
        return ticket;
    }
    for (const [what, line, type] of [['before the start', { phase: 'scheduled' }, 'not-open'], ['after the end', { phase: 'ended' }, 'sale-ended'], ['in mode reject', { mode: 'reject' }, 'not-admitting']])
        test(`${what} gets no number, on a socket or by polling`, async () => {
            await fresh(line);
            const { secret } = await session(d.url);
            await watch.refused(() => join({ secret }), { type });
            await watch.refused(() => fetch(d.url + path, { method: 'POST', headers: { 'waitroom-secret': secret } }), { type });
        });
    test('while the line is closed waits on a socket, and is told to come again by polling', async () => {
        await fresh({ run_id: '0'.repeat(40) });
        const { secret } = await session(d.url);
        await waitFor('the line to be closed', async () => (await fetch(d.url + path, { method: 'POST', headers: { 'waitroom-secret': secret } })).status === 503);
        await watch.refused(() => fetch(d.url + path, { method: 'POST', headers: { 'waitroom-secret': secret } }), { type: 'line-closed' });
        await watch.refused(() => join({ secret }), { type: 'line-closed' });
    });
    test('past those who may wait for a number at one worker is told that it is busy, on a socket or by polling', async () => {
        const small = await door.serve({ args: ['--joiners-max', '1'] }), { secret } = await session(small.url);
        await fresh({ ceiling: 0 }, small);
        const first = witnesses.open(small.url, sale, { secret: (await session(small.url)).secret }).connect();
        await waitFor('one to wait', async () => (await metric(small.url, 'wr_line_joiners')) === 1);
        await watch.refused(() => join({ secret }, small), { type: 'busy' });
        await watch.refused(() => post(small, secret), { type: 'busy' });
        await door.line(sale, { ceiling: 2 });
        await first.got('ticket', ({ place }) => place === 1); // who waited is there still, and has made room
        await ticketOf(await post(small, secret), 2);
        await first.end();
        await small.stop();
    });
    test('by polling, past those whom one worker remembers, is told that it is busy, with a ticket too', async () => {
        const small = await door.serve({ args: ['--pollers-max', '1'] }), [first, second] = [await session(small.url), await session(small.url)];
        await fresh({}, small);
        const ticket = await ticketOf(await post(small, first.secret), 1), elsewhere = door.ticket({ run: sale.run, place: 7, shopper: second.shopper });
        await watch.still();
        await watch.refused(() => post(small, second.secret), { type: 'busy' });
        await watch.refused(() => post(small, second.secret, { ticket: elsewhere }), { type: 'busy' });
        await watch.refused(() => fetch(small.url + path, { headers: { 'waitroom-secret': second.secret, authorization: `Ticket ${elsewhere}` } }), { type: 'busy' });
        assert.equal((await post(small, first.secret, { ticket, say: 'leave' })).status, 200);
        await ticketOf(await post(small, second.secret), 2);
        await small.stop();
    });
});

test('who is in the line of a sale that is withdrawn is told so, and the socket ends', async () => {
    await fresh();
    const p = await arrive(), n = await metric(d.url, 'wr_refusals_total{problem="unknown-sale"}');
    await door.redis.multi().srem('wr:sales', sale.id).del(`wr:{${sale.id}}:line`).hset(`wr:{${sale.id}}:line`, 'withdrawn', 1).exec();
    const { next } = await p.got('error', ({ code }) => code === 'unknown-sale');
    assert.equal(next, problems.get('unknown-sale').next);
    await waitFor('the socket to be closed', () => p.closed === 1008);
    assert.equal(await metric(d.url, 'wr_refusals_total{problem="unknown-sale"}'), n + 1);
});

// After all of the above.
test('every refusal on a socket was as asyncapi.yaml describes it, and every code that it names was seen', () => {
    witnesses.areSound();
    const { enum: codes } = asyncapi.components.messages.error.payload.properties.code;
    assert.deepEqual([...new Set(witnesses.seen.get('error').map(({ code }) => code))].sort(), [...codes].sort());
});
