// Sockets of waitroomd that end in the middle of something, or try to be two shoppers: the daemon goes on unharmed. Memory
// that was used after its end is a report of the sanitizer, which ends the daemon: each test asks afterwards for one more
// shopper, and for an orderly end.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, Shopper, session } from '../lib/door.mjs';
import { metric, metrics } from '../lib/metrics.mjs';
import { waitFor } from '../lib/wait.mjs';

let redis, door, number = 0;
before(async () => {
    redis = await startRedis();
    door = new Door(redis);
});
after(async () => {
    door?.close();
    await stopAll();
});

const gauge = (d, name, value) => waitFor(`${name} to be ${value}`, async () => (await metric(d.url, name)) === value);
async function open(line = {}, document = {}) { // a worker of its own, and a sale
    const d = await door.serve(), sale = await door.publish({ id: `sockets-${++number}`, run: number, ...document }, line);
    await door.known(d, sale);
    return { d, sale };
}
async function arrive(d, sale, options = {}) {
    const { secret, shopper } = await session(d.url);
    return Object.assign(new Shopper(d.url, sale, { secret, ...options }).connect(), { shopper });
}
async function ended(d) { assert.deepEqual(await d.stop(), { code: 0, signal: null }, d.log().slice(-3000)); }
const spend = (sale, place) => door.redis.setbit(`wr:{${sale.id}}:spent:${sale.run}:0`, place, 1);

test('who is thrown out while waiting for a number has left the queue of joiners', async () => {
    const { d, sale } = await open({ ceiling: 0 }), p = await arrive(d, sale);
    await gauge(d, 'wr_line_joiners', 1);
    for (let i = 0; i < 11; i++) p.send('{');
    await waitFor('the socket to be closed', () => p.closed === 1008);
    p.socket.terminate();
    await gauge(d, 'wr_line_sockets', 0);
    await door.line(sale, { ceiling: 10 });
    const q = await arrive(d, sale);
    await q.got('ticket');
    assert.equal(q.place, 1);
    await gauge(d, 'wr_line_joiners', 0);
    await q.end();
    await ended(d);
});

test('one connection takes few numbers in a row, though it leaves each of its places', async () => {
    const { d, sale } = await open({ rate: 0 }), p = await arrive(d, sale), given = () => door.redis.hget(`wr:{${sale.id}}:line`, 'counter').then(Number);
    for (let place = 1; place <= 3; place++) {
        await p.got('ticket', (m) => m.place === place);
        p.send({ type: 'leave' });
        p.send({ type: 'join' });
    }
    await p.got('error', (m) => m.code === 'too-many-requests');
    assert.deepEqual([await given(), p.closed], [3, null]);
    const q = await arrive(d, sale);
    await q.got('ticket', (m) => m.place === 4);
    for (const one of [p, q]) await one.end();
    await ended(d);
});

test('a process that is ended sends away who still waits for a number', async () => {
    const { d, sale } = await open({ ceiling: 0 }), p = await arrive(d, sale);
    await gauge(d, 'wr_line_joiners', 1);
    d.process.kill('SIGTERM');
    await p.got('reconnect');
    await waitFor('the socket to be closed', () => p.closed === 1012);
    await d.ended; // told once more at its very end it would die of that
    await ended(d);
});

test('who waits for a new number and is taken over elsewhere has left the queue of joiners', async () => {
    const { d, sale } = await open({ ceiling: 1, rate: 0 }), p = await arrive(d, sale); // nobody is admitted before the place is spent
    await p.got('ticket');
    await spend(sale, 1);
    await p.end();
    await p.connect().got('spent');
    p.send({ type: 'join', secret: p.secret });
    await gauge(d, 'wr_line_joiners', 1);
    await door.redis.publish(`wr:worker:${p.workerId}`, `${sale.id} 0 1 ${p.visit}`); // another worker has the place now
    await waitFor('the socket to be closed', () => p.closed === 4001);
    await gauge(d, 'wr_line_sockets', 0);
    await door.line(sale, { ceiling: 10 });
    const q = await arrive(d, sale);
    await q.got('ticket');
    assert.equal(q.place, 2);
    await gauge(d, 'wr_line_joiners', 0);
    await q.end();
    await ended(d);
});

test('a socket that has had its turn cannot become another shopper', async () => {
    const { d, sale } = await open({ rate: 0 }), p = await arrive(d, sale), other = await session(d.url);
    await p.got('ticket');
    await spend(sale, 1);
    await p.end();
    await p.connect().got('spent');
    const refused = await metric(d.url, 'wr_refusals_total{problem="unauthenticated"}');
    p.send({ type: 'join', secret: other.secret });
    assert.equal((await p.got('error')).code, 'unauthenticated');
    p.send({ type: 'join', secret: other.secret, ticket: door.ticket({ run: sale.run, place: 7, shopper: other.shopper }) });
    await waitFor('both to be counted', async () => (await metric(d.url, 'wr_refusals_total{problem="unauthenticated"}')) === refused + 2);
    assert.equal((await door.line(sale)).counter, '1');
    assert.equal(await metric(d.url, 'wr_line_joins_total{how="new"}'), 1);
    p.socket.terminate();
    await gauge(d, 'wr_line_sockets', 0);
    await p.again().got('spent'); // the first shopper again: whatever it left is looked up and freed here
    p.send({ type: 'join', secret: p.secret });
    await p.got('ticket', (m) => m.place === 2);
    await p.end();
    await ended(d);
});

test('what goes out on sockets is counted, each message once, by kind', async () => {
    const { d, sale } = await open(), p = await arrive(d, sale);
    await p.got('admitted');
    p.send({ type: 'leave' });
    p.send({ type: 'dance' });
    await p.got('error');
    const heard = (...types) => p.messages.filter(({ type }) => types.includes(type)).length;
    await waitFor('each to be counted once', async () => {
        const counted = await metrics(d.url, ['sale', 'position', 'order', 'other'].map((what) => `wr_line_pushes_total{what="${what}"}`));
        return String(counted) === String([heard('sale'), heard('position'), 0, heard('ticket', 'called', 'admitted', 'error')]);
    });
    await p.end();
    await ended(d);
});
