// common/http on the wire: what it refuses, what it bounds, and that it stays idle afterwards (tests/unit/common/http_server_main.c).
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Wire, cpuTicks, descriptors, frame, openSocket, request, rss, startHttpServer, ticksOver, upgradeRequest } from '../lib/wire.mjs';
import { metric } from '../lib/metrics.mjs';
import { Watch } from '../lib/refusals.mjs';
import { waitFor } from '../lib/wait.mjs';

const json = { 'Content-Type': 'application/json' };
const post = (path, body, headers = {}) => request('POST', path, { headers: { ...json, ...headers }, body });
let server;
before(async () => { server = await startHttpServer(['--header-ms', '700', '--body-ms', '700', '--ping-s', '1', '--silence-s', '3']); });
after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log);
    assert.doesNotMatch(server.log, /Sanitizer|runtime error/);
});
const open = (options) => Wire.open(server.port, options);
async function ask(bytes, options) {
    const wire = await open();
    const answer = await wire.send(bytes).answer(options);
    wire.destroy();
    return answer;
}
const counted = (act, expected) => new Watch({ url: `http://127.0.0.1:${server.port}` }).refused(act, expected); // `act` opens the wire: one that is silent for long is closed
async function refused(bytes, status, slug, { closes = false } = {}) {
    let wire;
    const answer = await counted(async () => { wire = await open(); return wire.send(bytes).answer(); }, { type: slug, status });
    if (closes) {
        assert.equal(answer.headers.connection, 'close');
        await wire.closed(3000);
    }
    wire.destroy();
    return answer;
}
const refusedAndClosed = (bytes, status, slug) => refused(bytes, status, slug, { closes: true });
const isAlive = async () => assert.equal((await ask(request('GET', '/hello'))).status, 200);

describe('requests', () => {
    test('an answer carries the security headers, no server name, and keeps the connection', async () => {
        const wire = await open();
        for (let i = 0; i < 3; i++) {
            const { status, headers, json: body } = await wire.send(request('GET', '/hello')).answer();
            assert.equal(status, 200);
            assert.deepEqual(body, { hello: 'world' });
            assert.equal(headers['x-content-type-options'], 'nosniff');
            assert.equal(headers['referrer-policy'], 'same-origin');
            assert.equal(headers.server, undefined);
            assert.match(headers.date, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
        }
        wire.destroy();
    });
    test('parameters, query, cookie and the client behind a trusted proxy are read', async () => {
        const { json: said } = await ask(request('GET', '/echo/a%20b?q=c%2Bd+e&r', { headers: { Cookie: 'a=1; waitroom=secret; b=2', 'X-Forwarded-For': '6.6.6.6, 1.2.3.4' } }));
        assert.deepEqual(said, { method: 'GET', name: 'a b', q: 'c+d e', field: '', cookie: 'secret', client: '1.2.3.4', length: 0 });
    });
    test('a proxy that adds a line of its own is believed before the line a client sent', async () => {
        const { json: said } = await ask('GET /echo/a HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n\r\n');
        assert.equal(said.client, '1.2.3.4');
    });
    test('a form field is read where forms are accepted', async () => {
        const { json: said } = await ask(request('POST', '/echo/x', { headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }, body: 'field=a%26b&c=d' }));
        assert.equal(said.field, 'a&b');
        assert.equal(said.length, 15);
    });
    test('HEAD is GET without the body', async () => {
        const wire = await open();
        const { status, headers } = await wire.send(request('HEAD', '/big')).answer({ head: true });
        assert.equal(status, 200);
        assert.equal(headers['content-length'], '100000');
        assert.equal((await wire.send(request('GET', '/hello')).answer()).status, 200);
        wire.destroy();
    });
    test('500 posts one after another on one connection are answered each', async () => {
        const wire = await open();
        for (let i = 0; i < 500; i++) {
            const { status, json: said } = await wire.send(post('/json', `{"say":"${i}"}`)).answer();
            assert.equal(status, 201);
            assert.equal(said.said, String(i));
        }
        wire.destroy();
    });
    test('requests sent ahead are answered in order, late answers too', async () => {
        const wire = await open();
        wire.send(post('/json', '{"say":"1"}') + request('GET', '/later?ms=150') + post('/json', '{"say":"2"}') + post('/later?ms=50', '{}') + request('GET', '/hello'));
        assert.equal((await wire.answer()).json.said, '1');
        assert.equal((await wire.answer()).json.late, true);
        assert.equal((await wire.answer()).json.said, '2');
        assert.equal((await wire.answer()).json.late, true);
        assert.equal((await wire.answer()).json.hello, 'world');
        wire.destroy();
    });
    test('a request may come byte by byte', async () => {
        const wire = await open();
        wire.socket.setNoDelay(true);
        for (const byte of post('/json', '{"say":"slowly"}')) wire.send(byte);
        assert.equal((await wire.answer()).json.said, 'slowly');
        wire.destroy();
    });
    test('a client that sends more or leaves while it waits costs no processor time', async () => {
        const waiting = [];
        for (let i = 0; i < 20; i++) {
            const wire = await open();
            wire.send(request('GET', '/later?ms=2500') + (i % 2 ? 'x'.repeat(20000) : ''));
            if (i % 2 === 0) wire.socket.end();
            waiting.push(wire);
        }
        assert.ok(await ticksOver(server.pid, 2000) <= 4);
        for (const wire of waiting) wire.destroy();
        await isAlive();
    });
    test('"Expect: 100-continue" is told to go on', async () => {
        const wire = await open();
        const { status } = await wire.send(request('POST', '/json', { headers: { ...json, Expect: '100-continue', 'Content-Length': 13 } })).answer();
        assert.equal(status, 100);
        assert.equal((await wire.send('{"say":"yes"}').answer()).json.said, 'yes');
        wire.destroy();
    });
    test('a large answer arrives whole, and a slow reader of many costs one copy', async () => {
        assert.equal((await ask(request('GET', '/big'))).body, 'x'.repeat(100_000));
        const wire = await open();
        wire.socket.pause();
        const before = rss(server.pid);
        wire.send(request('GET', '/big').repeat(60));
        assert.ok(await ticksOver(server.pid, 500) <= 10);
        assert.ok(rss(server.pid) - before < 3_000_000, 'memory grew with what a reader did not read'); // by 6 MB if it were kept
        wire.socket.resume();
        for (let i = 0; i < 60; i++) assert.ok((await wire.answer()).body === 'x'.repeat(100_000));
        wire.destroy();
    });
    test('an unknown path, a wrong method, a wrong type and a missing body are each told', async () => {
        await refused(request('GET', '/nothing'), 404, 'not-found');
        const answer = await refused(request('DELETE', '/json'), 405, 'method-not-allowed');
        assert.equal(answer.headers.allow, 'POST, OPTIONS');
        await refused(post('/json', '{}', { 'Content-Type': 'text/plain' }), 415, 'media-type');
        await refused(request('POST', '/json'), 400, 'malformed');
        for (const body of ['[1]', '{"a":', '{"a":1,"a":2}', 'null', '{} x']) await refused(post('/json', body), 400, 'malformed');
        await refused(Buffer.from(post('/json', '{"a":"\xff"}', { 'Content-Length': 9 }), 'latin1'), 400, 'malformed');
    });
    test('paths that climb are not found', async () => {
        assert.equal((await ask(request('GET', '/files/a/b.js'))).body, 'a/b.js');
        for (const path of ['/files/../x', '/files/%2e%2e/x', '/files/a%2f..%2fb', '/files/a//b', '/files/%00', '/files/']) await refused(request('GET', path), 404, 'not-found');
    });
});

describe('what is no request', () => {
    const lengths = { negative: '-5', huge: '99999999999999999999999', 'with a plus': '+5', hex: '0x10', empty: '', 'a list': '2, 2' };
    for (const [name, value] of Object.entries(lengths))
        test(`a Content-Length that is ${name} is refused`, () => refusedAndClosed(request('POST', '/json', { headers: { ...json, 'Content-Length': value } }) + '{}', 400, 'malformed'));
    test('two Content-Lengths are refused', () => refusedAndClosed('POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}', 400, 'malformed'));
    test('any Transfer-Encoding is refused', async () => {
        await refusedAndClosed(request('POST', '/json', { headers: { ...json, 'Transfer-Encoding': 'chunked' } }) + '2\r\n{}\r\n0\r\n\r\n', 400, 'malformed');
        await refusedAndClosed(request('POST', '/json', { headers: { ...json, 'Content-Length': 2, 'Transfer-Encoding': 'identity' } }) + '{}', 400, 'malformed');
    });
    test('CONNECT and unknown methods are refused', async () => {
        await refused('CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\n\r\n', 404, 'not-found');
        await refused('CONNECT /hello HTTP/1.1\r\nHost: shop.test\r\n\r\n', 405, 'method-not-allowed');
        await refused(request('TRACE', '/hello'), 405, 'method-not-allowed');
    });
    test('h2c is not spoken: neither upgrade nor prior knowledge', async () => {
        const answer = await ask(request('GET', '/hello', { headers: { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' } }));
        assert.equal(answer.status, 200);
        await refusedAndClosed('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed');
    });
    test('noise is refused at once', async () => {
        await refusedAndClosed(Buffer.from([22, 3, 1, 2, 0, 1, 0]), 400, 'malformed');
        await refusedAndClosed('hello\r\n', 400, 'malformed');
    });
    test('8 KB of headers are too many', async () => {
        await refusedAndClosed(`GET /hello HTTP/1.1\r\nHost: a\r\nCookie: ${'x'.repeat(9000)}\r\n\r\n`, 431, 'headers-too-large');
        await refusedAndClosed(`GET /hello HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(70)}\r\n`, 431, 'headers-too-large');
        assert.equal((await ask(request('GET', '/hello', { headers: { Cookie: 'x'.repeat(7800) } }))).status, 200);
    });
    test('a body over the limit is refused before it is read', async () => {
        await refusedAndClosed(post('/json', 'x'.repeat(5000)), 413, 'too-large');
        await refusedAndClosed(request('POST', '/json', { headers: { ...json, 'Content-Length': 1_000_000_000 } }), 413, 'too-large');
        await refusedAndClosed(request('GET', '/hello', { headers: { 'Content-Length': 5 } }), 413, 'too-large');
    });
    async function timedOut(begins, drips) { // dripping on would keep it for minutes
        let wire, drip;
        const { headers } = await counted(async () => {
            wire = (await open()).send(begins);
            drip = setInterval(() => wire.send(drips), 50);
            return wire.answer();
        }, { type: 'timeout' });
        assert.equal(headers.connection, 'close');
        await wire.closed(3000);
        clearInterval(drip);
    }
    test('an empty line before a request may come in pieces', async () => {
        const wire = await open();
        wire.send('\r');
        await new Promise((done) => setTimeout(done, 50));
        wire.send('\n' + request('GET', '/hello'));
        assert.equal((await wire.answer()).status, 200);
        wire.destroy();
    });
    test('slow headers are cut off at the deadline, however they drip', async () => {
        await timedOut('GET /hello HTTP/1.1\r\nHost: a\r\nX-', 'A');
        const silent = await open();
        await silent.closed(3000);
    });
    test('a slow body is cut off at the deadline, however it drips', () => timedOut(request('POST', '/json', { headers: { ...json, 'Content-Length': 4000 } }), '1'));
    test('who waited too long for a handler is told that the outcome is unknown, and what it says later counts as no refusal', async () => {
        const hasty = await startHttpServer(['--answer-ms', '300']), url = `http://127.0.0.1:${hasty.port}`;
        let wire;
        await new Watch({ url }).refused(async () => { wire = await Wire.open(hasty.port); return wire.send(request('GET', '/later?ms=1000&refuse=1')).answer(); }, { type: 'outcome-unknown' });
        await waitFor('the handler to answer', async () => (await (await fetch(`${url}/state`)).json()).later === 0);
        assert.equal(await metric(url, 'wr_refusals_total{problem="busy"}'), 0);
        wire.destroy();
        assert.deepEqual(await hasty.stop(), { code: 0, signal: null }, hasty.log);
    });
});

describe('origins', () => {
    const guarded = (origin) => post('/guarded', '{}', origin ? { Origin: origin } : {});
    test('a guarded route needs an allowed Origin', async () => {
        assert.equal((await ask(guarded('http://shop.test'))).status, 201);
        assert.equal((await ask(guarded('https://other.test'))).status, 201);
        await refused(guarded('https://evil.test'), 403, 'origin-not-allowed');
        await refused(guarded('null'), 403, 'origin-not-allowed');
        await refused(guarded(), 403, 'origin-not-allowed');
    });
    test('where programs may call, only a wrong Origin is refused', async () => {
        assert.equal((await ask(request('PUT', '/echo/a'))).status, 200);
        await refused(request('PUT', '/echo/a', { headers: { Origin: 'https://evil.test' } }), 403, 'origin-not-allowed');
    });
    test('CORS is answered for allowed origins only', async () => {
        const answer = await ask(request('GET', '/hello', { headers: { Origin: 'https://other.test' } }));
        assert.equal(answer.headers['access-control-allow-origin'], 'https://other.test');
        assert.equal(answer.headers['access-control-allow-credentials'], 'true');
        assert.match(answer.headers.vary, /origin/);
        const other = await ask(request('GET', '/hello', { headers: { Origin: 'https://evil.test' } }));
        assert.equal(other.headers['access-control-allow-origin'], undefined);
    });
    test('a preflight names the methods and headers, or is refused', async () => {
        const ours = await ask(request('OPTIONS', '/guarded', { headers: { Origin: 'https://other.test', 'Access-Control-Request-Method': 'POST' } }));
        assert.equal(ours.status, 204);
        assert.equal(ours.headers['access-control-allow-methods'], 'POST, OPTIONS');
        assert.match(ours.headers['access-control-allow-headers'], /idempotency-key/);
        await refused(request('OPTIONS', '/guarded', { headers: { Origin: 'https://evil.test' } }), 403, 'origin-not-allowed');
        assert.equal((await ask(request('OPTIONS', '/guarded'))).headers.allow, 'POST, OPTIONS');
    });
    test('what follows an answer to a head alone is no request: the connection ends', async () => {
        const smuggled = 'GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n';
        for (const [method, path, headers] of [['OPTIONS', '/guarded', {}], ['OPTIONS', '/guarded', { Origin: 'https://other.test' }], ['GET', '/nowhere', {}], ['PUT', '/guarded', {}], ['POST', '/guarded', { Origin: 'https://evil.test' }]]) {
            const wire = await open();
            const first = await wire.send(request(method, path, { headers: { ...headers, 'Content-Length': smuggled.length } })).answer();
            assert.equal(first.headers.connection, 'close', `${method} ${path}`);
            wire.send(smuggled);
            await wire.closed(8000);
            assert.equal(wire.bytes.length, 0, `${method} ${path}: ${wire.bytes}`);
        }
    });
});

describe('the opening handshake', () => {
    const upgrade = (headers, method) => upgradeRequest('/rooms/a', headers, method);
    test('a right one is answered 101 with the subprotocol, and an extension is not taken', async () => {
        const wire = await open();
        const { status, headers } = await wire.send(upgrade({ 'Sec-WebSocket-Protocol': 'other, waitroom.v1', 'Sec-WebSocket-Extensions': 'permessage-deflate' })).answer();
        assert.equal(status, 101);
        assert.equal(headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
        assert.equal(headers['sec-websocket-protocol'], 'waitroom.v1');
        assert.equal(headers['sec-websocket-extensions'], undefined);
        wire.destroy();
    });
    test('another version, a missing or a wrong subprotocol are told what is spoken', async () => {
        for (const headers of [{ 'Sec-WebSocket-Version': 12 }, { 'Sec-WebSocket-Version': null }, { 'Sec-WebSocket-Protocol': null }, { 'Sec-WebSocket-Protocol': 'waitroom.v2, waitroom.v11' }, { 'Sec-WebSocket-Protocol': '' }]) {
            const answer = await refused(upgrade(headers), 426, 'upgrade-required');
            assert.equal(answer.headers['sec-websocket-version'], '13');
        }
        await refused(request('GET', '/rooms/a'), 426, 'upgrade-required');
    });
    test('another method, a wrong key, a body, and frames before the answer are refused', async () => {
        await refused(upgrade({}, 'POST'), 405, 'method-not-allowed');
        for (const key of [null, '', 'short', 'dGhlIHNhbXBsZSBub25jZQ=', '!!!!!!!!!!!!!!!!!!!!!!==']) await refused(upgrade({ 'Sec-WebSocket-Key': key }), 400, 'malformed');
        await refusedAndClosed(Buffer.concat([Buffer.from(upgrade()), frame(1, 'early')]), 400, 'malformed');
        await refused(upgrade({ 'Content-Length': 2 }) + '{}', 400, 'malformed');
    });
    test('a wrong or missing Origin is refused', async () => {
        await refused(upgrade({ Origin: 'https://evil.test' }), 403, 'origin-not-allowed');
        await refused(upgrade({ Origin: null }), 403, 'origin-not-allowed');
    });
    test('the route may refuse, and unknown paths are not found', async () => {
        await refused(upgradeRequest('/rooms/closed'), 404, 'unknown-sale');
        await refused(upgradeRequest('/nothing'), 404, 'not-found');
    });
});

describe('messages', () => {
    const socket = (options) => openSocket(server.port, '/rooms/a', {}, options);
    async function closesWith(code, ...frames) {
        const wire = await socket();
        for (const bytes of frames) wire.send(bytes);
        const reason = { 1003: 'media-type', 1007: 'malformed', 1009: 'too-large' }[code];
        let first;
        do first = await wire.frame(); while (first.opcode === 9);
        assert.deepEqual([first.opcode, first.text.split(':')[0]], [1, reason], 'the reason comes before the close');
        assert.equal(await wire.closeCode(), code);
        wire.send(frame(8, Buffer.from([code >> 8, code & 255])));
        await wire.closed(5000);
        assert.equal(wire.bytes.length, 0, 'one close is all');
        wire.destroy();
    }
    test('texts come back, of any length up to the limit', async () => {
        const wire = await socket();
        for (const length of [0, 1, 125, 126, 127, 128, 129, 255, 256, 257, 1024, 4095, 4096]) {
            wire.send(frame(1, 'y'.repeat(length)));
            let reply;
            do reply = await wire.frame(); while (reply.opcode !== 1);
            assert.equal(reply.text, 'y'.repeat(length));
        }
        wire.destroy();
    });
    test('a message in fragments arrives whole, pings and pongs between them', async () => {
        const wire = await socket();
        wire.send(frame(1, 'grü', { final: false })).send(frame(9, 'p')).send(frame(0, 'nn', { final: false })).send(frame(10, Buffer.from([255]))).send(frame(0, '', { final: false })).send(frame(0, 'er'));
        const seen = [];
        while (seen.length < 2) { const f = await wire.frame(); if (f.opcode !== 9) seen.push(`${f.opcode}:${f.text}`); }
        assert.deepEqual(seen.sort(), ['10:p', '1:grünner'].sort());
        wire.destroy();
    });
    test('a character cut by a fragment is whole again', async () => {
        const wire = await socket();
        const euro = Buffer.from('€');
        wire.send(frame(1, euro.subarray(0, 1), { final: false })).send(frame(0, euro.subarray(1)));
        let reply;
        do reply = await wire.frame(); while (reply.opcode !== 1);
        assert.equal(reply.text, '€');
        wire.destroy();
    });
    test('what is not UTF-8 closes with 1007', async () => {
        await closesWith(1007, frame(1, Buffer.from([0xc3, 0x28])));
        await closesWith(1007, frame(1, Buffer.from([0xe2, 0x82])));
        await closesWith(1007, frame(1, Buffer.from([0xed]), { final: false }), frame(0, Buffer.from([0xa0, 0x80])));
    });
    test('a binary message closes with 1003', () => closesWith(1003, frame(2, 'x')));
    test('a message over the limit closes with 1009, however it comes', async () => {
        const half = 'y'.repeat(3000);
        await Promise.all([closesWith(1009, frame(1, 'y'.repeat(4097))), closesWith(1009, frame(1, half, { final: false }), frame(0, half))]);
    });
    test('an announced gigabyte closes with 1009 at its first bytes', () => closesWith(1009, frame(1, 'y'.repeat(1000), { announce: 1_000_000_000 })));
    test('frames the protocol forbids end the connection', async () => {
        const wrong = [frame(3, 'x'), frame(11, 'x'), frame(0, 'x'), frame(9, 'x', { final: false }), Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), Buffer.from([0x89, 0xfe, 0, 200, 0, 0, 0, 0]),
            Buffer.concat([frame(1, 'a', { final: false }), frame(1, 'b')]), Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])];
        await Promise.all(wrong.map(async (bytes) => {
            const wire = await socket();
            wire.send(Buffer.concat([bytes, frame(1, 'after')]));
            await wire.closed(8000);
            const seen = [];
            while (wire.bytes.length) seen.push((await wire.frame()).opcode);
            assert.ok(!seen.includes(8) || seen.indexOf(8) === seen.length - 1, `nothing follows a close: ${seen}`);
            wire.destroy();
        }));
        await isAlive();
    });
    test('a close is answered in kind, a wrong one with what is wrong, and nothing follows', async () => {
        const bytes = (code, reason = '') => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
        for (const [body, code] of [['', 1005], [bytes(1000), 1000], [bytes(4001, 'bye'), 4001], [Buffer.from([3]), 1002], [bytes(1005), 1002], [bytes(999), 1002],
            [bytes(1016), 1002], [Buffer.concat([bytes(1000), Buffer.from([0xc3, 0x28])]), 1007]]) {
            const wire = await socket();
            wire.send(frame(8, body));
            assert.equal(await wire.closeCode(), code, Buffer.from(body).toString('hex'));
            await wire.closed(5000);
            assert.equal(wire.bytes.length, 0);
            wire.destroy();
        }
        await isAlive();
    });
    test('a frame without a mask is read as it is or ends with 1002, by the version of libwebsockets', async () => {
        const wire = await socket();
        wire.send(frame(1, 'bare', { masked: false }));
        let reply;
        do reply = await wire.frame(); while (reply.opcode === 9);
        assert.ok(reply.text === 'bare' || (reply.opcode === 8 && reply.payload.readUInt16BE(0) === 1002), reply.payload.toString('latin1'));
        wire.destroy();
        await isAlive();
    });
    test('a ping is answered with its payload', async () => {
        const wire = await socket();
        wire.send(frame(9, 'are you there'));
        let reply;
        do reply = await wire.frame(); while (reply.opcode === 9);
        assert.equal(reply.opcode, 10);
        assert.equal(reply.text, 'are you there');
        wire.destroy();
    });
    test('a socket is pinged, lives while it answers, and is closed when it falls silent', async () => {
        const live = await socket(), begun = performance.now(), deaf = await socket();
        const answering = setInterval(async () => { while (live.bytes.length >= 2) { const f = await live.frame(); if (f.opcode === 9) live.send(frame(10, f.payload)); } }, 50);
        await deaf.closed(20_000);
        const took = performance.now() - begun;
        assert.ok(took > 2500, `closed after ${took} ms`);
        clearInterval(answering);
        assert.ok(live.total >= 2 * 3 && !live.ended, 'the one that answers is pinged and stays');
        live.destroy();
    });
    test('whoever is told nothing for a while hears a word beside the ping, and whoever is told enough hears none', async () => {
        const quiet = await openSocket(server.port, '/talkative/a'), busy = await openSocket(server.port, '/talkative/a');
        const talking = setInterval(() => busy.send(frame(1, 'news')), 50);
        const said = { quiet: [], busy: [] };
        const listen = async (wire, to) => { for (let f; (f = await wire.frame()).opcode !== 8;) f.opcode === 9 ? wire.send(frame(10, f.payload)) : to.push(f.text); };
        for (const [wire, to] of [[quiet, said.quiet], [busy, said.busy]]) listen(wire, to).catch(() => undefined);
        await waitFor('a word with each ping', () => said.quiet.length === 4);
        clearInterval(talking);
        assert.deepEqual(new Set(said.quiet), new Set(['still here']));
        assert.ok(said.busy.filter((word) => word !== 'news').length <= 1, 'at most where this machine itself paused'); // of 3 or more pings
        for (const wire of [quiet, busy]) wire.destroy();
    });
    test('the server closes with the code it is told to', async () => {
        const wire = await socket();
        wire.send(frame(1, 'close'));
        assert.equal(await wire.closeCode(), 4001);
        assert.equal(wire.ended, false, 'it waits for the close frame of the client');
        wire.send(frame(8, Buffer.from([0x0f, 0xa1])));
        await wire.closed(5000);
    });
    test('a slow reader of an endless stream costs no memory', async () => {
        const wire = await socket();
        wire.deaf = true;
        wire.socket.pause();
        const before = rss(server.pid);
        wire.send(frame(1, 'flood'));
        await ticksOver(server.pid, 1000);
        assert.ok(rss(server.pid) - before < 2_000_000);
        assert.ok(await ticksOver(server.pid, 1000) <= 4);
        wire.destroy();
    });
});

describe('many', () => {
    test('with few descriptors it stops accepting, does not spin, and goes on when there is room', async () => {
        const small = await startHttpServer([], { limit: 200 });
        const crowd = [];
        for (let i = 0; i < 300; i++) crowd.push(await Wire.open(small.port));
        await waitFor('it to notice', () => /not accepting for now/.test(small.log));
        assert.ok(descriptors(small.pid) <= 200 - 40, 'some descriptors are left for itself');
        assert.ok(await ticksOver(small.pid, 2000) <= 4);
        for (const wire of crowd) wire.destroy();
        await waitFor('it to answer again', async () => {
            const wire = await Wire.open(small.port);
            const { status } = await wire.send(request('GET', '/hello')).answer({ timeout: 500 });
            wire.destroy();
            return status === 200;
        });
        assert.deepEqual(await small.stop(), { code: 0, signal: null });
    });
    test('in a crowd that came at once, who comes for a socket does not wait behind all who want an answer', async () => {
        process.kill(server.pid, 'SIGSTOP'); // they come together: nobody is served before all have asked
        const order = [], crowd = [];
        const comes = async (who, bytes) => {
            const wire = await open();
            wire.socket.once('data', () => order.push(who));
            crowd.push(wire.send(bytes));
        };
        try {
            for (let i = 0; i < 400; i++) await comes(i, post('/json', '{"say":"x"}'));
            await comes('socket', upgradeRequest('/rooms/a'));
        } finally { process.kill(server.pid, 'SIGCONT'); }
        await waitFor('everybody to be answered', () => order.length === 401);
        const at = order.indexOf('socket'), others = order.filter((who) => who !== 'socket');
        assert.ok(at < 200, `the socket was answered after ${at}`);
        assert.ok(others.findIndex((who) => who >= 300) > 200, 'the others are answered in the order in which they came');
        for (const wire of crowd) wire.destroy();
    });
    test('descriptors and sockets are all given back, and nothing runs afterwards', async () => {
        const state = async () => (await ask(request('GET', '/state'))).json;
        await waitFor('the earlier tests to be gone', async () => (await state()).connections === 1);
        const before = descriptors(server.pid);
        for (let round = 0; round < 5; round++) {
            const wires = await Promise.all(Array.from({ length: 50 }, (_, i) => (i % 2 ? openSocket(server.port, '/rooms/a') : open())));
            wires.forEach((wire, i) => { if (i % 4 === 0) wire.send(request('GET', '/later?ms=100')); if (i % 3) wire.destroy(); else wire.socket.resetAndDestroy(); });
        }
        await waitFor('all to be gone', async () => (await state()).connections === 1 && (await state()).sockets === 0);
        await waitFor('all descriptors back', () => descriptors(server.pid) <= before);
        assert.ok(await ticksOver(server.pid, 2000) <= 4);
        assert.ok(cpuTicks(server.pid) > 0);
    });
    test('it ends cleanly with sockets, requests and unread answers open', async () => {
        const other = await startHttpServer();
        for (let i = 0; i < 10; i++) await openSocket(other.port, '/rooms/a');
        const flood = await openSocket(other.port, '/rooms/a');
        flood.socket.pause();
        flood.send(frame(1, 'flood'));
        const reader = await Wire.open(other.port);
        reader.socket.pause();
        reader.send(request('GET', '/big').repeat(60));
        await waitFor('all to be there', async () => {
            const wire = await Wire.open(other.port);
            const { json: said } = await wire.send(request('GET', '/state')).answer();
            wire.destroy();
            return said.sockets === 11;
        });
        assert.deepEqual(await other.stop(), { code: 0, signal: null }, other.log);
        assert.doesNotMatch(other.log, /Sanitizer|runtime error/);
    });
});
