// What waitroomd refuses over plain HTTP: sessions, joining and polling, pages. Tickets and turns are in refusals_line.test.mjs.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, origin, session } from '../lib/door.mjs';
import { Watch, problems } from '../lib/refusals.mjs';

let door, d, sale, secret, watch;
before(async () => {
    door = new Door(await startRedis());
    d = await door.serve();
    sale = await door.publish({}, { rate: 0 });
    await door.known(d, sale);
    ({ secret } = await session(d.url));
    watch = new Watch({ url: d.url, redis: door.redis });
});
after(async () => { door?.close(); await stopAll(); });

const ask = (path, { method = 'GET', headers = {}, body, type = 'application/json' } = {}) => fetch(d.url + path, { method, headers: { ...(body !== undefined && type && { 'content-type': type }), ...headers }, body });
const post = (path, options) => ask(path, { method: 'POST', ...options });
const queue = (options) => post('/v1/sales/shoes/queue', { headers: { 'waitroom-secret': secret, ...options.headers }, body: options.body, type: options.type });
const poll = (headers, path = '/v1/sales/shoes/queue') => ask(path, { headers });

// A body that is wrong wherever JSON is taken.
const bodies = [
    ['with a body that is cut off', { body: '{"half' }, 'malformed'],
    ['with a body that is a list', { body: '[1]' }, 'malformed'],
    ['with a body that is text', { body: '"x"' }, 'malformed'],
    ['with a body with a name given twice', { body: '{"a":1,"a":2}' }, 'malformed'],
    ['with a body that is not UTF-8', { body: Buffer.from('{"ticket":"\xff","cookie":true}', 'latin1') }, 'malformed'],
    ['with a body with half a surrogate', { body: '{"ticket":"\\ud800"}' }, 'malformed'],
    ['with a body nested without end', { body: '['.repeat(200) }, 'malformed'],
    ['with a body of another media type', { body: '{}', type: 'text/plain' }, 'media-type'],
    ['with a body of a form', { body: 'ticket=x', type: 'application/x-www-form-urlencoded' }, 'media-type'],
    ['with a body over the limit', { body: JSON.stringify({ x: 'y'.repeat(2000) }) }, 'too-large'],
    ['with a body over every limit', { body: 'y'.repeat(1_000_000) }, 'too-large'],
];
const origins = ['https://evil.example', 'null', `${origin}.evil.example`, 'http://line.test:81', 'https://line.test'];

describe('a session', () => {
    const cases = [
        ...bodies,
        ['with a `cookie` that is text', { body: '{"cookie":"no"}' }, 'invalid', /cookie/],
        ['with a `cookie` that is a number', { body: '{"cookie":0}' }, 'invalid', /cookie/],
        ...origins.map((from) => [`asked for from ${from}`, { headers: { origin: from } }, 'origin-not-allowed']),
    ];
    for (const [what, options, type, detail] of cases) test(`${what} is refused: ${type}`, async () => {
        const answer = await watch.refused(() => post('/v1/session', options), { type, detail });
        assert.equal(answer.headers.get('set-cookie'), null);
    });
});

describe('joining by HTTP', () => {
    const cases = [
        ...bodies,
        ['with a ticket that is a number', { body: '{"ticket":3}' }, 'invalid', /ticket/],
        ['with a ticket that is too long', { body: JSON.stringify({ ticket: 'x'.repeat(240) }) }, 'invalid', /ticket/],
        ['with a `was` that is a list', { body: '{"was":[]}' }, 'invalid', /was/],
        ['with an `again` that is text', { body: '{"again":"yes"}' }, 'invalid', /again/],
        ['with a `say` that is a number', { body: '{"say":1}' }, 'invalid', /say/],
        ['that says what nobody understands', { body: '{"say":"dance"}' }, 'invalid', /say/],
    ];
    for (const [what, options, type, detail] of cases) test(`${what} is refused: ${type}`, () => watch.refused(() => queue(options), { type, detail }));
    for (const from of origins) test(`from ${from} is refused`, () => watch.refused(() => queue({ headers: { origin: from } }), { type: 'origin-not-allowed' }));
    for (const [what, headers] of [['without a secret', { 'waitroom-secret': '' }], ['with a secret that is none', { 'waitroom-secret': 'guess' }], ['with a cookie that is none', { 'waitroom-secret': '', cookie: 'waitroom=abc' }]])
        test(`${what} is refused`, () => watch.refused(() => queue({ headers }), { type: 'unauthenticated' }));
    for (const name of ['no-such-sale', 'No_Sale', '%00', 'x'.repeat(200)])
        test(`for the sale ${name.slice(0, 20)} is refused`, () => watch.refused(() => post(`/v1/sales/${name}/queue`, { headers: { 'waitroom-secret': secret } }), { type: name === '%00' ? 'not-found' : 'unknown-sale' }));
});

describe('a poll', () => {
    const cases = [
        ['without a ticket', () => ({ 'waitroom-secret': secret }), 'unauthenticated'],
        ['with a credential of another scheme', () => ({ 'waitroom-secret': secret, authorization: 'Bearer x' }), 'unauthenticated'],
        ['without a secret', () => ({ authorization: 'Ticket x' }), 'unauthenticated'],
        ['with an empty ticket', () => ({ 'waitroom-secret': secret, authorization: 'Ticket ' }), 'unauthenticated'],
        ['with a ticket that is none', () => ({ 'waitroom-secret': secret, authorization: 'Ticket nonsense' }), 'ticket-invalid'],
        ['with a ticket that is too long', () => ({ 'waitroom-secret': secret, authorization: `Ticket wt1.${'1'.repeat(2000)}` }), 'ticket-invalid'],
        ['with a ticket that is not UTF-8', () => ({ 'waitroom-secret': secret, authorization: 'Ticket \xff\xfe' }), 'ticket-invalid'],
    ];
    for (const [what, headers, type] of cases) test(`${what} is refused: ${type}`, () => watch.refused(() => poll(headers()), { type }));
    test('of a sale that is not known is refused', () => watch.refused(() => poll({ 'waitroom-secret': secret, authorization: 'Ticket x' }, '/v1/sales/nothing/queue'), { type: 'unknown-sale' }));
});

describe('what is read', () => {
    for (const [path, type] of [['/v1/sales/nothing', 'unknown-sale'], ['/assets/none.js', 'not-found'], ['/assets/', 'not-found'], ['/assets/%2e%2e/index.html', 'not-found'], ['/assets/a-1.js.br', 'not-found'],
        ['/nothing', 'not-found'], ['/s/', 'not-found'], ['/s/a/b', 'not-found'], ['/v1/time/x', 'not-found']]) test(`${path} is told: ${type}`, () => watch.refused(() => ask(path), { type }));
    test('a page of a sale that is not known is the page, which says so itself, and it is counted', () => watch.refused(() => ask('/s/nothing'), { type: 'unknown-sale', shape: async (answer) => {
        assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
        assert.equal(await answer.text(), door.page);
    } }));
    for (const [method, path] of [['DELETE', '/v1/session'], ['POST', '/v1/time'], ['PUT', '/v1/sales/shoes'], ['PATCH', '/v1/sales/shoes/queue'], ['POST', '/s/shoes']])
        test(`${method} ${path} is told which methods there are`, async () => {
            const answer = await watch.refused(() => ask(path, { method }), { type: 'method-not-allowed' });
            assert.ok(answer.headers.get('allow').length > 2);
        });
    test('whatever the proxy hands over is one of its problems, or nothing', async () => {
        for (const [name, type] of [['too-large', 'too-large'], ['malformed', 'malformed'], ['headers-too-large', 'headers-too-large'], ['outcome-unknown', 'outcome-unknown'], ['not-found', 'not-found'], ['internal', 'not-found'], ['x', 'not-found']]) {
            assert.ok(problems.has(type));
            await watch.refused(() => ask(`/refused/${name}`), { type });
        }
    });
});
