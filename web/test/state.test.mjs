// The page's rules, compiled from the shipped TypeScript.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'state.ts'), join(source, 'text.ts'), join(source, 'scene.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { initial, onMessage, currentOrder, closedOrders } = await import(pathToFileURL(join(out, 'state.mjs')));
const { duration, waitRange, price, countdown, timeLeft, orderWords } = await import(pathToFileURL(join(out, 'text.mjs')));
const { sceneOf } = await import(pathToFileURL(join(out, 'scene.mjs')));

const play = (...messages) => messages.reduce((state, message) => onMessage(state, message, 1000), initial);
const ticket = (place) => ({ type: 'ticket', ticket: 't', lane: 0, place, worker: 'w', reconnect_within_s: 5 });
const position = (ahead) => ({ type: 'position', ahead, eta_s: [10, 20], next_s: 1 });
const order = (event, status, id = 'a') => ({ type: 'order', sale: 's', queue_ticket_id: id, sku: 'x', quantity: 1, status, event });
const admitted = { type: 'admitted', token: 'jwt', expires_at: 5000, checkout_url: '' };

test('the number ahead never rises while the place is the same', () => {
    assert.equal(play(ticket(9), position(5), position(7)).ahead, 5);
    assert.equal(play(ticket(9), position(5), ticket(9), position(7)).ahead, 5);
});
test('a new place starts its own count', () => {
    assert.equal(play(ticket(9), position(5), ticket(90), position(70)).ahead, 70);
});
test('older news of an order changes nothing', () => {
    const state = play(order(3, 'confirmed'), order(2, 'pending_payment'));
    assert.equal(state.orders.length, 1);
    assert.equal(state.orders[0].status, 'confirmed');
});
test('news of an order ends what was wrong with it; what was told before does not', () => {
    const state = { ...play(order(2, 'pending_payment')), uncancelled: { type: '/problems/outcome-unknown' } };
    assert.equal(onMessage(state, order(2, 'pending_payment'), 0).uncancelled, state.uncancelled);
    assert.equal(onMessage(state, order(3, 'confirmed'), 0).uncancelled, null);
});
test('the order that needs the shopper is the one shown', () => {
    assert.equal(currentOrder(play(order(1, 'pending_payment', 'a'), order(4, 'expired', 'b'))).queue_ticket_id, 'a');
    assert.equal(currentOrder(play(order(4, 'expired', 'a'), order(4, 'confirmed', 'b'))).queue_ticket_id, 'b');
});
test('a position that arrives after the admission does not take the turn away', () => {
    assert.equal(play(ticket(1), admitted, position(0)).seat, 'admitted');
});
test('a closed line keeps the place and opens with the next word of the server', () => {
    const closed = play(ticket(9), position(5), { type: 'error', code: 'line-closed', detail: '' });
    assert.equal(closed.closed, true);
    assert.equal(closed.ahead, 5);
    assert.equal(onMessage(closed, position(4), 0).closed, false);
});
test('a spent place loses its token, a passed one says so', () => {
    assert.equal(play(ticket(1), admitted, { type: 'spent' }).admission, null);
    assert.equal(play(ticket(1), { type: 'error', code: 'place-passed', detail: '' }).seat, 'passed');
});
test('while its payment is being closed, who cancelled reads something else than whose time is up', () => {
    const closing = order(3, 'expiring');
    assert.match(orderWords(closing).title, /Time is up/);
    assert.match(orderWords({ ...closing, reason: 'cancelled' }).title, /Cancelling/);
    assert.match(orderWords({ ...order(1, 'failed'), reason: 'oversold' }).detail, /Somebody was faster/);
});
const onSale = (...messages) => ({ ...play(...messages), sale: { starts_at: 0 } });
test('a turn ends by the server\'s time, without a word of the server', () => {
    const state = onSale(ticket(1), admitted);
    assert.deepEqual([4999, 5000].map((now) => sceneOf(state, now)), ['turn', 'spent']);
});
test('a tab that another one replaced shows no order that may change, but what was bought', () => {
    for (const [status, scene] of Object.entries({ queued: 'superseded', pending_payment: 'superseded', expired: 'superseded', confirmed: 'order' })) {
        assert.equal(sceneOf(onSale(ticket(1), order(1, status), { type: 'superseded' }), 0), scene, status);
    }
    assert.equal(sceneOf(onSale(ticket(1), admitted, { type: 'superseded' }), 0), 'superseded');
});
const refused = (code) => ({ type: 'error', code, detail: '', next: '' });
const joining = (...messages) => messages.reduce((state, message) => onMessage(state, message, 1000), { ...initial, seat: 'joining' });
test('who is refused while joining waits to ask again; who has a place keeps it', () => {
    for (const code of ['not-admitting', 'busy', 'outcome-unknown', 'draining']) {
        assert.equal(joining(refused(code)).seat, 'refused', code);
        assert.equal(play(ticket(9), position(5), refused(code)).seat, 'waiting', code);
    }
    assert.equal(joining(refused('not-open')).seat, 'outside');
    assert.equal(joining(refused('line-closed')).seat, 'joining');
    assert.equal(joining(refused('sale-ended')).phase, 'ended');
});
test('an order that was put away is not shown again, unless it is open', () => {
    const state = { ...play(order(4, 'expired', 'a'), order(1, 'queued', 'b')), putAway: ['a', 'b'] };
    assert.equal(currentOrder(state).queue_ticket_id, 'b');
    assert.equal(currentOrder(onMessage(state, order(2, 'expired', 'b'), 0)), undefined);
    assert.deepEqual(closedOrders(state), ['a']);
});
test('waits are told as ranges, money in its own digits, time in clock form', () => {
    assert.equal(waitRange([120, 310]), 'About 2 to 6 minutes');
    assert.equal(waitRange([2, 12]), 'Less than half a minute');
    assert.deepEqual([59, 60, 3569, 3599, 3600, 5400, 7190].map(duration), ['59 s', '1 min', '59 min', '1 h', '1 h', '1 h 30 min', '2 h']);
    assert.equal(price(48900, 'EUR'), '€489.00');
    assert.equal(price(500, 'JPY'), '¥500');
    assert.equal(countdown(3_661_000), '01:01:01');
    assert.equal(timeLeft(61_000), '1:01');
    assert.equal(timeLeft(3_661_000), '01:01:01');
});
