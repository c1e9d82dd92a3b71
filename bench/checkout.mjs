#!/usr/bin/env node
// How fast one checkoutd says "sold out", beside how fast it reserves: node bench/checkout.mjs [reservations] [connections]
// Real Redis (fsync always) and real Kafka, started for it; every reservation has a token of its own. The client keeps connections open
// and sends the next request when the answer is there. CPU is checkoutd's own, user and system.
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { startKafka } from '../tests/lib/kafka.mjs';
import { startRedis, stopAll } from '../tests/lib/servers.mjs';
import { metric } from '../tests/lib/metrics.mjs';
import { Shop, checkout } from '../tests/lib/shop.mjs';
import { waitFor } from '../tests/lib/wait.mjs';
import { cpuTicks } from '../tests/lib/wire.mjs';

const units = Number(process.argv[2] ?? 5000), connections = Number(process.argv[3] ?? 64), seconds = 5;

const request = (sale, a, key, retry) => {
    const body = '{"sku":"one","quantity":1}';
    return Buffer.from(`POST /v1/sales/${sale.id}/checkout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${a.token}\r\nWaitroom-Secret: ${a.secret}\r\n`
        + `Idempotency-Key: ${key}\r\n${retry ? 'Idempotency-Retry: 1\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`);
};
// Sends what `next()` gives until it gives none; resolves to { status -> count } and each answer's time.
function drive(port, next) {
    const statuses = {}, times = [];
    return new Promise((done, failed) => {
        let open = connections;
        for (let i = 0; i < connections; i++) {
            let began, text = '';
            const socket = connect({ port, host: '127.0.0.1', noDelay: true }, send);
            function send() {
                const bytes = next();
                if (!bytes) { socket.end(); if (--open === 0) done({ statuses, times }); return; }
                text = '';
                began = performance.now();
                socket.write(bytes);
            }
            socket.on('data', (chunk) => {
                text += chunk.toString('latin1');
                const end = text.indexOf('\r\n\r\n');
                if (end < 0 || text.length < end + 4 + Number(text.match(/content-length: (\d+)/i)[1])) return;
                const status = text.slice(9, 12);
                statuses[status] = (statuses[status] ?? 0) + 1;
                times.push(performance.now() - began);
                send();
            });
            socket.on('error', failed);
        }
    });
}
async function measure(name, d, next) {
    const cpu = cpuTicks(d.pid), began = performance.now();
    const { statuses, times } = await drive(d.port, next);
    const s = (performance.now() - began) / 1000, count = times.length, sorted = Float64Array.from(times).sort();
    const row = { statuses, count, rate: count / s, cpu_us: ((cpuTicks(d.pid) - cpu) * 10_000) / count };
    console.log(`${name}: ${JSON.stringify(statuses)} in ${s.toFixed(2)} s = ${row.rate.toFixed(0)}/s, checkoutd ${row.cpu_us.toFixed(1)} us CPU each, p50 ${sorted[count >> 1].toFixed(2)} ms, p99 ${sorted[Math.floor(count * 0.99)].toFixed(2)} ms`);
    return row;
}

try {
    const kafka = await startKafka(), shop = new Shop(await startRedis());
    const sale = await shop.publish({ skus: [{ sku: 'one', name: 'One', unit_price: 1, total: units }] });
    const d = await shop.serve({ kafka: kafka.bootstrap });
    const shoppers = await Promise.all(Array.from({ length: units + connections }, () => shop.admit(sale)));
    const requests = shoppers.map((a, i) => request(sale, a, `bench-key-${i}`)), late = shoppers.slice(units);
    let at = 0;
    while (at < 200) await checkout(d.url, sale, shoppers[at], { key: `bench-key-${at++}` }); // the producer has its id, the broker has compiled
    const warm = at;
    const reserved = await measure('reservations', d, () => (at < units ? requests[at++] : undefined));
    await waitFor('the outbox to be empty', async () => (await shop.redis.xlen(`wr:{${sale.id}:0}:outbox`)) === 0, { timeout: 30_000 });
    const stock = await shop.stock(sale);
    if (reserved.statuses[202] !== units - warm || stock.held !== units || stock.free !== 0) throw new Error(`not every unit was reserved: ${JSON.stringify(stock)}`);
    // A retry passes by the flag: signature, line and stock are asked, as a worker without a flag would.
    let until = performance.now() + seconds * 1000;
    await measure('sold out, asked of Redis', d, () => (performance.now() < until ? request(sale, late[at % connections], `bench-key-${at++}`, true) : undefined));
    await checkout(d.url, sale, late[0]); // raises the flag
    const flagged = await metric(d.url, 'wr_checkout_sold_out_flag_total');
    until = performance.now() + seconds * 1000;
    const sold = await measure('sold out, by the flag', d, () => (performance.now() < until ? requests[units + (at++ % connections)] : undefined));
    console.log(`${(((await metric(d.url, 'wr_checkout_sold_out_flag_total')) - flagged) / sold.count * 100).toFixed(2)} % of those by the flag`);
    console.log(`sold out : reserved = ${(sold.rate / reserved.rate).toFixed(1)} by rate, ${(reserved.cpu_us / sold.cpu_us).toFixed(1)} by checkoutd's CPU (${availableParallelism()} cores for all)`);
    shop.close();
} finally {
    await stopAll();
}
