// waitroomd with what it needs, and shoppers at its door: the sale lies in Redis as admissiond publishes it
// (docs/KEYSPACE.md), so a test of the line alone needs no database. `keepStock` does what admissiond does for the line.
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { join } from 'node:path';
import Redis from 'ioredis';
import WebSocket from 'ws';
import { metric } from './metrics.mjs';
import { startDaemon, temporaryFolder } from './servers.mjs';
import { waitFor } from './wait.mjs';

export const origin = 'http://line.test';
const page = '<!doctype html><title>line</title><script src="/assets/a-1.js"></script>';
const asset = 'console.log("a");'.repeat(40);

export class Door {
    constructor(redis) {
        this.redis = new Redis(redis.port, { retryStrategy: () => 50, maxRetriesPerRequest: null });
        this.redis.on('error', () => undefined); // a test may end the server; the client comes back by itself
        this.address = redis.address;
        const keys = generateKeyPairSync('ed25519');
        this.publicKey = keys.publicKey;
        this.tokenKeys = temporaryFolder('keys');
        writeFileSync(join(this.tokenKeys, 'k1.pem'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o400 });
        writeFileSync(join(this.tokenKeys, 'keys.json'), JSON.stringify({ keys: [{ kid: 'k1', state: 'current', x: keys.publicKey.export({ format: 'jwk' }).x }] }));
        this.ticketSecret = randomBytes(32);
        this.ticketKeys = join(this.tokenKeys, 'ticket.keys');
        writeFileSync(this.ticketKeys, `t1 ${this.ticketSecret.toString('hex')}\n`, { mode: 0o400 });
        this.static = temporaryFolder('static');
        mkdirSync(join(this.static, 'assets'));
        for (const [name, text] of [['index.html', page], ['assets/a-1.js', asset]]) {
            writeFileSync(join(this.static, name), text);
            writeFileSync(join(this.static, `${name}.br`), brotliCompressSync(text));
            writeFileSync(join(this.static, `${name}.gz`), gzipSync(text));
        }
        this.page = page;
        this.asset = asset;
    }
    async runId() { return (await this.redis.info('server')).match(/run_id:(\w+)/)[1]; }
    async publish(sale = {}, line = {}) {
        const now = Date.now();
        const s = { id: 'shoes', run: 1, deal: 1, version: 1, title: 'Shoes', description: '', image_url: '', currency: 'EUR', starts_at: now - 60_000, ends_at: now + 3_600_000,
            per_shopper: 2, hold_s: 60, admission_s: 600, checkout_url: 'https://shop.example/buy', shards: 1, skus: [{ sku: 'one', name: 'One', unit_price: 1000, total: 10 }], ...sale };
        await this.redis.multi()
            .set(`wr:{${s.id}}:sale`, JSON.stringify(s))
            .hset(`wr:{${s.id}}:line`, { run: s.run, gen: 1, run_id: await this.runId(), phase: 'live', mode: 'queue', message: '', rate: 6000, burst_ms: 500, level: '0.000000',
                level_at: now, clock: now, time: now, live_at: now, called: 0, called_at: now, asked: 0, answered: 0, front: 0, front_at: 0, counter: 0, ceiling: 1_000_000, cap: 0,
                factor: 100, admission_s: s.admission_s, away_limit_s: 600, left: -1, left_at: 0, version: s.version, table_version: 0,
                granted_total: 0, joined_total: 0, entered_total: 0, finished_total: 0, returned_total: 0, ...line })
            .sadd('wr:sales', s.id).exec();
        return s;
    }
    line(sale, fields) { return fields ? this.redis.hset(`wr:{${sale.id}}:line`, fields) : this.redis.hgetall(`wr:{${sale.id}}:line`); }
    serve({ args = [], ...options } = {}) {
        return startDaemon('waitroomd', { args: ['--redis-line', this.address, '--redis-stock', this.address, '--token-keys', this.tokenKeys, '--ticket-keys', this.ticketKeys,
            '--static', this.static, '--public-url', origin, ...args], ...options });
    }
    async known(daemon, sale, condition = () => true) {
        await waitFor(`${sale.id} to be known`, async () => {
            const answer = await fetch(`${daemon.url}/v1/sales/${sale.id}`);
            return answer.ok && condition(await answer.json());
        });
    }
    // A daemon that, told to end, stays until what this returns was called: somebody has said what Redis does not take.
    async lingers(daemon) {
        const sale = await this.publish({ id: `lingers-${daemon.port}` }), workers = `wr:{${sale.id}}:workers`, entered = () => metric(daemon.url, 'wr_line_admissions_total{step="entered"}');
        await this.known(daemon, sale);
        const p = new Shopper(daemon.url, sale, { ...(await session(daemon.url)), lazy: true }).connect(), before = await entered();
        await p.got('admitted');
        await this.redis.set(workers, 'no hash');
        p.send({ type: 'entered' });
        await waitFor('it to be heard', async () => (await entered()) === before + 1);
        return () => this.redis.del(workers);
    }
    ticket(fields, secret = this.ticketSecret) {
        const t = { kid: 't1', run: 1, lane: 0, place: 1, shopper: '0'.repeat(32), moves: 0, issued: 1, low: 0, high: 0, ...fields };
        const text = `wt1.${t.kid}.${t.run}.${t.lane}.${t.place}.${t.shopper}.${t.moves}.${t.issued}.${t.low}.${t.high}`;
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    }
    close() { this.redis.disconnect(); }
}

export async function session(url, headers = {}) {
    const answer = await fetch(`${url}/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"cookie":false}' });
    return answer.json();
}
// A page: joins with the ticket it keeps, answers the call, takes the token up. `deaf` and `lazy` do not.
export class Shopper {
    constructor(url, sale, { secret, ticket, worker, deaf = false, lazy = false, protocol = 'waitroom.v1', headers = {} } = {}) {
        Object.assign(this, { url, sale, secret, ticket, worker, deaf, lazy, protocol, headers, messages: [] });
    }
    get workerId() { return this.worker.split('-')[0]; } // `worker` names the visit, too
    get visit() { return this.worker.split('-')[1]; }
    connect(url = this.url) {
        this.url = url;
        this.closed = null;
        this.messages = [];
        this.socket = new WebSocket(`${url.replace('http', 'ws')}/v1/sales/${this.sale.id}/queue`, this.protocol, { headers: { origin, ...this.headers } });
        this.socket.on('message', (text) => this.receive(JSON.parse(text)));
        this.socket.on('close', (code) => { this.closed = code; });
        this.socket.on('error', (error) => { this.failed = error; });
        return this;
    }
    receive(m) {
        this.messages.push(m);
        if (m.type === 'sale' && this.secret && !this.joined) this.join();
        if (m.type === 'ticket') Object.assign(this, { ticket: m.ticket, place: m.place, worker: m.worker });
        if (m.type === 'called' && !m.again && !this.deaf) this.send({ type: 'here' });
        if (m.type === 'admitted') {
            this.token = m.token;
            if (!this.lazy) this.send({ type: 'entered' });
        }
    }
    join() {
        this.joined = true;
        this.send({ type: 'join', secret: this.secret, ...(this.ticket && { ticket: this.ticket }), ...(this.worker && { was: this.worker }) });
    }
    send(message) { this.socket.send(typeof message === 'string' ? message : JSON.stringify(message)); }
    got(type, test = () => true, options) {
        return waitFor(`${type} for ${this.place ?? 'a shopper'}`, () => this.messages.find((m) => m.type === type && test(m)), options).catch((error) => {
            throw new Error(`${error.message}; got ${JSON.stringify(this.messages).slice(0, 800)}, closed ${this.closed}`);
        });
    }
    async end() {
        this.socket.close();
        await waitFor('the socket to close', () => this.closed !== null);
        this.joined = false;
    }
    again(url = this.url) { // a refresh
        this.socket.terminate();
        this.joined = false;
        return this.connect(url);
    }
}
