// A fulfillmentd with its stores and a payment provider, and reservations as checkoutd makes them: held by its own script, published to Kafka.
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Redis from 'ioredis';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { metric } from './metrics.mjs';
import { build, startDaemon, temporaryFolder } from './servers.mjs';
import { Provider } from './provider.mjs';
import { script } from './script.mjs';
import { waitFor } from './wait.mjs';

const reserve = script('checkout/reserve.lua');
const topic = 'waitroom.reservations';
let drawn = 0;
export const hex = (bytes) => randomBytes(bytes).toString('hex');
export const orderId = () => { const h = hex(16); return `0193a0b0-${h.slice(0, 4)}-7${h.slice(4, 7)}-8${h.slice(7, 10)}-${h.slice(10, 22)}`; };

export class Ledger {
    static opened = []; // one that did not open whole, too: what it has open keeps the process alive
    static closeAll() { return Promise.allSettled(Ledger.opened.map((l) => l.close())); }
    static async open({ redis, postgres, kafka, sale = `s-${hex(4)}` }) {
        const l = new Ledger();
        Object.assign(l, { redisServer: redis, postgres, kafka, sale, redis: new Redis(redis.port), provider: new Provider({ key: 'sk_test', secret: 'whsec_test' }) });
        l.told = []; // every `order` message for a shopper of this sale, as their sockets get it
        l.ears = l.redis.duplicate();
        l.ears.on('pmessage', (_, channel, text) => { const m = JSON.parse(text); if (m.sale === sale) l.told.push(m); });
        l.database = new pg.Pool({ connectionString: postgres.url, max: 2 });
        l.database.on('error', () => {});
        l.producer = new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 60, maxRetryTime: 1000 } }).producer();
        Ledger.opened.push(l);
        const folder = l.folder = temporaryFolder('secrets');
        writeFileSync(join(folder, 'payment.key'), 'sk_test\n', { mode: 0o400 });
        writeFileSync(join(folder, 'webhook.secret'), 'whsec_test\n', { mode: 0o400 });
        await Promise.all([l.provider.listen(), l.ears.psubscribe('wr:shopper:*'), l.producer.connect()]);
        return l;
    }
    async close() {
        this.redis.disconnect();
        this.ears.disconnect();
        this.provider.close();
        await this.producer.disconnect();
        await this.database.end();
    }
    options(more = []) {
        return ['--database', this.postgres.url, '--redis-stock', this.redisServer.address, '--kafka-bootstrap', this.kafka.bootstrap, '--kafka-group', `g-${this.sale}`,
            '--payment-url', this.provider.url, '--payment-key-file', join(this.folder, 'payment.key'), '--webhook-secret-file', join(this.folder, 'webhook.secret'), ...more];
    }
    async serve({ args = [], ...rest } = {}) {
        const daemon = await startDaemon('fulfillmentd', { args: this.options(args), ...rest });
        return Object.assign(daemon, { metric: async (name) => metric(daemon.url, name) });
    }
    // A new group reads the topic from its start, at the pace of all: what other tests have left there comes before what this one adds.
    hasRead(daemon) { return waitFor('what is in the topic to be read', async () => (await daemon.metric('wr_kafka_lag')) === 0, { timeout: 60_000 }); }
    async command(...args) {
        return promisify(execFile)(join(build, 'bin', 'fulfillmentd'), [...args, '--database', this.postgres.url, '--redis-stock', this.redisServer.address])
            .then(({ stdout, stderr }) => ({ status: 0, stdout, stderr }), ({ code, stdout, stderr }) => ({ status: code, stdout, stderr }));
    }
    query(text, ...values) { return this.database.query(text, values).then((r) => r.rows); }
    async value(text, ...values) { return Object.values((await this.query(text, ...values))[0] ?? {})[0]; }

    // ---- the sale, as admissiond makes it ----
    async makeSale({ total = 10, hold_s = 600, redisTotal = total } = {}) {
        const { sale } = this;
        await this.query(`insert into sales (id, title, currency, starts_at, ends_at, rate_per_minute, hold_s) values ($1, 'A sale', 'EUR', now(), now() + interval '1 day', 600, $2)`, sale, hold_s);
        await this.query(`insert into skus (sale, sku, name, unit_price, total) values ($1, 'one', 'The one', 1250, $2)`, sale, total);
        this.run = Number(await this.value('insert into runs (sale) values ($1) returning id', sale));
        await this.query('update sales set run = $2 where id = $1', sale, this.run);
        await this.deal(redisTotal);
    }
    async deal(total, deal = 1) { await this.redis.hset(this.key('stock'), { deal, 'one|share': total, 'one|free': total, 'one|held': 0, 'one|sold': 0, 'one|voided': 0 }); }
    key(name) { return `wr:{${this.sale}:0}:${name}`; }
    async stock() {
        const s = await this.redis.hgetall(this.key('stock'));
        return Object.fromEntries(['free', 'held', 'sold', 'voided'].map((name) => [name, Number(s[`one|${name}`])]));
    }
    committed() { return this.value('select committed::int from skus where sale = $1', this.sale); }
    async record(order) { return JSON.parse(await this.redis.hget(this.key('orders'), order)); }

    // ---- reservations ----
    reservation(change = {}) {
        const place = ++drawn, order_id = orderId(), shopper = hex(16);
        return { order_id, sale: this.sale, run: this.run, deal: 1, sku: 'one', quantity: 1, shopper, lane: 0, place, jti: `${this.run}-1-0-${place}-0`, granted_ms: Date.now(), reserved_at: Date.now(), ...change };
    }
    cloud(type, data) {
        return { key: data.order_id, value: JSON.stringify({ specversion: '1.0', id: `${data.order_id}/${type}`, source: `/sales/${data.sale}`, type: `waitroom.${type}`, subject: data.order_id,
            time: new Date().toISOString(), datacontenttype: 'application/json', data }) };
    }
    async hold(r) {
        const { deal, granted_ms, ...kept } = r, record = JSON.stringify({ ...kept, status: 'queued', event: 0, hold: 'held' });
        const [answer] = await reserve(this.redis, ['stock', 'orders', 'used', 'keys', 'bought', 'orders_of', 'outbox'].map((name) => this.key(name)),
            [deal, 'open', 0, 1e15, 100, `key-${r.order_id}`, 'aa', r.order_id, 1, r.shopper, r.sku, r.quantity, r.jti, record, '']);
        if (answer[0] !== 'held') throw new Error(`reserve answered ${answer}`);
        return r;
    }
    publish(...messages) { return this.producer.send({ topic, acks: -1, messages }); }
    async reserve(change) {
        const r = await this.hold(this.reservation(change));
        await this.publish(this.cloud('reservation', r));
        return r;
    }
    cancel(r, change = {}) { return this.publish(this.cloud('cancel', { order_id: r.order_id, sale: r.sale, shopper: r.shopper, requested_at: Date.now(), ...change })); }

    // ---- orders ----
    async order(r) {
        const [o] = await this.query(`select o.status, o.reason, o.event, p.state as payment, p.url, o.hold_expires_at from orders o left join payments p on p.order_id = o.id where o.public_id = $1`, r.order_id);
        return o;
    }
    async becomes(r, status, { timeout = 15_000 } = {}) {
        return waitFor(`the order to be ${status}`, async () => {
            const o = await this.order(r);
            if (o?.status !== status) throw new Error(JSON.stringify(o));
            return o;
        }, { timeout });
    }
    // Redis and the shopper know as much as PostgreSQL.
    async isTold(r, { timeout = 15_000 } = {}) {
        return waitFor('Redis to be told', async () => {
            const [o, record] = [await this.order(r), await this.record(r.order_id)];
            if (!(o && record.event === o.event && record.status === o.status)) throw new Error(`${JSON.stringify(o)} ${JSON.stringify(record)}`);
            return record;
        }, { timeout });
    }
    // Their holds are over now. One whose link waits to be told would be given anew.
    async lapse(...orders) {
        const ids = orders.map((r) => r.order_id);
        await waitFor('their links to be told', async () => (await this.value('select count(*)::int from outbox where public_id = any ($1)', ids)) === 0, { timeout: 15_000 });
        await this.query('update orders set hold_expires_at = now() where public_id = any ($1)', ids);
    }
    async pay(daemon, r, event) {
        const session = this.provider.pay(r.order_id);
        return this.provider.send(daemon.url, event ?? this.provider.event('checkout.session.completed', session));
    }
    // The database refuses every event of the order meanwhile, as it would those of a row that is mangled.
    async refusing(r, work) {
        await this.query(`create function refuse() returns trigger language plpgsql as $$ begin if new.public_id = '${r.order_id}' then raise check_violation; end if; return new; end $$`);
        await this.query('create trigger refuse before update of event on orders for each row execute function refuse()');
        try { await work(); } finally { await this.query('drop function refuse() cascade'); }
    }
    events(r) { return this.query('select e.event, e.status from order_events e join orders o on o.id = e.order_id where o.public_id = $1 order by e.event', r.order_id).then((rows) => rows.map((e) => e.status)); }
    times(r, status) { return this.query('select e.at from order_events e join orders o on o.id = e.order_id where o.public_id = $1 and e.status = $2 order by e.event', r.order_id, status).then((rows) => rows.map((e) => e.at.getTime())); }
    messages(name) { return execFileSync('kcat', ['-b', this.kafka.bootstrap, '-C', '-t', name, '-e', '-q', '-o', 'beginning'], { stdio: 'pipe' }).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line)); }
}
