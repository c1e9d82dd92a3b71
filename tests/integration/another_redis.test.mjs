// waitroomd when its Redis is wiped, replaced or frozen, with no admissiond to mend it at once: nobody loses a place, and
// nothing is asked of a process that its generation does not belong to.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, Shopper, session } from '../lib/door.mjs';
import { waitFor } from '../lib/wait.mjs';

let redis, door, worker, made = 0;
before(async () => {
    redis = await startRedis();
    door = new Door(redis);
    worker = await door.serve();
});
after(async () => { door?.close(); await stopAll(); });

async function opened(fields, line) {
    const sale = await door.publish({ id: `sale-${++made}`, ...fields }, line);
    await door.known(worker, sale, ({ phase }) => phase === 'live');
    return sale;
}
async function shopper(sale) {
    const { secret } = await session(worker.url, { origin: 'http://line.test' });
    const s = new Shopper(worker.url, sale, { secret }).connect();
    await s.got('ticket');
    return s;
}
const closings = (s) => s.messages.filter(({ type, code }) => type === 'error' && code === 'line-closed').length;
const clockOf = async (sale) => { const { clock, time } = await door.line(sale); return { clock: Number(clock), time: Number(time) }; };
const ticking = (sale) => { let from; return waitFor('ticks', async () => { const { time } = await clockOf(sale); from ??= time; return time > from + 200; }); };

test('a wiped Redis closes the line and nobody is sent away: places, admissions and their bits are there when it opens again', async () => {
    const sale = await opened({}, { rate: 6000 }), inside = await shopper(sale);
    await inside.got('admitted');
    await waitFor('the entry to be counted', async () => (await door.line(sale)).entered_total === '1');
    await door.line(sale, { rate: 0, level: '0.000000' });
    const waiting = await shopper(sale);
    const looks = async () => Number((await door.redis.info('commandstats')).match(/cmdstat_smembers:calls=(\d+)/)[1]), before_ = await looks();
    await door.redis.flushall();
    for (const s of [inside, waiting]) await waitFor('the closing to be told', () => closings(s));
    await waitFor('the sales to be read again, four times over', async () => await looks() > before_ + 4);
    const details = await fetch(`${worker.url}/v1/sales/${sale.id}`);
    assert.equal(details.status, 200);

    await door.publish({ id: sale.id }, { gen: 2, counter: 5000, rate: 6000 });
    await waiting.got('admitted');
    assert.deepEqual([waiting.place, inside.place, waiting.closed, inside.closed], [2, 1, null, null]);
    assert.equal(await door.redis.hexists(`wr:{${sale.id}}:admissions`, 1), 1, 'the admission was handed in');
    assert.equal(await door.redis.getbit(`wr:{${sale.id}}:spent:1:0`, 1), 1);
    for (const s of [inside, waiting]) await s.end();
});

test('a withdrawn sale is gone', async () => {
    const sale = await opened(), s = await shopper(sale);
    await door.redis.multi().srem('wr:sales', sale.id).del(`wr:{${sale.id}}:line`).hset(`wr:{${sale.id}}:line`, 'withdrawn', 1).exec();
    await waitFor('the socket to be closed', () => s.closed === 1008);
    assert.equal((await fetch(`${worker.url}/v1/sales/${sale.id}`)).status, 404);
});

test('another Redis process with the same data is asked nothing until its own generation opens', async () => {
    const sale = await opened({}, { rate: 0 }), s = await shopper(sale);
    for (let round = 2; round < 8; round++) {
        await ticking(sale);
        const told = closings(s), joining = await session(worker.url, { origin: 'http://line.test' });
        await redis.kill('SIGKILL');
        const died = Date.now(), late = new Shopper(worker.url, sale, { secret: joining.secret }).connect();
        await redis.start();
        await waitFor('the closing to be told', () => closings(s) > told);
        const { time, counter } = await door.line(sale);
        assert.ok(Number(time) <= died, `round ${round}: the line was touched ${time - died} ms after the process it belonged to had died`);
        assert.equal(counter, String(round - 1), 'nobody was given a number');
        await door.line(sale, { gen: round, run_id: await door.runId() });
        await late.got('ticket');
        await late.end();
    }
    await s.end();
});

test('a frozen Redis costs the line\'s clock its time: nobody\'s token ends early', async () => {
    const sale = await opened({}, { rate: 0 }), s = await shopper(sale);
    await ticking(sale);
    const before_ = await clockOf(sale);
    redis.process.kill('SIGSTOP');
    const frozen = performance.now();
    await waitFor('three seconds of frost', () => performance.now() - frozen > 3000);
    redis.process.kill('SIGCONT');
    await waitFor('ticks again', async () => (await clockOf(sale)).time > before_.time + 3000);
    await ticking(sale);
    const after_ = await clockOf(sale), lost = (after_.time - before_.time) - (after_.clock - before_.clock);
    assert.ok(lost > 2000, `the clock lost ${lost} of 3000 ms`);
    await s.end();
});
