// Clients that know everything a shopper, a merchant or a payment provider knows (sessions, tickets, tokens, orders, keys, also those
// of others) and do what these do, each step broken a little: the right route and credentials with one field of the JSON wrong, the
// right messages in the wrong state, and an end at any moment. So they get past the doors that random bytes stop at.
//
//   const world = new World({ url, origin, random, sales, keys });
//   await journey(world, sale)                           one shopper who does everything right, to the confirmed order
//   await intrude(world, port, [line, socket], { seconds, width, random });       world.seen: how often each route answered what
import { createHmac, randomUUID } from 'node:crypto';
import { mutateBytes, mutateJson, mutateText } from './mutate.mjs';
import { Wire, frame, request, upgradeRequest } from './wire.mjs';
import { waitFor } from './wait.mjs';

const POOL = 300;
export class World {
    constructor({ url, origin, sales, keys }) {
        Object.assign(this, { url, origin, sales, keys, toys: [], sessions: [], tickets: [], admissions: [], orders: [], payments: [], events: [], seen: new Map(), connections: 0 });
    }
    keep(pool, value) {
        this[pool].push(value);
        if (this[pool].length > POOL) this[pool].shift();
        return value;
    }
    see(what) { this.seen.set(what, (this.seen.get(what) ?? 0) + 1); }
    // One that is known; mostly one of few, so that the same shopper is on several sockets at a time.
    one(random, pool) { return random.pick(random.chance(60) ? this[pool].slice(-8) : this[pool]); }
    sale(random) { return this.toys.length && random.chance(40) ? random.pick(this.toys) : random.pick(this.sales); }
}

// ---- one client: a connection that is kept, and opened again when the server ends it ----
class Client {
    constructor(world, port, random) { Object.assign(this, { world, port, random, damage: 25 }); }
    // `body`: JSON, or a form with `form`. Something of what is asked is broken in `damage` of a hundred requests.
    async ask(label, method, path, { headers = {}, body, form, sign } = {}) {
        const { random, world } = this, broken = random.chance(this.damage), where = broken ? random.below(6) : -1;
        let bytes = body === undefined ? Buffer.alloc(0) : form ? Buffer.from(new URLSearchParams(body).toString()) : Buffer.from(JSON.stringify(body));
        if (bytes.length && where < 3 && broken) bytes = form ? Buffer.from(new URLSearchParams(mutateForm(random, body)).toString()) : mutateJson(random, body);
        const all = { Host: new URL(world.origin).host, Origin: world.origin, ...(bytes.length && { 'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json' }), ...headers, ...sign?.(bytes) };
        if (method !== 'GET') all['Content-Length'] = bytes.length;
        const names = Object.keys(all);
        if (where === 3) { const name = random.pick(names); all[name] = random.chance(20) ? null : mutateText(random, all[name]); }
        if (where === 4) path = `/${mutateText(random, path.slice(1))}`;
        let message = Buffer.concat([Buffer.from(request(method, path, { headers: all, host: all.Host }), 'latin1'), bytes]);
        if (where === 5) message = mutateBytes(random, message);
        return this.exchange(label, message, broken ? 250 : 4000);
    }
    async exchange(label, message, timeout) {
        try {
            if (!this.wire || this.wire.ended) {
                this.wire = await Wire.open(this.port);
                this.world.connections++;
            }
            this.wire.bytes = Buffer.alloc(0);
            this.wire.send(message);
            if (this.random.chance(4)) throw new Error('gone before the answer');
            const answer = await this.wire.answer({ timeout });
            this.world.see(`${label} ${answer.status}`);
            if (this.random.chance(5) || answer.headers.connection === 'close') this.close();
            return answer;
        } catch {
            this.close();
            return { status: 0, headers: {}, json: null, body: '' };
        }
    }
    close() {
        if (!this.wire) return;
        if (this.random.chance(50)) this.wire.socket.resetAndDestroy(); else this.wire.destroy();
        this.wire = null;
    }
}
function mutateForm(random, form) {
    const entries = Object.entries(form), at = random.below(entries.length), how = random.below(4);
    if (how === 0) entries.splice(at, 1);
    else if (how === 1) entries.push(entries[at]);
    else entries[at] = how === 2 ? [mutateText(random, entries[at][0]), entries[at][1]] : [entries[at][0], random.pick(['', '-1', '0', '99999999999999999999', 'x'.repeat(200), mutateText(random, entries[at][1])])];
    return entries;
}

// ---- the line, by HTTP ----
async function newSession(c) {
    const { json, headers } = await c.ask('POST /v1/session', 'POST', '/v1/session', { body: { cookie: false } });
    return json?.secret ? c.world.keep('sessions', { secret: json.secret, cookie: headers['set-cookie']?.split(';')[0] }) : c.random.pick([...c.world.sessions, { secret: 'AAAAAAAAAAAAAAAAAAAAAA' }]);
}
const proof = (random, { secret }) => random.chance(50) ? { 'Waitroom-Secret': secret } : { Cookie: `waitroom=${secret}` };
function learn(world, sale, secret, messages) {
    for (const m of messages ?? []) {
        if (m.type === 'ticket') world.keep('tickets', { sale, secret, ticket: m.ticket, worker: m.worker });
        if (m.type === 'admitted') world.keep('admissions', { sale, secret, token: m.token });
    }
    return messages?.findLast?.((m) => m.type === 'ticket')?.ticket;
}
export async function line(c) {
    const { random, world } = c, sale = world.sale(random), s = random.chance(60) || !world.sessions.length ? await newSession(c) : world.one(random, 'sessions'), path = `/v1/sales/${sale}/queue`;
    await c.ask('GET /s/{sale}', 'GET', random.chance(50) ? `/s/${sale}` : world.asset);
    await c.ask('GET /v1/sales/{sale}', 'GET', `/v1/sales/${sale}`);
    if (random.chance(10)) await c.ask('GET /v1/time', 'GET', '/v1/time');
    let { json } = await c.ask('POST queue', 'POST', path, { headers: proof(random, s), ...(random.chance(60) && { body: {} }) });
    let ticket = learn(world, sale, s.secret, json?.messages);
    for (let i = random.below(8); i > 0; i--) {
        const known = random.chance(20) && world.tickets.length ? world.one(random, 'tickets') : { ticket, secret: s.secret, worker: 'x' };
        if (!known.ticket) break;
        const as = proof(random, random.chance(85) ? known : s);
        ({ json } = random.chance(50) ? await c.ask('GET queue', 'GET', `${path}${random.pick(['', '?again=1'])}`, { headers: { ...as, Authorization: `Ticket ${known.ticket}` } })
            : await c.ask('POST queue', 'POST', path, { headers: as, body: { ticket: known.ticket, was: known.worker, say: random.pick(['', 'entered', 'entered', 'leave', 'here']), again: random.chance(50) } }));
        ticket = learn(world, sale, known.secret, json?.messages) ?? ticket;
        if (random.chance(30)) await pause(random.below(200));
    }
}
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- the line, on a WebSocket ----
function hear(wire, world, sale, secret) { // what came so far
    let ticket;
    for (let b = wire.bytes; b.length >= 2;) {
        let length = b[1] & 127, at = 2;
        if (length === 126) { if (b.length < 4) break; length = b.readUInt16BE(2); at = 4; }
        if (length === 127 || b.length < at + length) break;
        if ((b[0] & 15) === 1) {
            try {
                const m = JSON.parse(b.subarray(at, at + length).toString());
                world.see(`socket tells ${m.type}${m.code ? ` ${m.code}` : ''}`);
                ticket = learn(world, sale, secret, [m]) ?? ticket;
            } catch { world.see('socket tells what is no JSON'); }
        } else if ((b[0] & 15) === 8) world.see(`socket closed ${length < 2 ? 1005 : b.readUInt16BE(at)}`);
        b = wire.bytes = b.subarray(at + length);
    }
    return ticket;
}
export async function socket(c) {
    const { random, world } = c, sale = world.sale(random), s = random.chance(50) || !world.sessions.length ? await newSession(c) : world.one(random, 'sessions');
    const wire = await Wire.open(c.port).catch(() => null);
    if (!wire) return;
    world.connections++;
    const shake = Buffer.from(upgradeRequest(`/v1/sales/${sale}/queue`, { Host: new URL(world.origin).host, Origin: world.origin, ...(random.chance(60) ? proof(random, s) : {}) }));
    wire.send(random.chance(5) ? mutateBytes(random, shake) : shake);
    const { status } = await wire.answer({ timeout: 1500 }).catch(() => ({ status: 0 }));
    world.see(`socket ${status}`);
    let ticket;
    const encode = (text) => {
        const mask = [...random.bytes(4)];
        if (random.chance(5)) { const cut = random.below(text.length + 1); return Buffer.concat([frame(1, text.slice(0, cut), { final: false, mask }), ...(random.chance(30) ? [frame(9, 'p', { mask })] : []), frame(0, text.slice(cut), { mask })]); }
        return random.chance(3) ? mutateBytes(random, frame(1, text, { mask })) : frame(1, text, { mask });
    };
    const join = () => {
        const other = random.chance(35) && world.tickets.length ? world.one(random, 'tickets') : null;
        return { type: 'join', ...(random.chance(80) && { secret: (other && random.chance(70) ? other : random.chance(85) || !world.sessions.length ? s : world.one(random, 'sessions')).secret }),
            ...(other ? { ticket: other.ticket, was: other.worker } : ticket && random.chance(50) && { ticket }) };
    };
    const say = { join, here: () => ({ type: 'here', again: random.chance(50) }), entered: () => ({ type: 'entered' }), leave: () => ({ type: 'leave' }) };
    const kinds = ['join', 'join', 'here', 'here', 'entered', 'leave'];
    const one = () => { const kind = random.pick(kinds); world.see(`socket hears ${kind}`); return encode(JSON.stringify(say[kind]())); };
    const bad = () => encode(random.pick(['[]', 'null', '{"type":5}', '{"type":"none"}', '{', mutateJson(random, join()), mutateJson(random, { type: 'here', again: true })]));
    if (status === 101) for (let i = 1 + random.below(14); i > 0 && !wire.ended; i--) {
        const how = random.below(100);
        if (how < 55) wire.send(one());
        else if (how < 63) wire.send(Buffer.concat([one(), one(), one()]));
        else if (how < 75) wire.send(bad());
        else if (how < 83) { // thrown out, and often gone, while the number is on its way
            wire.send(Buffer.concat([encode(JSON.stringify(join())), ...Array.from({ length: 12 }, bad), ...(random.chance(30) ? Array.from({ length: 25 }, one) : [])]));
            if (random.chance(60)) break;
        }
        else if (how < 88) wire.send(frame(random.pick([0, 2, 8, 9, 10, 3]), random.bytes(random.below(140)), { mask: [...random.bytes(4)], final: random.chance(70) }));
        else await pause(random.pick([1, 5, 20, 120, 400]));
        if (random.chance(50)) await new Promise(setImmediate);
        ticket = hear(wire, world, sale, s.secret) ?? ticket;
        if (random.chance(8)) break;
    }
    if (random.chance(15)) wire.send(encode(JSON.stringify(join()))); // and gone
    const end = random.below(5);
    if (end === 0) wire.socket.resetAndDestroy();
    else if (end === 1) { wire.socket.end(); setTimeout(() => wire.destroy(), 100).unref(); } else if (end === 2) { wire.send(frame(8, random.pick(['', '\x03\xe8', 'x'])));  setTimeout(() => wire.destroy(), 50).unref(); } else wire.destroy();
}

// ---- the checkout, and who verifies instead ----
export async function buy(c) {
    const { random, world } = c;
    if (!world.admissions.length) return pause(50);
    const a = world.one(random, 'admissions'), key = random.chance(80) ? randomUUID() : 'the-same-key-again', who = proof(random, random.chance(90) ? a : world.one(random, 'admissions'));
    for (let i = 1 + random.below(2); i > 0; i--) {
        const { json } = await c.ask('POST checkout', 'POST', `/v1/sales/${random.chance(95) ? a.sale : world.sale(random)}/checkout`,
            { headers: { ...who, Authorization: `Bearer ${a.token}`, 'Idempotency-Key': key, ...(random.chance(20) && { 'Idempotency-Retry': '1' }) }, body: { sku: 'one', quantity: random.pick([1, 1, 1, 2, 3]) } });
        if (json?.queue_ticket_id) world.keep('orders', { secret: a.secret, id: json.queue_ticket_id });
    }
    if (!world.orders.length) return;
    const o = random.pick(world.orders), as = proof(random, random.chance(85) ? o : a);
    const { json } = await c.ask('GET order', 'GET', `/v1/orders/status/${o.id}`, { headers: as });
    if (json?.payment_url) world.keep('payments', json.payment_url.split('/').at(-1));
    if (random.chance(40)) await c.ask('DELETE order', 'DELETE', `/v1/orders/status/${o.id}`, { headers: as });
}
export async function verify(c) {
    const { random, world } = c;
    await c.ask('GET jwks', 'GET', '/.well-known/jwks.json');
    if (!world.admissions.length) return;
    const a = world.one(random, 'admissions');
    await c.ask('GET verify', 'GET', `/v1/admission/verify?sale=${random.chance(90) ? a.sale : world.sale(random)}`, { headers: { Authorization: `Bearer ${a.token}`, ...proof(random, a) } });
}

// ---- the merchant: what exists already is left alone, sales made here are not ----
export async function merchant(c) {
    const { random, world } = c, headers = { Authorization: `Bearer ${world.keys.merchant}` }, now = Date.now(), all = '/v1/admin/sales';
    const body = { id: `toy-${random.below(40)}`, title: 'A toy', description: 'd', image_url: '/i.png', currency: 'EUR', starts_at: now - 1000, ends_at: now + 600_000, rate_per_minute: 6000, burst_ms: 500, cap: random.pick([0, 5]),
        factor_percent: 200, admission_s: 60, away_limit_s: 60, hold_s: 30, per_shopper: 2, checkout_url: 'https://shop.example/c', skus: [{ sku: 'one', name: 'One', unit_price: 5, total: 50 }] };
    if (world.toys.length < 12 && random.chance(20)) {
        const { status } = await c.ask('POST sales', 'POST', all, { headers, body });
        if (status === 201 && !world.toys.includes(body.id)) world.toys.push(body.id);
    }
    const toy = `${all}/${world.toys.length ? random.pick(world.toys) : body.id}`, block = `${toy}/places/${random.pick(['0', '0', '0', '1', 'x'])}/${random.below(30)}/block`;
    const calls = [['GET', all], ['GET', toy], ['GET', `${toy}/rate`], ['GET', `${toy}/stats`], ['GET', '/v1/admin/settings'], ['PUT', `${toy}/rate`, { per_minute: 6000 }], ['POST', `${toy}/hold`, { message: 'A moment.' }],
        ['POST', `${toy}/resume`, { message: '' }], ['POST', `${toy}/resume`], ['POST', `${toy}/mode`, { mode: random.pick(['queue', 'reject']) }], ['PUT', `${toy}/message`, { message: 'Hello' }],
        ['PUT', `${toy}/limits`, { cap: 5, factor_percent: 150 }], ['POST', block, { reason: 'a test' }], ['DELETE', block], ['PUT', '/v1/admin/settings', { orders_per_second: 500 }], ...(random.chance(2) ? [['POST', `${toy}/end`, {}]] : [])];
    const [method, path, given] = random.pick(calls);
    await c.ask(`${method} ${path.replace(/toy-\d+/, '{sale}').replace(/places.*block/, 'block').replace('/v1/admin', '')}`, method, path, { headers, body: given });
}

// ---- the payment provider and its customers ----
export async function webhook(c) {
    const { random, world } = c, signed = (bytes) => {
        const t = Math.floor(Date.now() / 1000) - random.pick([0, 0, 0, 0, 299, 400]), v1 = createHmac('sha256', world.keys.webhook).update(`${t}.`).update(bytes).digest('hex');
        return { 'Stripe-Signature': random.pick([`t=${t},v1=${v1}`, `t=${t},v1=${v1}`, `t=${t},v0=x,v1=${'0'.repeat(64)},v1=${v1}`, `t=${t},v1=${v1},v1=`, `v1=${v1}`]) };
    };
    const order = random.chance(70) && world.orders.length ? random.pick(world.orders).id : randomUUID(), payment = random.chance(70) && world.payments.length ? random.pick(world.payments) : `cs_test_${'0'.repeat(32)}`;
    const id = random.chance(80) ? `evt_${randomUUID()}` : 'evt_again', type = random.pick(['checkout.session.completed', 'checkout.session.completed', 'checkout.session.expired', 'checkout.session.async_payment_failed', 'payment_intent.payment_failed', 'charge.refunded', 'charge.updated']);
    const object = { id: payment, object: 'checkout.session', client_reference_id: order, status: 'complete', payment_status: random.pick(['paid', 'unpaid']), payment_intent: `pi_${payment}`, amount_total: 1000, amount: 1000, amount_refunded: 1000, currency: 'eur', metadata: { order_id: order, sale: 'x' } };
    await c.ask('POST webhook', 'POST', '/v1/payments/webhook', { body: { id, object: 'event', type, created: Math.floor(Date.now() / 1000), data: { object } }, sign: signed });
}
export async function provider(c) {
    const { random, world } = c, headers = { Authorization: `Bearer ${world.keys.payment}`, 'Idempotency-Key': random.chance(80) ? randomUUID() : 'the-same' }, api = '/sandbox/v1';
    const form = { client_reference_id: randomUUID(), 'line_items[0][price_data][currency]': 'eur', 'line_items[0][price_data][unit_amount]': '1000', 'line_items[0][price_data][product_data][name]': 'A <b>name</b>', 'line_items[0][quantity]': '1',
        'metadata[sale]': 'x', success_url: 'https://shop.example/', expires_at: String(Math.floor(Date.now() / 1000) + 600) };
    const { json } = await c.ask('POST payment', 'POST', `${api}/checkout/sessions`, { headers, body: form, form: true });
    if (json?.id) world.keep('payments', json.id);
    if (world.payments.length) for (let i = 1 + random.below(3); i > 0; i--) await payer(c, headers);
}
export async function payer(c, headers = { Authorization: `Bearer ${c.world.keys.payment}` }) {
    const { random, world } = c;
    if (!world.payments.length) return;
    const id = random.pick(world.payments), api = `/sandbox/v1/checkout/sessions/${id}`, empty = { body: { x: '' }, form: true };
    await random.pick([() => c.ask('GET page', 'GET', `/sandbox/pay/${id}`), () => c.ask('POST pay', 'POST', `/sandbox/pay/${id}/pay`, empty), () => c.ask('POST decline', 'POST', `/sandbox/pay/${id}/decline`, empty),
        () => c.ask('POST walk-away', 'POST', `/sandbox/pay/${id}/walk-away`, empty), () => c.ask('GET payment', 'GET', api, { headers }), () => c.ask('POST expire', 'POST', `${api}/expire`, { headers, ...empty }),
        () => c.ask('POST refund', 'POST', '/sandbox/v1/refunds', { headers, body: random.chance(60) ? { session: id } : { payment_intent: id.replace('cs', 'pi') }, form: true })])();
}

// ---- all at once, and one who does it right ----
export async function intrude(world, port, flows, { seconds, width = 16, generator, seed }) {
    const end = performance.now() + seconds * 1000;
    await Promise.all(Array.from({ length: width }, async (_, i) => {
        const client = new Client(world, port, generator(seed + i * 104729));
        while (performance.now() < end) await client.random.pick(flows)(client);
        client.close();
    }));
}
// Session, line, admission; with `order` also checkout, payment and confirmation. The answers go to the intruders.
export async function journey(world, sale, { order = true } = {}) {
    const call = async (method, path, headers = {}, body) => {
        const answer = await fetch(path.startsWith('http') ? path : world.url + path, { method, redirect: 'manual', headers: { ...headers, ...(body && { 'content-type': 'application/json' }) }, body: body && JSON.stringify(body), signal: AbortSignal.timeout(8000) });
        const text = await answer.text();
        if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 200)}`);
        return /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : text;
    };
    const { secret } = await call('POST', '/v1/session', {}, { cookie: false }), who = { 'waitroom-secret': secret }, queue = `/v1/sales/${sale}/queue`;
    let messages = [], ticket;
    await waitFor('the token', async () => {
        ({ messages } = ticket ? await call('GET', queue, { ...who, authorization: `Ticket ${ticket}` }) : await call('POST', queue, who, {}));
        ticket = learn(world, sale, secret, messages) ?? ticket;
        return messages.some((m) => m.type === 'admitted');
    }, { timeout: 30_000, every: 200 });
    if (!order) return;
    const { token } = messages.find((m) => m.type === 'admitted');
    await call('POST', queue, who, { ticket, say: 'entered' });
    const { queue_ticket_id: id } = await call('POST', `/v1/sales/${sale}/checkout`, { ...who, authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() }, { sku: 'one', quantity: 1 });
    const becomes = (status) => waitFor(`the order to be ${status}`, async () => { const o = await call('GET', `/v1/orders/status/${id}`, who); return o.status === status && o; }, { timeout: 30_000, every: 100 });
    await call('POST', `${(await becomes('pending_payment')).payment_url}/pay`);
    await becomes('confirmed');
}
