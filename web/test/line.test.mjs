// The way through the line, and an order across reloads: the page keeps which one it shows and asks for it until the line tells of it. Compiled from the shipped
// TypeScript, with a server and a time made here.
import { test, beforeEach, mock } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'line.ts'), join(source, 'state.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { Line } = await import(pathToFileURL(join(out, 'line.mjs')));
const { currentOrder } = await import(pathToFileURL(join(out, 'state.mjs')));

const order = (event, status, id = 'a') => ({ sale: 'shoes', queue_ticket_id: id, sku: 'one', quantity: 1, status, event, payment_url: 'https://pay.test/' });
const told = (...args) => ({ type: 'order', ...order(...args) });
const saleMessage = { type: 'sale', phase: 'live', mode: 'queue', message: '', remaining: 1, now: 1, starts_at: 1, ends_at: 2 };
const turn = () => new Promise(setImmediate);

let kept, asked, status, sale, polled, socket, page, listeners;
globalThis.window = globalThis;
globalThis.addEventListener = (name, heard) => { listeners[name] = heard; };
globalThis.document = { addEventListener: () => undefined };
globalThis.location = new URL('https://shop.test/s/shoes');
Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
globalThis.localStorage = { getItem: () => kept, setItem: (_, text) => { kept = text; } };
globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    sent = [];
    constructor() { socket = this; }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.onclose(); }
    tells(message) { this.onmessage({ data: JSON.stringify(message) }); }
};
globalThis.fetch = async (url) => {
    if (url.includes('/queue')) return polled();
    if (url.includes('/v1/sales/')) return sale();
    if (!url.includes('/v1/orders/status/')) return Response.json({ now: Date.now() });
    asked.push(url);
    return status();
};
const theSale = () => Response.json({ ...saleMessage, id: 'shoes', run: 1 });
beforeEach(() => { asked = []; sale = theSale; polled = () => assert.fail('nothing to poll for'); kept = '{"run":1}'; status = () => assert.fail('nothing is kept to ask for'); });
const remembered = () => JSON.parse(kept).order;
async function load() {
    mock.timers.reset(); // those of the page before this one
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    listeners = {};
    socket = undefined;
    page = new Line('shoes', () => undefined);
    await page.start();
}
async function pass(ms = 2000) {
    mock.timers.tick(ms);
    await turn();
}
// A page that has bought `a` and is loaded anew while the line is closed.
async function reloaded(answer) {
    await load();
    page.accepted(told(0, 'queued'));
    assert.equal(remembered(), 'a');
    status = answer;
    await load();
    socket.tells(saleMessage);
    socket.tells({ type: 'error', code: 'line-closed', detail: '' });
}

test('an order that can be paid is there after a reload, though the closed line tells nothing', async () => {
    await reloaded(() => Response.json(order(2, 'pending_payment')));
    assert.deepEqual([currentOrder(page.state)?.status, currentOrder(page.state)?.payment_url], ['pending_payment', 'https://pay.test/']);
    assert.deepEqual(asked, ['/v1/orders/status/a?sale=shoes']);
});
test('it is asked for until the line tells of it, whose later news counts', async () => {
    await reloaded(() => Response.json({ type: '/problems/busy', status: 503 }, { status: 503 }));
    assert.equal(currentOrder(page.state), undefined);
    status = () => Response.json(order(2, 'pending_payment'));
    await pass();
    assert.equal(currentOrder(page.state).status, 'pending_payment');
    status = () => Response.json(order(3, 'expiring'));
    await pass();
    assert.equal(currentOrder(page.state).status, 'expiring');
    socket.tells(told(4, 'confirmed'));
    const before = asked.length;
    await pass();
    await pass();
    assert.deepEqual([currentOrder(page.state).status, asked.length], ['confirmed', before]);
});
test('an order that is final, or unknown, is not asked for again', async () => {
    for (const answer of [() => Response.json(order(4, 'confirmed')), () => Response.json({ type: '/problems/not-found', status: 404 }, { status: 404 })]) {
        asked = [];
        kept = '{"run":1}';
        await reloaded(answer);
        await pass();
        assert.equal(asked.length, 1);
    }
});
test('the socket\'s news is kept as well, and joining anew forgets an order that has ended', async () => {
    await load();
    socket.tells(told(1, 'queued', 'b'));
    assert.equal(remembered(), 'b');
    socket.tells(told(4, 'expired', 'b'));
    assert.equal(remembered(), 'b', 'a reload shows how it ended');
    page.joinAnew();
    assert.equal(remembered(), undefined);
    status = () => Response.json(order(4, 'expired', 'b'));
    await load();
    await turn();
    assert.deepEqual([asked.length, currentOrder(page.state)], [1, undefined]);
    status = () => Response.json(order(6, 'confirmed', 'b'));
    await load();
    await turn();
    assert.deepEqual([asked.length, currentOrder(page.state)?.status], [2, 'confirmed'], 'a payment that was late is heard of all the same');
});
test('joining anew before the order was heard of does not forget it', async () => {
    await reloaded(() => Response.json({ status: 503 }, { status: 503 }));
    page.joinAnew();
    assert.equal(remembered(), 'a');
});
test('whose sale was withdrawn long after its end still sees what they bought', async () => {
    kept = JSON.stringify({ run: 1, order: 'a' });
    sale = () => Response.json({ type: '/problems/unknown-sale', status: 404 }, { status: 404 });
    status = () => Response.json(order(4, 'confirmed'));
    await load();
    await turn();
    assert.deepEqual([page.state.missing, currentOrder(page.state)?.status, socket], [true, 'confirmed', undefined]);
});
test('a network that comes back while the page still opens begins nothing of its own: what it brought would be forgotten', async () => {
    kept = '{}';
    let answer;
    sale = () => new Promise((done) => { answer = done; });
    const loaded = load();
    await turn();
    listeners.online?.();
    await pass();
    assert.equal(socket, undefined, 'nobody joins before the sale and the session are there');
    answer(theSale());
    await loaded;
    socket.tells(saleMessage);
    await turn();
    assert.deepEqual(socket.sent, [{ type: 'join' }]);
    socket.tells({ type: 'ticket', ticket: 'T', worker: 'w', place: 7, reconnect_within_s: 5 });
    assert.deepEqual(JSON.parse(kept), { run: 1, ticket: 'T', worker: 'w', place: 7 });
    socket.close();
    listeners.online();
    await pass(1);
    socket.tells(saleMessage);
    await turn();
    assert.deepEqual(socket.sent, [{ type: 'join', ticket: 'T', was: 'w' }]);
});
test('where the handshake passes and nothing after it, the page polls', async () => {
    kept = JSON.stringify({ run: 1, ticket: 'T' });
    let polls = 0;
    polled = () => { polls++; return Response.json({ messages: [], next_s: 60 }); };
    await load();
    await pass(16_000);
    assert.equal(polls, 1, 'meanwhile');
    await pass(15_000);
    assert.equal(page.state.link, 'polling');
    const first = socket;
    await pass(91_000);
    assert.notEqual(socket, first, 'a socket is tried now and then');
    assert.equal(page.state.link, 'polling', 'and stops no poll before it says something');
    socket.tells(saleMessage);
    assert.equal(page.state.link, 'open');
});
test('where nothing is said on a socket, who comes for the first time joins by a poll', async () => {
    kept = '{}';
    const polls = [];
    polled = () => { polls.push(kept); return Response.json({ messages: [{ type: 'ticket', ticket: 'T', worker: 'w', place: 7, reconnect_within_s: 5 }], next_s: 60 }); };
    await load();
    await pass(16_000);
    for (let i = 0; i < 4; i++) await turn();
    assert.deepEqual([polls.length, socket.sent, JSON.parse(kept).ticket], [1, [], 'T']);
});
test('a tab that polls gives way to another that has come since', async () => {
    kept = JSON.stringify({ run: 1, ticket: 'T', worker: 'a-1' });
    polled = () => Response.json({ messages: [{ type: 'ticket', ticket: 'T', worker: 'b-2', place: 7, reconnect_within_s: 5 }], next_s: 5 });
    await load();
    await pass(16_000);
    await pass(6000);
    assert.deepEqual([page.state.link, JSON.parse(kept).worker], ['polling', 'b-2']);
    kept = JSON.stringify({ run: 1, ticket: 'T', worker: 'c-3' });
    polled = () => assert.fail('it asks no more');
    await pass(6000);
    await pass(100_000);
    assert.equal(page.state.seat, 'superseded');
});
test('whose sale its servers have lost for a while finds it again', async () => {
    kept = JSON.stringify({ run: 1, ticket: 'T' });
    sale = () => Response.json({ type: '/problems/unknown-sale', status: 404 }, { status: 404 });
    await load();
    assert.deepEqual([page.state.missing, socket], [true, undefined]);
    sale = theSale;
    await pass(61_000);
    await turn();
    assert.equal(page.state.missing, false);
    socket.tells(saleMessage);
    await turn();
    assert.deepEqual(socket.sent, [{ type: 'join', ticket: 'T' }]);
});
test('whoever comes before all servers know a new sale is let in a moment later; an address that was mistyped is not asked for for ever', async () => {
    const gone = () => Response.json({ type: '/problems/unknown-sale', status: 404 }, { status: 404 });
    let calls = 0;
    kept = '{}';
    sale = () => { calls++; return calls < 3 ? gone() : theSale(); };
    await load();
    for (let i = 0; i < 3; i++) await pass(3000), await turn();
    assert.deepEqual([page.state.missing, calls, socket !== undefined], [false, 3, true]);
    kept = '{}';
    sale = () => { calls++; return gone(); };
    await load();
    for (let i = 0; i < 9; i++) await pass(3000), await turn();
    assert.deepEqual([page.state.missing, calls], [true, 7]);
});
test('while the start is late nobody asks again and again: the news of it is what everybody joins by', async () => {
    await load();
    const soon = { ...saleMessage, phase: 'scheduled', starts_at: Date.now() + 1000 };
    socket.tells(soon);
    await pass(4000);
    assert.equal(socket.sent.length, 1);
    for (let i = 0; i < 20; i++) {
        socket.tells({ type: 'error', code: 'not-open', detail: '' });
        await pass(4000);
    }
    assert.equal(socket.sent.length, 1);
    socket.tells({ ...soon, phase: 'live' });
    await turn();
    assert.equal(socket.sent.length, 2);
});
test('an order that was told goes on, though the page comes back to a line that is closed', async () => {
    await load();
    socket.tells(saleMessage);
    socket.tells(told(1, 'queued'));
    status = () => Response.json(order(2, 'pending_payment'));
    socket.close();
    await pass(6000);
    socket.tells(saleMessage);
    socket.tells({ type: 'error', code: 'line-closed', detail: '' });
    await pass(3000);
    assert.equal(currentOrder(page.state).status, 'pending_payment');
});
test('who went on from an order that expired still hears that it was paid late', async () => {
    await load();
    socket.tells(told(3, 'expired'));
    page.joinAnew();
    assert.equal(currentOrder(page.state), undefined);
    socket.tells(told(4, 'confirmed'));
    assert.equal(currentOrder(page.state).status, 'confirmed');
});
