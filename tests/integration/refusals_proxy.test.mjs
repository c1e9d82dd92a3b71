// What nginx refuses by itself, in front of a waitroomd: the same problems as everywhere, counted by waitroomd, and nothing reaches anybody.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, origin } from '../lib/door.mjs';
import { startProxy } from '../lib/proxy.mjs';
import { Watch, checkProblem } from '../lib/refusals.mjs';
import { waitFor } from '../lib/wait.mjs';
import { Wire, request, upgradeRequest } from '../lib/wire.mjs';

let door, d, proxy, watch;
before(async () => {
    door = new Door(await startRedis());
    d = await door.serve();
    const sale = await door.publish({}, { rate: 0 });
    await door.known(d, sale);
    proxy = await startProxy({ WAITROOMD: d.port });
    watch = new Watch({ url: d.url, redis: door.redis });
});
after(async () => { door?.close(); await stopAll(); });

async function ask(bytes) {
    const wire = await Wire.open(proxy.port);
    const answer = await wire.send(bytes).answer();
    wire.destroy();
    return answer;
}
const time = (headers) => request('GET', '/v1/time', { headers }), json = { 'Content-Type': 'application/json', Origin: origin };
const cases = [
    ['an address that nobody has', request('GET', '/v2/nothing'), 'not-found'],
    ['the same with a body', request('POST', '/v1', { headers: json, body: '{}' }), 'not-found'],
    ['what the daemons keep to themselves', request('GET', '/metrics'), 'not-found'],
    ['the address of the refusals themselves', request('GET', '/refused/too-large'), 'not-found'],
    ['a WebSocket where there is none', upgradeRequest('/v2/line', { Origin: origin }), 'not-found'],
    ['a body past the limit', request('POST', '/v1/session', { headers: json, body: 'x'.repeat(20_000) }), 'too-large'],
    ['a body of an announced gigabyte', request('POST', '/v1/session', { headers: { ...json, 'Content-Length': 1e9 } }), 'too-large'],
    ['an address of 40 KB', request('GET', `/v1/time?${'x'.repeat(40_000)}`), 'headers-too-large'],
    ['a header of 40 KB', time({ Cookie: 'x'.repeat(40_000) }), 'headers-too-large'],
    ['headers of 160 KB', time(Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`X-${i}`, 'y'.repeat(2000)]))), 'headers-too-large'],
    ['no host', 'GET /v1/time HTTP/1.1\r\n\r\n', 'malformed'],
    ['two hosts', 'GET /v1/time HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'malformed'],
    ['a length that is none', 'POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 'malformed'],
    ['an encoding that is none', 'POST /v1/session HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n', 'malformed'],
    ['a header with a zero byte', 'GET /v1/time HTTP/1.1\r\nHost: a\r\nX: y\0\r\n\r\n', 'malformed'],
    ['a path that climbs out', request('GET', '/v1/../../etc/passwd'), 'malformed'],
    ['a path with a zero byte', request('GET', '/v1/%00'), 'malformed'],
    ['a method in small letters', request('get', '/v1/time'), 'malformed'],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'malformed'],
    ['TRACE', request('TRACE', '/v1/time'), 'malformed'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'malformed'],
    ['TLS', Buffer.from([22, 3, 1, 2, 0, 1, 0]), 'malformed'],
    ['noise', 'hello\r\n\r\n', 'malformed'],
];
for (const [what, bytes, type] of cases) test(`${what} is refused: ${type}`, () => watch.refused(() => ask(bytes), { type }));
test('what only the daemons limit they refuse themselves, through the proxy too', async () => {
    await watch.refused(() => ask(time({ Cookie: 'x'.repeat(10_000) })), { type: 'headers-too-large' });
    await watch.refused(() => ask(request('PATCH', '/v1/time')), { type: 'method-not-allowed' });
    await watch.refused(() => ask(request('POST', '/v1/session', { headers: { ...json, Origin: 'https://evil.example' }, body: '{}' })), { type: 'origin-not-allowed' });
});
test('a part that went away is unknown, not failed, and counted', async () => {
    const answer = await watch.refused(() => ask(request('GET', '/v1/admin/sales')), { type: 'outcome-unknown' });
    assert.equal(answer.headers['retry-after'], '1');
});
test('with nobody left to say it, nginx says it', async () => {
    await d.stop();
    for (const path of ['/v1/time', '/v2/nothing', '/v1/admin/sales']) {
        const answer = await waitFor('an answer', () => ask(request('GET', path)));
        checkProblem(answer.json, 'outcome-unknown', answer.status);
        assert.deepEqual([answer.headers['content-type'], answer.headers['retry-after']], ['application/problem+json', '1']);
    }
});
