// Buying: when the key of a purchase is kept, and when it is done with. Compiled from the shipped TypeScript; no attempt waits.
import { test, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'buy.ts'), join(source, 'text.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { buy, cancel } = await import(pathToFileURL(join(out, 'buy.mjs')));
const { text, problemWords } = await import(pathToFileURL(join(out, 'text.mjs')));

const silence = () => { throw new TypeError('failed to fetch'); };
const problem = (status, type) => () => new Response(JSON.stringify({ type: `/problems/${type}`, title: '', status }), { status });
const accepted = () => new Response(JSON.stringify({ queue_ticket_id: 'o', status: 'queued', sku: 'one', quantity: 1 }), { status: 202 });
const unknown = problem(503, 'outcome-unknown'), later = problem(429, 'too-many-requests'), busy = problem(503, 'busy'), soldOut = problem(410, 'sold-out'), used = problem(409, 'token-used');

let kept, sent, line;
globalThis.localStorage = { getItem: () => kept, setItem: (_, text) => { kept = text; } };
globalThis.setTimeout = (run) => queueMicrotask(run);
beforeEach(() => {
    kept = '{}';
    sent = [];
    line = { id: 'shoes', state: { admission: { token: 't' }, orders: [], buying: false }, set(change) { Object.assign(this.state, change); }, accepted(order) { this.order = order; } };
});
// One click; each attempt is answered by the next of `answers`, the last one again and again.
async function click(...answers) {
    globalThis.fetch = async (_, { headers }) => {
        sent.push({ key: headers['idempotency-key'], retry: headers['idempotency-retry'] });
        return (answers.length > 1 ? answers.shift() : answers[0])();
    };
    await buy(line, 'one', 1);
}
test('a cancel names the sale, so that only its stock is asked', async () => {
    let asked;
    globalThis.fetch = async (address, { method }) => { asked = [method, address]; return new Response('{}', { status: 202 }); };
    await cancel(line, { queue_ticket_id: 'o', sale: 'shoes' });
    assert.deepEqual(asked, ['DELETE', '/v1/orders/status/o?sale=shoes']);
});
// What the page says after a cancel that was answered with `answer`; by then the socket may have told that the order is `status`.
async function toldOfCancel(answer, status = 'pending_payment') {
    const order = { queue_ticket_id: 'o', sale: 'shoes', status: 'pending_payment' };
    line.state.orders = [order];
    line.state.uncancelled = null;
    globalThis.fetch = async () => { line.state.orders = [{ ...order, status }]; return answer(); };
    await cancel(line, order);
    return line.state.uncancelled && problemWords(text.cancelProblems, line.state.uncancelled);
}
test('a cancel that came too late, one whose outcome nobody knows, and one that was refused are told apart', async () => {
    assert.match(await toldOfCancel(problem(409, 'conflict')), /no longer be cancelled/);
    for (const answer of [unknown, silence]) assert.match(await toldOfCancel(answer), /do not know yet/);
    for (const answer of [busy, later]) assert.equal(await toldOfCancel(answer), text.problem);
    assert.equal(await toldOfCancel(() => new Response('{}', { status: 202 })), null);
});
test('how a cancel failed is no news when the order has ended by then', async () => {
    for (const answer of [problem(409, 'conflict'), silence]) assert.equal(await toldOfCancel(answer, 'confirmed'), null);
});
test('who asked for more than is left is told how many are', () => {
    assert.equal(problemWords(text.problems, { type: '/problems/sold-out', remaining: 2 }), 'Somebody was faster: only 2 left. Choose a smaller quantity.');
    assert.equal(problemWords(text.problems, { type: '/problems/sold-out', remaining: 0 }), text.problems['sold-out']);
});
const key = () => JSON.parse(kept).key;

for (const [code, left] of [['sale-ended', { phase: 'ended' }], ['blocked', { seat: 'blocked' }]])
    test(`${code}: no turn is left`, async () => {
        await click(problem(code === 'blocked' ? 403 : 410, code));
        assert.equal(line.state.admission, null);
        for (const [name, value] of Object.entries(left)) assert.equal(line.state[name], value);
    });

for (const [what, first] of [['silence', silence], ['an unknown outcome', unknown]]) {
    test(`${what} and then only refusals to try: the next click asks with the same key`, async () => {
        await click(first, later);
        assert.ok(key());
        await click(accepted);
        assert.equal(new Set(sent.map((attempt) => attempt.key)).size, 1);
        assert.equal(sent.at(-1).retry, '1');
        assert.equal(line.order.queue_ticket_id, 'o');
        assert.equal(key(), undefined);
    });
}
test('a key whose outcome was unknown before a reload is kept through refusals to try', async () => {
    kept = JSON.stringify({ key: 'of-the-last-page', body: JSON.stringify({ sku: 'one', quantity: 1 }) });
    await click(later);
    assert.equal(key(), 'of-the-last-page');
});
test('a clear answer is believed, after silence too, and ends its key', async () => {
    for (const answer of [soldOut, used]) {
        await click(silence, later, answer);
        assert.equal(key(), undefined);
    }
    assert.equal(new Set(sent.map((attempt) => attempt.key)).size, 2);
});
test('a refusal that follows silence is asked once more: the silent attempt may have arrived after it', async () => {
    await click(silence, soldOut, accepted);
    assert.equal(line.order.queue_ticket_id, 'o');
    assert.equal(new Set(sent.map((attempt) => attempt.key)).size, 1);
    assert.equal(line.state.problem, null);
    sent = [];
    await click(silence, soldOut);
    assert.deepEqual([sent.length, line.state.problem.type, key()], [3, '/problems/sold-out', undefined]);
    sent = [];
    await click(soldOut);
    assert.equal(sent.length, 1, 'without silence before it, it is believed at once');
});
test('a refusal is no news when the order has come by then', async () => {
    const told = () => { line.state.orders.push({ queue_ticket_id: 'o' }); return used(); };
    await click(silence, used, told);
    assert.equal(line.state.problem, null);
    line.state.orders = [];
    await click(told);
    assert.equal(line.state.problem, null);
});
test('the key is kept before the first attempt, and a page that goes meanwhile continues with it', async () => {
    globalThis.fetch = () => new Promise(() => undefined);
    void buy(line, 'one', 1);
    const first = key();
    assert.ok(first);
    line.state.buying = false; // the page that is loaded anew
    await click(accepted);
    assert.deepEqual(sent, [{ key: first, retry: '1' }]);
});
test('only refusals to try: nothing was stored, and the next click has a key of its own', async () => {
    await click(later);
    assert.equal(key(), undefined);
    await click(busy, later);
    assert.equal(key(), undefined);
});
