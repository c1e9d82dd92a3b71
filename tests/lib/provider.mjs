// A payment provider that can be made to misbehave, as a real one does: slow, refusing, losing answers it has acted on. It speaks what
// fulfillment/payment_provider.h says (Stripe's Checkout Sessions), keeps its own books and sends signed webhooks when told to.
import { createServer } from 'node:http';
import { createHmac, randomUUID } from 'node:crypto';

export class Provider {
    constructor({ key, secret }) {
        Object.assign(this, { key, secret, sessions: new Map(), byKey: new Map(), refunds: [], calls: [], misbehave: null });
        this.server = createServer((req, res) => this.take(req, res));
    }
    async listen() {
        await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }
    close() { this.server.closeAllConnections(); this.server.close(); }
    async take(req, res) {
        let body = '';
        for await (const piece of req) body += piece;
        const form = Object.fromEntries(new URLSearchParams(body)), call = { method: req.method, path: req.url, form, key: req.headers['idempotency-key'] };
        this.calls.push(call);
        const odd = this.misbehave?.(call);
        if (odd === 'hang up') return req.socket.destroy();
        if (typeof odd === 'number') return this.answer(res, odd, { error: { type: 'invalid_request_error', code: 'odd' } });
        if (odd?.status) return odd.html ? res.writeHead(odd.status, { 'content-type': 'text/html' }).end(odd.html) : this.answer(res, odd.status, odd.json);
        if (odd?.delay_ms) await new Promise((done) => setTimeout(done, odd.delay_ms));
        if (req.headers.authorization !== `Bearer ${this.key}`) return this.answer(res, 401, { error: { code: 'key' } });
        const [status, json] = this.act(call);
        if (odd === 'lose the answer') return req.socket.destroy();
        this.answer(res, status, json);
    }
    answer(res, status, json) { res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json)); }
    act({ method, path, form, key }) {
        const [, id, action] = path.match(/^\/v1\/checkout\/sessions\/([^/]+)(\/expire)?$/) ?? [];
        const known = path === '/v1/checkout/sessions' && this.byKey.get(key);
        if (known && Object.entries(known.form).some(([name, value]) => form[name] !== String(value))) return [400, { error: { type: 'idempotency_error' } }];
        if (method === 'POST' && path === '/v1/checkout/sessions') return [200, this.open(form, key)];
        if (method === 'POST' && path === '/v1/refunds') return this.refund(form, key);
        const session = this.sessions.get(id);
        if (!session) return [404, { error: { code: 'resource_missing' } }];
        if (!action) return [200, session];
        if (session.status !== 'open') return [400, { error: { code: 'not_open' } }];
        session.status = 'expired';
        return [200, session];
    }
    open(form, key) {
        if (!this.byKey.has(key)) {
            const id = `cs_${randomUUID()}`;
            const session = { id, object: 'checkout.session', url: `${this.url}/pay/${id}`, status: 'open', payment_status: 'unpaid', payment_intent: null, client_reference_id: form.client_reference_id,
                amount_total: Number(form['line_items[0][price_data][unit_amount]']) * Number(form['line_items[0][quantity]']), currency: form['line_items[0][price_data][currency]'], form };
            this.byKey.set(key, session);
            this.sessions.set(id, session);
        }
        return this.byKey.get(key);
    }
    refund(form, key) {
        const session = [...this.sessions.values()].find((s) => s.payment_intent === form.payment_intent);
        if (!session) return [404, { error: { code: 'resource_missing' } }];
        if (session.refunded) return this.refunds.find((r) => r.key === key) ? [200, { id: 're_1', status: 'succeeded' }] : [400, { error: { code: 'charge_already_refunded' } }];
        session.refunded = true;
        this.refunds.push({ order: session.client_reference_id, key });
        return [200, { id: `re_${randomUUID()}`, object: 'refund', status: 'succeeded' }];
    }
    session(order) { return [...this.sessions.values()].find((s) => s.client_reference_id === order); }
    // The shopper pays, on the provider's page; the webhook is what the test sends.
    pay(order) {
        const session = this.session(order);
        if (session.status !== 'open') throw new Error(`the session is ${session.status}`);
        Object.assign(session, { status: 'complete', payment_status: 'paid', payment_intent: `pi_${randomUUID()}` });
        return session;
    }
    // The shopper has chosen a method that takes its time: the session is complete, the money on its way.
    promise(order) { return Object.assign(this.session(order), { status: 'complete', payment_status: 'unpaid' }); }
    // Money arrives although the session was closed (a slow payment method).
    payLate(order) {
        const session = this.session(order);
        Object.assign(session, { status: 'complete', payment_status: 'paid', payment_intent: `pi_${randomUUID()}` });
        return session;
    }
    event(type, session, id = `evt_${randomUUID()}`) {
        const { form: _, ...object } = session;
        return JSON.stringify({ id, object: 'event', type, created: Math.floor(Date.now() / 1000), data: { object } });
    }
    sign(body, { at = Math.floor(Date.now() / 1000), secret = this.secret } = {}) {
        return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;
    }
    async send(url, body, signature = this.sign(body)) {
        return fetch(`${url}/v1/payments/webhook`, { method: 'POST', headers: { 'content-type': 'application/json', ...(signature && { 'stripe-signature': signature }) }, body });
    }
}
