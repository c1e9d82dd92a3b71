// What admissiond refuses: the merchant's API without its key, with bad bodies and fields, of unknown sales; tokens at verify. Each refusal is a
// problem that names the field, is counted, and changes nothing in Redis and PostgreSQL.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import pg from 'pg';
import { admit } from '../lib/control.mjs';
import { build, startDaemon, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { Watch } from '../lib/refusals.mjs';
import { waitFor } from '../lib/wait.mjs';

const key = 'merchant-key-for-tests', now = Date.now();
const draft = { id: 'shoes', title: 'Shoes', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000, rate_per_minute: 0, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 10 }] };
let redis, database, keys, kid, d, watch;
before(async () => {
    const [postgres, server] = await Promise.all([startPostgres(), startRedis()]);
    redis = new Redis(server.port);
    database = new pg.Pool({ connectionString: postgres.url, max: 1 });
    database.on('error', () => undefined);
    keys = temporaryFolder('keys');
    const command = (...args) => execFileSync(join(build, 'bin', 'admissiond'), ['keys', ...args, '--token-keys', keys]).toString().trim();
    kid = command('stage');
    command('activate', kid);
    writeFileSync(join(keys, 'merchant'), key);
    d = await startDaemon('admissiond', { args: ['--database', postgres.url, '--redis-line', server.address, '--redis-stock', server.address, '--token-keys', keys, '--merchant-key-file', join(keys, 'merchant')] });
    watch = new Watch({ url: d.url, redis, database });
    for (const id of ['shoes', 'hats']) {
        assert.equal((await call('POST', '/sales', { body: { ...draft, id } })).status, 201);
        await waitFor(`${id} to be live`, async () => (await database.query('select phase from sales where id = $1', [id])).rows[0].phase === 'live' && await redis.hget(`wr:{${id}}:line`, 'left') === '10');
    }
    await watch.still();
});
after(async () => { redis?.disconnect(); await database?.end(); await stopAll(); });

const call = (method, path, { body, headers = {}, as = key } = {}) => fetch(`${d.url}/v1/admin${path}`, { method, headers: { ...(as !== null && { authorization: `Bearer ${as}` }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body) }) });

// Every call, with a body that is good and a body that is not.
const calls = [
    ['GET', '/sales'], ['POST', '/sales', { ...draft, id: 'never' }], ['GET', '/settings'], ['PUT', '/settings', { orders_per_second: 7 }],
    ...[['GET', ''], ['GET', '/rate'], ['PUT', '/rate', { per_minute: 1 }], ['POST', '/hold', {}], ['POST', '/resume', {}], ['POST', '/mode', { mode: 'hold' }], ['PUT', '/message', { message: 'x' }], ['PUT', '/limits', { cap: 5 }],
        ['POST', '/places/0/1/block', { reason: 'x' }], ['DELETE', '/places/0/1/block'], ['POST', '/end'], ['GET', '/stats']].map(([method, path, body]) => [method, `/sales/shoes${path}`, body]),
];
const changing = calls.filter(([method]) => method !== 'GET'), taking = calls.filter(([,, body]) => body);

describe('without the merchant key', () => {
    for (const [what, as] of [['no key', null], ['an empty key', ''], ['a wrong key', 'wrong'], ['a key that goes on', `${key}x`], ['a key cut short', key.slice(1)]])
        test(`${what} opens nothing`, async () => { for (const [method, path, body] of calls) await watch.refused(() => call(method, path, { body, as }), { type: 'unauthenticated' }); });
    test('a credential of another scheme opens nothing', () => watch.refused(() => call('GET', '/sales', { headers: { authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` } }), { type: 'unauthenticated' }));
    test('and with the key, a page of another origin may not use it', async () => { for (const [method, path, body] of changing) await watch.refused(() => call(method, path, { body, headers: { origin: 'https://evil.example' } }), { type: 'origin-not-allowed' }); });
});

describe('a body', () => {
    for (const [what, body, type, headers] of [
        ['that is cut off', '{"id":', 'malformed'], ['that is a list', '[]', 'malformed'], ['that is text', '"x"', 'malformed'], ['with a name given twice', '{"reason":"x","reason":"y"}', 'malformed'],
        ['that is not UTF-8', Buffer.from('{"message":"\xff","reason":"\xc3("}', 'latin1'), 'malformed'], ['with half a surrogate', '{"message":"\\udfff"}', 'malformed'],
        ['of another media type', '{}', 'media-type', { 'content-type': 'text/plain' }], ['of a form', 'per_minute=5', 'media-type', { 'content-type': 'application/x-www-form-urlencoded' }], ['over the limit', `{"x":"${'y'.repeat(17_000)}"}`, 'too-large'],
    ]) test(`${what} is refused by every call that takes one: ${type}`, async () => { for (const [method, path] of taking) await watch.refused(() => call(method, path, { body, headers }), { type }); });
    test('where none is taken is too large', () => watch.refused(() => call('DELETE', '/sales/shoes/places/0/1/block', { body: `{"x":"${'y'.repeat(2000)}"}` }), { type: 'too-large' }));
});

describe('a field', () => {
    const sku = { sku: 'a', name: 'A', unit_price: 1, total: 1 };
    const bad = { id: ['Upper', 'a--', '', 5, 'x'.repeat(41)], title: ['', 5, 'x'.repeat(201)], currency: ['eur', 'EURO', 1], starts_at: ['now', 0, 1.5], ends_at: [1, now - 5000], rate_per_minute: [-1, 6_000_001, '60', 1e300],
        burst_ms: [299, 1001], cap: [-1], factor_percent: [99], admission_s: [9, 86_401], away_limit_s: [9], hold_s: [1], per_shopper: [0, 1001], checkout_url: ['javascript:alert(1)', 5], image_url: ['//other', 'a b'], description: [7],
        skus: [{}, 'one', [5], [{ sku: 'a' }], [{ ...sku, sku: 'a b' }], [{ ...sku, unit_price: -1 }], [{ ...sku, total: -1 }], [{ ...sku, total: 1.5 }], [{ ...sku, name: 5 }]] };
    const needed = ['id', 'title', 'currency', 'starts_at', 'ends_at', 'rate_per_minute', 'skus'];
    for (const [field, values] of Object.entries(bad)) test(`${field} that cannot be is refused by name, and no sale is made`, async () => {
        for (const value of values) await watch.refused(() => call('POST', '/sales', { body: { ...draft, id: 'never', [field]: value } }), { type: 'invalid', detail: new RegExp(field) });
        if (needed.includes(field)) await watch.refused(() => call('POST', '/sales', { body: { ...draft, id: 'never', [field]: undefined } }), { type: 'invalid', detail: new RegExp(field) });
    });
    test('that is not known is ignored', async () => {
        const { status } = await call('POST', '/sales', { body: { ...draft, id: 'more', colour: 'red', shelf: { row: 5 }, skus: [{ ...sku, weight: 3 }] } });
        assert.equal(status, 201);
        const { rows: [made] } = await database.query("select s.id, k.sku from sales s join skus k on k.sale = s.id where s.id = 'more'");
        assert.deepEqual(made, { id: 'more', sku: 'a' });
        assert.equal((await call('POST', '/sales/more/end')).status, 200);
        await waitFor('its end to be recorded', async () => (await database.query("select phase from sales where id = 'more'")).rows[0].phase === 'ended');
        await watch.still();
    });
    test('of a setting or a place that cannot be is refused by name, and nothing is set', async () => {
        for (const [method, path, body, field] of [['PUT', 'rate', { per_minute: -1 }, 'per_minute'], ['PUT', 'rate', {}, 'per_minute'], ['PUT', 'rate', { per_minute: '5' }, 'per_minute'], ['POST', 'mode', { mode: 'fast' }, 'mode'],
            ['POST', 'mode', { mode: 1 }, 'mode'], ['PUT', 'message', { message: 'x'.repeat(501) }, 'message'], ['PUT', 'message', {}, 'message'], ['PUT', 'limits', {}, 'cap'], ['PUT', 'limits', { cap: -1 }, 'cap'],
            ['PUT', 'limits', { factor_percent: 5 }, 'factor_percent'], ['POST', 'hold', { message: 5 }, 'message'], ['POST', 'resume', { message: [] }, 'message'], ['POST', 'places/1/5/block', { reason: 'x' }, 'lane'], ['POST', 'places/0/0/block', { reason: 'x' }, 'place'],
            ['POST', 'places/0/-1/block', { reason: 'x' }, 'place'], ['POST', 'places/0/5x/block', { reason: 'x' }, 'place'], ['POST', 'places/0/5/block', {}, 'reason'], ['POST', 'places/0/5/block', { reason: '' }, 'reason'], ['DELETE', 'places/2/5/block', undefined, 'lane']])
            await watch.refused(() => call(method, `/sales/shoes/${path}`, { body }), { type: 'invalid', detail: new RegExp(field) });
        for (const value of [0, -1, '5', 1.5, null]) await watch.refused(() => call('PUT', '/settings', { body: { orders_per_second: value } }), { type: 'invalid', detail: /orders_per_second/ });
    });
});

test('an unknown sale is told so by every call', async () => {
    for (const [method, path, body] of calls.filter(([, path_]) => path_.includes('shoes'))) for (const id of ['nowhere', 'No_Sale']) await watch.refused(() => call(method, path.replace('shoes', id), { body }), { type: 'unknown-sale' });
});
test('a sale whose line was withdrawn after its end is changed by no call', async () => {
    const id = 'over';
    assert.equal((await call('POST', '/sales', { body: { ...draft, id } })).status, 201);
    await waitFor('it to be live', async () => await redis.hget(`wr:{${id}}:line`, 'left') === '10');
    await waitFor('it to be withdrawn', async () => {
        await database.query("update sales set phase = 'ended', starts_at = now() - interval '3 days', ends_at = now() - interval '25 hours' where id = $1", [id]);
        return redis.hget(`wr:{${id}}:line`, 'withdrawn');
    }, { every: 500 });
    await watch.still();
    for (const [method, path, body] of calls.filter(([method, path_]) => method !== 'GET' && path_.includes('shoes/') && !path_.endsWith('/end'))) await watch.refused(() => call(method, path.replace('shoes', id), { body }), { type: 'sale-ended' });
    await watch.refused(() => call('GET', `/sales/${id}/rate`), { type: 'sale-ended' });
});
test('another sale with the id of one is a conflict, and the first stays as it is', () => watch.refused(() => call('POST', '/sales', { body: { ...draft, title: 'Another' } }), { type: 'conflict' }));
test('another method, and an address that nobody has', async () => {
    for (const [method, path] of [['DELETE', '/sales'], ['PATCH', '/sales/shoes/rate'], ['GET', '/sales/shoes/hold']]) await watch.refused(() => call(method, path), { type: 'method-not-allowed' });
    for (const path of ['', '/', '/sales/shoes/none', '/sales/shoes/places/0/block']) await watch.refused(() => call('GET', path), { type: 'not-found' });
});

describe('a token at verify', () => {
    const refused = 'wr_admission_verify_total{answer="refused"}';
    const verify = (token, { sale = 'shoes', headers = {} } = {}) => fetch(`${d.url}/v1/admission/verify${sale === null ? '' : `?sale=${sale}`}`, { headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers } });
    const token = (place, more) => admit({ redis, keys, kid }, 'shoes', place, more);
    const at = () => Math.floor(Date.now() / 1000), b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const parts = (good) => { const [head, body, signature] = good.split('.'); return { head, body, signature, claims: JSON.parse(Buffer.from(body, 'base64url')) }; };
    const cases = [
        ['that is not there', () => null, 'unauthenticated'],
        ['that is empty', () => '', 'unauthenticated'],
        ['that is longer than any', () => 'x'.repeat(2000), 'unauthenticated'],
        ['that is nonsense', () => 'nonsense', 'token-invalid'],
        ['whose place was altered', (good) => { const { head, signature, claims } = parts(good); return `${head}.${b64({ ...claims, place: 6 })}.${signature}`; }, 'token-invalid'],
        ['whose signature goes on', (good) => `${good}x`, 'token-invalid'],
        ['without a signature', (good) => `${b64({ alg: 'none', typ: 'JWT', kid })}.${parts(good).body}.`, 'token-invalid'],
        ['signed with another key', (good) => { const { head, body } = parts(good); return `${head}.${body}.${sign(null, Buffer.from(`${head}.${body}`), generateKeyPairSync('ed25519').privateKey).toString('base64url')}`; }, 'token-invalid'],
        ['of another issuer', () => token(7, { claims: { iss: 'else' }, row: false }), 'token-invalid'],
        ['that has expired', () => token(7, { claims: { exp: at() - 1 }, row: false }), 'token-expired'],
        ['of another sale', () => token(7, { claims: { aud: 'hats' }, row: false }), 'token-foreign'],
        ['of another run', () => token(7, { claims: { run: 999 }, row: false }), 'token-foreign'],
        ['without an admission', () => token(9, { row: false }), 'not-admitted'],
        ['of an admission that was given anew', () => token(5, { claims: { jti: 'older' }, row: false }), 'not-admitted'],
    ];
    let good;
    before(async () => { good = await token(5); });
    for (const [what, make, type] of cases) test(`${what} is refused: ${type}`, async () => {
        const made = await make(good);
        await watch.refused(() => verify(made), { type, counted: [refused] });
    });
    test('shown for a sale that is not known, or for none, is refused', async () => {
        await watch.refused(() => verify(good, { sale: 'nowhere' }), { type: 'unknown-sale', counted: [refused] });
        await watch.refused(() => verify(good, { sale: 'hats' }), { type: 'token-foreign', counted: [refused] });
        await watch.refused(() => verify(good, { sale: null }), { type: 'malformed' });
    });
    test('of a blocked place is refused', async () => {
        const theirs = await token(6);
        await redis.hset('wr:{shoes}:blocked', 6, 'robot');
        await watch.refused(() => verify(theirs), { type: 'blocked', counted: [refused] });
    });
    test('that another browser brings, after the one that was admitted, is refused, and admits nobody else', async () => {
        const first = await verify(good), pass = first.headers.get('set-cookie').split(';')[0];
        assert.equal(first.status, 200);
        await waitFor('the spent place to be copied', async () => (await database.query('select count(*)::int as n from spent_places')).rows[0].n === 1);
        for (const headers of [{}, { cookie: 'waitroom-pass=AAAAAAAAAAAAAAAAAAAAAA' }, { cookie: 'waitroom-pass=x' }]) {
            const answer = await watch.refused(() => verify(good, { headers }), { type: 'token-foreign', counted: [refused] });
            assert.equal(answer.headers.get('set-cookie'), null);
        }
        assert.equal((await verify(good, { headers: { cookie: pass } })).status, 200, 'the first one stays in');
    });
});
