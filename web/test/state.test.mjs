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
await build({ entryPoints: [join(source, 'state.ts'), join(source, 'text.ts'), join(source, 'announce.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { initial, onMessage, currentOrder } = await import(pathToFileURL(join(out, 'state.mjs')));
const { waitRange, price, countdown, timeLeft } = await import(pathToFileURL(join(out, 'text.mjs')));
const { announcement } = await import(pathToFileURL(join(out, 'announce.mjs')));

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
test('an expired order and the unit that came back are told apart in words', () => {
    assert.match(announcement(play(order(3, 'expired'))).sentence, /expired/);
    assert.equal(announcement(play(ticket(1), admitted)).urgent, true);
});
test('waits are told as ranges, money in its own digits, time in clock form', () => {
    assert.equal(waitRange([120, 310]), 'About 2 to 6 minutes');
    assert.equal(waitRange([2, 12]), 'Less than half a minute');
    assert.equal(price(48900, 'EUR'), '€489.00');
    assert.equal(price(500, 'JPY'), '¥500');
    assert.equal(countdown(3_661_000), '01:01:01');
    assert.equal(timeLeft(61_000), '1:01');
    assert.equal(timeLeft(3_661_000), '01:01:01');
});
