// A checkoutd with what it needs, and shoppers that were admitted: the sale lies in Redis as admissiond publishes it (docs/KEYSPACE.md), so a
// test of the checkout alone needs no line and no database.
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { startDaemon, temporaryFolder } from './servers.mjs';

const base64url = (value) => Buffer.from(value).toString('base64url');
export const shopperOf = (secret) => createHash('sha256').update(Buffer.from(secret, 'base64url')).digest('hex').slice(0, 32);

export class Shop {
    constructor(redis) {
        this.redis = new Redis(redis.port);
        this.address = redis.address;
        this.places = 0;
        const folder = temporaryFolder('keys'), { publicKey, privateKey } = generateKeyPairSync('ed25519');
        this.privateKey = privateKey;
        this.tokenKeys = folder;
        this.orderKey = join(folder, 'order.key');
        writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: [{ kid: 'k1', state: 'current', x: publicKey.export({ format: 'jwk' }).x }] }));
        writeFileSync(this.orderKey, randomBytes(32).toString('hex') + '\n', { mode: 0o400 });
    }
    async publish(sale = {}) {
        const info = await this.redis.info('server'), now = Date.now();
        const s = { id: 'shoes', run: 1, deal: 1, version: 1, title: 'Shoes', description: '', image_url: '', currency: 'EUR', starts_at: now - 60_000, ends_at: now + 3_600_000,
            per_shopper: 2, hold_s: 60, admission_s: 600, checkout_url: '', shards: 1, skus: [{ sku: 'one', name: 'One', unit_price: 1000, total: 10 }], phase: 'live', ...sale };
        const { phase, ...document } = s;
        await this.redis.multi()
            .set(`wr:{${s.id}}:sale`, JSON.stringify(document))
            .hset(`wr:{${s.id}}:line`, { run: s.run, gen: 3, run_id: info.match(/run_id:(\w+)/)[1], phase, mode: 'queue', message: '', rate: 600, left: 100, called: 0, clock: now, time: now,
                counter: 100, front: 0, version: s.version, table_version: 1, admission_s: s.admission_s, entered_total: 0, finished_total: 0 })
            .hset(`wr:{${s.id}:0}:stock`, { deal: s.deal, ...Object.fromEntries(s.skus.flatMap(({ sku, total }) => [[`${sku}|share`, total], [`${sku}|free`, total], [`${sku}|held`, 0], [`${sku}|sold`, 0], [`${sku}|voided`, 0]])) })
            .sadd('wr:sales', s.id).exec();
        return s;
    }
    async serve({ kafka = '127.0.0.1:1', args = [], env = {}, stock = this.address } = {}) {
        return startDaemon('checkoutd', { env, args: ['--redis-line', this.address, '--redis-stock', stock, '--token-keys', this.tokenKeys, '--order-key', this.orderKey,
            '--kafka-bootstrap', kafka, ...args] });
    }
    sign(claims, key = this.privateKey, header = {}) {
        const text = `${base64url(JSON.stringify({ alg: 'EdDSA', typ: 'JWT', kid: 'k1', ...header }))}.${base64url(JSON.stringify(claims))}`;
        return `${text}.${base64url(sign(null, Buffer.from(text), key))}`;
    }
    // A shopper with a place, an admission row and a token; `claims` change the token only.
    async admit(sale, { place = ++this.places, gen = 3, secret = base64url(randomBytes(16)), row = true, ...claims } = {}) {
        const shopper = shopperOf(secret), jti = `${sale.run}-${gen}-0-${place}-0`, now = Date.now();
        const granted = Number(await this.redis.hget(`wr:{${sale.id}}:line`, 'clock'));
        if (row) {
            await this.redis.eval(`redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack({ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[4]) + 600000, 0, 'w', ''}))
                redis.call('ZADD', KEYS[2], string.format('%.0f', tonumber(ARGV[4]) + 600000), ARGV[1])`, 2, `wr:{${sale.id}}:admissions`, `wr:{${sale.id}}:inside`, place, jti, shopper, granted);
        }
        const all = { iss: 'waitroom', aud: sale.id, sub: shopper, run: sale.run, gen, lane: 0, place, jti, granted, iat: Math.floor(now / 1000) - 60, nbf: Math.floor(now / 1000) - 60, exp: Math.floor(now / 1000) + 600, ...claims };
        return { secret, shopper, place, jti, claims: all, token: this.sign(all) };
    }
    async stock(sale, sku = 'one') {
        const s = await this.redis.hgetall(`wr:{${sale.id}:0}:stock`);
        return Object.fromEntries(['share', 'free', 'held', 'sold', 'voided'].map((f) => [f, Number(s[`${sku}|${f}`])]));
    }
    close() { this.redis.disconnect(); }
}

// One checkout. `headers` and `body` change what is sent; undefined takes a header away.
export async function checkout(url, sale, shopper, { key = randomUUID(), sku = 'one', quantity = 1, body, headers = {}, retry = false } = {}) {
    const all = { 'content-type': 'application/json', authorization: `Bearer ${shopper.token}`, 'waitroom-secret': shopper.secret, 'idempotency-key': key, ...(retry && { 'idempotency-retry': '1' }), ...headers };
    for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
    const began = performance.now();
    const answer = await fetch(`${url}/v1/sales/${sale.id ?? sale}/checkout`, { method: 'POST', headers: all, body: body ?? JSON.stringify({ sku, quantity }) });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: JSON.parse(text), ms: performance.now() - began, key };
}
export const order = async (url, id, shopper, { method = 'GET', headers = { 'waitroom-secret': shopper.secret } } = {}) => {
    const answer = await fetch(`${url}/v1/orders/status/${id}`, { method, headers });
    return { status: answer.status, headers: answer.headers, json: await answer.json() };
};
