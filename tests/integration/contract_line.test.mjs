// docs/asyncapi.yaml against the running system: every message of whole journeys over real sockets, and what the page sends.
// The tests stand in order and need those before them; the last one asks what all of them saw.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { asyncapi, clientTypes, serverTypes, typesOfPage } from '../lib/contract.mjs';
import { session } from '../lib/door.mjs';
import { stopAll } from '../lib/servers.mjs';
import { startStack } from '../lib/stack.mjs';
import { waitFor } from '../lib/wait.mjs';
import { Witnesses } from '../lib/witness.mjs';

const asyncapiSchema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json');
let stack, sale;
const witnesses = new Witnesses(), { seen } = witnesses;

async function shopper(options = {}, at = sale) {
    const { secret } = await session(stack.url);
    return witnesses.open(stack.url, at, { secret, headers: { origin: stack.url }, ...options }).connect();
}
const buy = (s, at = sale) => fetch(`${stack.url}/v1/sales/${at.id}/checkout`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${s.token}`, 'waitroom-secret': s.secret,
    'idempotency-key': randomUUID() }, body: JSON.stringify({ sku: 'one', quantity: 1 }) });

before(async () => {
    stack = await startStack();
    sale = await stack.createSale({ admission_s: 10, factor_percent: 1000 });
});
after(async () => {
    witnesses.close();
    await stack?.stop();
    await stopAll();
});

test('the document is AsyncAPI 3.0, and its messages are those of its channel and operations', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
    addFormats(ajv);
    const check = ajv.compile(asyncapiSchema);
    assert.ok(check(asyncapi), ajv.errorsText(check.errors));
    assert.deepEqual([...clientTypes, ...serverTypes].sort(), Object.keys(asyncapi.components.messages).sort());
    assert.deepEqual(Object.keys(asyncapi.channels.line.messages).sort(), Object.keys(asyncapi.components.messages).sort());
});

test('the page knows the same messages: the same names, fields, and which of them are always there', () => {
    for (const [union, types] of [['ServerMessage', serverTypes], ['ClientMessage', clientTypes]]) {
        const page = typesOfPage(union);
        assert.deepEqual(Object.keys(page).sort(), [...types].sort());
        for (const type of types) {
            const { payload } = asyncapi.components.messages[type];
            const described = Object.keys(payload.properties).filter((name) => name !== 'type').sort();
            assert.deepEqual(Object.keys(page[type]).sort(), described, `${union} ${type}`);
            assert.deepEqual(Object.keys(page[type]).filter((name) => page[type][name].required).sort(), payload.required.filter((name) => name !== 'type').sort(), `${union} ${type}: required`);
        }
    }
});

test('from the door to a paid order, and back again when the turn is over', async () => {
    const s = await shopper();
    for (const type of ['sale', 'ticket', 'position', 'called', 'admitted']) await s.got(type);
    assert.equal((await buy(s)).status, 202);
    await s.got('order', (m) => m.status === 'queued');
    const { payment_url } = await s.got('order', (m) => m.status === 'pending_payment' && m.payment_url);
    assert.equal((await fetch(`${payment_url}/pay`, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '' })).status, 303);
    await s.got('order', (m) => m.status === 'confirmed', { timeout: 15_000 });
    s.again();
    await s.got('order', (m) => m.status === 'confirmed');
    await s.got('spent', undefined, { timeout: 20_000 });
});

test('who waits is told how many are ahead, and what the merchant says; a second tab takes over', async () => {
    const waiting = await stack.createSale({ rate_per_minute: 0 });
    const first = await shopper({}, waiting);
    await first.got('ticket'); // the one that comes first is the one ahead
    const second = await shopper({}, waiting);
    await second.got('position', (m) => m.ahead === 1);
    await stack.admin('POST', `/sales/${waiting.id}/hold`, { message: 'Back in a minute.' });
    await first.got('sale', (m) => m.mode === 'hold' && m.message === 'Back in a minute.');
    await stack.admin('POST', `/sales/${waiting.id}/resume`);
    await first.got('sale', (m) => m.mode === 'queue' && m.message === '');
    const { secret, ticket, worker } = first;
    const tab = await shopper({ secret, ticket, worker }, waiting);
    await tab.got('ticket', (m) => m.place === first.place);
    await first.got('superseded');
    await waitFor('the older tab to be closed', () => first.closed === 4001);
    tab.send({ type: 'leave' });
    await stack.admin('POST', `/sales/${waiting.id}/places/0/${second.place}/block`, { reason: 'a test' });
    await stack.admin('PUT', `/sales/${waiting.id}/rate`, { per_minute: 6000 });
    await second.got('error', (m) => m.code === 'blocked', { timeout: 20_000 }); // when the worker next sends all it has, at the latest
});

test('what is not understood is refused by name', async () => {
    const s = await shopper({ secret: null });
    await s.got('sale');
    for (const [message, code] of [['not json', 'malformed'], ['[]', 'invalid'], ['{"type":"dance"}', 'invalid'], ['{"type":5}', 'invalid'], ['{"type":"join"}', 'unauthenticated'],
        ['{"type":"join","secret":"short"}', 'unauthenticated']]) {
        const before_ = s.messages.length;
        s.send(message);
        const error = await waitFor(`an answer to ${message}`, () => s.messages.slice(before_).find(({ type }) => type === 'error'));
        assert.equal(error.code, code, message);
    }
    const forged = await shopper({ ticket: 'wt1.nonsense' });
    await forged.got('error', (m) => m.code === 'ticket-invalid');
    for (let i = 0; i < 70; i++) s.send('{"type":"here"}'); // more than twice what a second may hold
    await s.got('error', (m) => m.code === 'too-many-requests');
    await waitFor('the flood to be ended', () => s.closed === 1008);
    const shut = await stack.createSale({});
    assert.equal((await stack.admin('POST', `/sales/${shut.id}/mode`, { mode: 'reject' })).status, 200);
    await (await shopper({}, shut)).got('error', (m) => m.code === 'not-admitting');
    const early = await stack.createSale({ starts_at: Date.now() + 3_600_000, ends_at: Date.now() + 7_200_000 });
    await (await shopper({}, early)).got('error', (m) => m.code === 'not-open');
    await stack.admin('POST', `/sales/${early.id}/end`);
    const ending = await stack.createSale({ skus: [] });
    await stack.admin('POST', `/sales/${ending.id}/end`);
    await stack.known(ending, ({ phase }) => phase === 'ended');
    await (await shopper({}, ending)).got('error', (m) => m.code === 'sale-ended');
});

test('while Redis is away the line says so on the same socket, and goes on', async () => {
    const calm = await stack.createSale({ rate_per_minute: 0 });
    const s = await shopper({}, calm), supervisor = Number(readFileSync(join(stack.folder, 'up.pid'), 'utf8'));
    await s.got('ticket');
    process.kill(supervisor, 'SIGSTOP'); // it would start Redis again before anybody noticed
    process.kill(stack.pid('redis'), 'SIGKILL');
    try { await s.got('error', (m) => m.code === 'line-closed'); } finally { process.kill(supervisor, 'SIGCONT'); }
    const heard = s.messages.length;
    await waitFor('the line to go on', () => s.messages.slice(heard).some(({ type }) => type === 'sale'), { timeout: 20_000 });
    assert.equal(s.closed, null);
});

test('a gateway that ends says when to come back, and the place is the same', async () => {
    const calm = await stack.createSale({ rate_per_minute: 0 });
    const s = await waitFor('a place', async () => { const p = await shopper({}, calm); return await p.got('ticket', undefined, { timeout: 1000 }) && p; }, { timeout: 20_000 });
    const { place } = s;
    process.kill(stack.pid('waitroomd'), 'SIGTERM');
    await s.got('reconnect');
    await waitFor('the socket to be closed', () => s.closed === 1012);
    await waitFor('the place again', async () => { s.again(); await s.got('ticket', (m) => m.place === place, { timeout: 1000 }); return true; }, { timeout: 20_000 });
});

test('every message was as described, and every type of message was seen', () => {
    witnesses.areSound();
    assert.deepEqual([...seen.keys()].sort(), [...serverTypes].sort());
    const optional = Object.keys(asyncapi.components.messages.order.payload.properties).filter((name) => name !== 'reason');
    assert.deepEqual(optional.filter((name) => !seen.get('order').some((m) => name in m)), []);
    if (process.env.WR_SHOW_REFUSALS) for (const line of new Set(seen.get('error').map((m) => `${m.code}: ${m.detail}`))) console.log(line);
});
