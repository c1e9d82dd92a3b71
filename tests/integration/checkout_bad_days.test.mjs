// checkoutd when Kafka, Redis, a replica or checkoutd itself goes away: what was promised arrives, what is not known is said, nothing is undone.
import { test, before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { startKafka } from '../lib/kafka.mjs';
import { metric } from '../lib/metrics.mjs';
import { Shop, checkout, order } from '../lib/shop.mjs';
import { waitFor } from '../lib/wait.mjs';

const shops = [];
async function openShop(redis) {
    const shop = new Shop(redis), sale = await shop.publish({ skus: [{ sku: 'one', name: 'One', unit_price: 1, total: 500 }] });
    shops.push(shop);
    return { shop, sale };
}
after(async () => { for (const shop of shops) shop.close(); await stopAll(); });
const outbox = (shop) => shop.redis.xlen('wr:{shoes:0}:outbox');
const line = async (shop, field) => Number(await shop.redis.hget('wr:{shoes}:line', field));

describe('Kafka', () => {
    let kafka, shop, sale, d;
    before(async () => {
        kafka = await startKafka();
        ({ shop, sale } = await openShop(await startRedis()));
        d = await shop.serve({ kafka: kafka.bootstrap });
        await checkout(d.url, sale, await shop.admit(sale)); // the idempotent producer has its id now
        await waitFor('the outbox to be empty', async () => (await outbox(shop)) === 0);
    });

    test('a delivered order leaves the line and the outbox', async () => {
        const finished = await line(shop, 'finished_total'), a = await shop.admit(sale);
        const answer = await checkout(d.url, sale, a);
        assert.equal(answer.status, 202);
        await waitFor('the outbox to be empty', async () => (await outbox(shop)) === 0);
        assert.equal(await shop.redis.hexists('wr:{shoes}:admissions', a.place), 0);
        assert.equal(await shop.redis.zscore('wr:{shoes}:inside', a.place), null);
        assert.equal(await line(shop, 'finished_total'), finished + 1);
        assert.ok(kafka.messages('waitroom.reservations').some((event) => event.subject === answer.json.queue_ticket_id));
        const again = await checkout(d.url, sale, a, { key: answer.key, retry: true });
        assert.deepEqual([again.status, again.json], [202, answer.json], 'a delivered order is known by its key without any admission');
        assert.equal((await order(d.url, answer.json.queue_ticket_id, a, { method: 'DELETE' })).status, 202);
        await waitFor('the cancel to be delivered', async () => (await outbox(shop)) === 0);
        assert.ok(kafka.messages('waitroom.reservations').some((event) => event.type === 'waitroom.cancel' && event.subject === answer.json.queue_ticket_id));
    });

    test('killed: sales go on, and the relay delivers when it is back', async () => {
        await kafka.kill();
        await waitFor('the gauge to say so', async () => (await metric(d.url, 'wr_checkout_kafka_up')) === 0);
        const finished = await line(shop, 'finished_total');
        const shoppers = await Promise.all(Array.from({ length: 30 }, () => shop.admit(sale)));
        const answers = await Promise.all(shoppers.map((a) => checkout(d.url, sale, a)));
        assert.deepEqual(new Set(answers.map((x) => x.status)), new Set([202]));
        assert.equal((await fetch(`${d.url}/readyz`)).status, 200);
        await waitFor('everyone with a promise to have left the line', async () => (await line(shop, 'finished_total')) === finished + 30);
        for (const a of shoppers) assert.equal(await shop.redis.zscore('wr:{shoes}:inside', a.place), null);
        assert.equal(await outbox(shop), 30);
        await waitFor('the gauge to count the outbox', async () => (await metric(d.url, 'wr_checkout_outbox_entries')) === 30);
        await kafka.start();
        await waitFor('the outbox to be empty', async () => (await outbox(shop)) === 0, { timeout: 30_000 });
        const delivered = new Set(kafka.messages('waitroom.reservations').map((event) => event.subject));
        for (const answer of answers) assert.ok(delivered.has(answer.json.queue_ticket_id));
        assert.equal(await line(shop, 'finished_total'), finished + 30, 'nobody is counted twice');
    });

    test('the line is closed: what Kafka has is not published again and again, and leaves the line when it opens', async () => {
        const name = 'wr:{shoes}:line', run_id = await shop.redis.hget(name, 'run_id'), finished = await line(shop, 'finished_total');
        const published = (id) => kafka.messages('waitroom.reservations').filter((event) => event.subject === id).length;
        await shop.redis.hset(name, 'run_id', 'another');
        const late = [];
        for (let round = 0; round < 3; round++) { // one more to relay in each round: the ones before had their turn in it too
            const a = await shop.admit(sale), id = randomUUID();
            await shop.redis.xadd('wr:{shoes:0}:outbox', '*', 'order', id, 'kind', 'reserved', 'event',
                JSON.stringify({ specversion: '1.0', id: `${id}/reservation`, type: 'waitroom.reservation', source: '/sales/shoes', subject: id, data: { place: a.place, jti: a.jti } }));
            late.push(id);
            await waitFor('the entry to be relayed', async () => published(id) > 0);
        }
        assert.deepEqual(late.map(published), [1, 1, 1]);
        assert.equal(await outbox(shop), 3, 'they have not left the line');
        await shop.redis.hset(name, 'run_id', run_id);
        await waitFor('the outbox to be empty', async () => (await outbox(shop)) === 0);
        assert.equal(await line(shop, 'finished_total'), finished + 3);
    });

    test('away while checkoutd is killed: another one delivers what it promised', async () => {
        await kafka.kill();
        const answer = await checkout(d.url, sale, await shop.admit(sale));
        assert.equal(answer.status, 202);
        await d.kill();
        const other = await shop.serve({ kafka: kafka.bootstrap });
        await kafka.start();
        await waitFor('the outbox to be empty', async () => (await outbox(shop)) === 0, { timeout: 30_000 });
        assert.ok(kafka.messages('waitroom.reservations').some((event) => event.subject === answer.json.queue_ticket_id));
        assert.ok((await metric(other.url, 'wr_checkout_relayed_total')) >= 1);
        await other.stop();
        await kafka.stop();
    });
});

describe('Redis', () => {
    // The stock's server can be frozen while the line goes on, and the other way round.
    async function two(stockOptions = []) {
        const lineServer = await startRedis(), stockServer = await startRedis(stockOptions);
        const { shop, sale } = await openShop(lineServer);
        const stock = new Redis(stockServer.port);
        await stock.hset('wr:{shoes:0}:stock', await shop.redis.hgetall('wr:{shoes:0}:stock'));
        await shop.redis.del('wr:{shoes:0}:stock');
        shops.push({ close: () => stock.disconnect() });
        return { lineServer, stockServer, shop, sale, stock, held: async () => Number(await stock.hget('wr:{shoes:0}:stock', 'one|held')) };
    }

    test('the stock freezes behind a reservation: the outcome is unknown, and the same key finds it out', async () => {
        const { stockServer, shop, sale, held } = await two();
        const d = await shop.serve({ stock: stockServer.address }), a = await shop.admit(sale), key = 'the-key-of-a';
        stockServer.process.kill('SIGSTOP');
        const answer = await checkout(d.url, sale, a, { key });
        assert.deepEqual([answer.status, answer.json.type], [503, '/problems/outcome-unknown']);
        assert.ok(answer.headers.get('retry-after'));
        assert.ok(answer.ms > 700 && answer.ms < 3000, `${answer.ms} ms`);
        stockServer.process.kill('SIGCONT');
        const again = await waitFor('the outcome', async () => { const x = await checkout(d.url, sale, a, { key, retry: true }); return x.status === 202 && x; });
        assert.equal(await held(), 1);
        const other = await checkout(d.url, sale, a);
        assert.deepEqual([other.status, other.json.type], [409, '/problems/token-used']);
        assert.ok(other.json.detail.includes(again.json.queue_ticket_id));
        await d.stop();
    });

    test('the line freezes: nothing new is reserved, and a known key is still answered', async () => {
        const { lineServer, stockServer, shop, sale, held } = await two();
        const d = await shop.serve({ stock: stockServer.address }), a = await shop.admit(sale), b = await shop.admit(sale);
        const first = await checkout(d.url, sale, a);
        lineServer.process.kill('SIGSTOP');
        const answer = await checkout(d.url, sale, b);
        assert.deepEqual([answer.status, answer.json.type], [503, '/problems/line-closed']);
        const again = await checkout(d.url, sale, a, { key: first.key, retry: true });
        assert.deepEqual([again.status, again.json], [202, first.json]);
        assert.equal(await held(), 1);
        await waitFor('readyz to say so', async () => (await fetch(`${d.url}/readyz`)).status === 503);
        assert.equal((await order(d.url, first.json.queue_ticket_id, a)).status, 200, 'what is known is found');
        for (const method of ['GET', 'DELETE']) { // a sale may be missing from a list this old
            const unknown = await waitFor('the list of sales to be too old', async () => { const x = await order(d.url, randomUUID(), a, { method }); return x.status !== 404 && x; });
            assert.deepEqual([unknown.status, unknown.json.type], [503, '/problems/backend-refused']);
        }
        lineServer.process.kill('SIGCONT');
        await waitFor('readyz to be back', async () => (await fetch(`${d.url}/readyz`)).ok);
        await waitFor('the sale to open again', async () => (await checkout(d.url, sale, b)).status === 202);
        await d.stop();
    });

    test('killed and started again: what was answered is there', async () => {
        const { stockServer, shop, sale, held } = await two();
        const d = await shop.serve({ stock: stockServer.address }), a = await shop.admit(sale), first = await checkout(d.url, sale, a);
        assert.equal(first.status, 202);
        await stockServer.kill();
        const answer = await checkout(d.url, sale, await shop.admit(sale));
        assert.equal(answer.status, 503);
        await stockServer.start();
        const again = await waitFor('the key to be found', async () => { const x = await checkout(d.url, sale, a, { key: first.key, retry: true }); return x.status === 202 && x; });
        assert.deepEqual(again.json, first.json);
        assert.equal(await held(), 1);
        await d.stop();
    });

    test('told to end while both are frozen: what is under way ends, too, and harms nothing', async () => {
        const { lineServer, stockServer, shop, sale } = await two();
        const d = await shop.serve({ stock: stockServer.address, args: ['--drain-ms', 0] }), a = await shop.admit(sale);
        const both = (signal) => { for (const server of [lineServer, stockServer]) server.process.kill(signal); };
        const asked = await waitFor('one to be under way', async () => { // for twice the time that is left for answers; where this machine slept for that, there is another round
            await waitFor('it to be ready', async () => (await fetch(`${d.url}/readyz`)).ok);
            both('SIGSTOP');
            const answer = checkout(d.url, sale, a).catch(() => {});
            const seen = waitFor('it to be seen', async () => (await metric(d.url, 'wr_checkout_in_flight')) === 1, { timeout: 3000 }).then(() => true, () => false);
            if (await Promise.race([seen, answer.then(() => false)])) return { answer };
            both('SIGCONT');
        }, { timeout: 30_000 });
        await d.stop();
        await asked.answer;
        both('SIGCONT');
    });

    test('a write that nothing confirms is given Kafka longer than one that is safe', async () => {
        const { stockServer, shop, sale } = await two(['--appendfsync', 'everysec']);
        const d = await shop.serve({ stock: stockServer.address });
        const answer = await checkout(d.url, sale, await shop.admit(sale));
        assert.equal(answer.json.type, '/problems/outcome-unknown');
        assert.ok(answer.ms > 390, `${answer.ms} ms`);
        assert.equal(await shop.redis.zcard('wr:{shoes}:inside'), 1, 'who was promised nothing stays inside');
        await d.stop();
    });

    for (const setting of [['--appendfsync', 'everysec'], ['--no-appendfsync-on-rewrite', 'yes']])
    test(`neither fsynced (${setting.join(' ')}) nor copied and no Kafka: no promise is made, and the hold stays`, async () => {
        const { stockServer, shop, sale, stock, held } = await two(setting);
        const d = await shop.serve({ stock: stockServer.address }), a = await shop.admit(sale), key = 'the-key-of-a';
        for (const retry of [false, true]) {
            const answer = await checkout(d.url, sale, a, { key, retry });
            assert.deepEqual([answer.status, answer.json.type], [503, '/problems/outcome-unknown']);
            assert.equal(await held(), 1);
            assert.equal(await stock.xlen('wr:{shoes:0}:outbox'), 1);
        }
        await d.stop();
    });

    test('with a replica, two machines having it is a promise; one alone is none', async () => {
        const { stockServer, shop, sale, stock, held } = await two();
        const replica = await startRedis(['--replicaof', '127.0.0.1', stockServer.port, '--repl-diskless-sync-delay', '0']);
        await waitFor('the replica to be in step', async () => /state=online/.test(await stock.info('replication')));
        const d = await shop.serve({ stock: stockServer.address }), a = await shop.admit(sale), b = await shop.admit(sale);
        await waitFor('the promise', async () => (await checkout(d.url, sale, a, { key: 'the-key-of-a', retry: true })).status === 202); // the replica's disk may take its time
        replica.process.kill('SIGSTOP');
        const answer = await checkout(d.url, sale, b, { key: 'the-key-of-b' });
        assert.deepEqual([answer.status, answer.json.type], [503, '/problems/outcome-unknown']);
        const known = await checkout(d.url, sale, a, { key: 'another-key-of-a' });
        assert.equal(known.json.type, '/problems/token-used', 'a refusal needs no promise');
        assert.equal(await held(), 2);
        replica.process.kill('SIGCONT');
        await waitFor('the promise', async () => (await checkout(d.url, sale, b, { key: 'the-key-of-b', retry: true })).status === 202);
        assert.equal(await held(), 2);
        await d.stop();
    });
});
