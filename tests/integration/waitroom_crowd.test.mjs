// waitroomd with so many sockets that telling them all something takes a while, during which things go on.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { Door, Shopper, session } from '../lib/door.mjs';
import { waitFor } from '../lib/wait.mjs';

const sockets = 8000, at_once = 400, files = sockets + 200; // the process' own, too
let redis, door, d, sale;
const crowd = [];
before(async () => {
    const most = readFileSync('/proc/self/limits', 'latin1').match(/^Max open files +\d+ +(\d+)/m)?.[1] ?? Infinity;
    assert.ok(most >= files, `${sockets} sockets need ${files} open files here and in the daemon, and ${most} are allowed: see ulimit -Hn`);
    redis = await startRedis();
    door = new Door(redis);
    d = await door.serve();
    sale = await door.publish({ id: 'crowd' });
    await door.known(d, sale);
    while (crowd.length < sockets) {
        const more = Array.from({ length: at_once }, () => new Shopper(d.url, sale).connect());
        crowd.push(...more);
        await waitFor('the next sockets', () => more.every((p) => p.messages.length), { timeout: 20_000 });
    }
});
after(async () => {
    for (const p of crowd) p.socket.terminate();
    door?.close();
    await stopAll();
});

test('a line that is open again before everybody was told that it had closed is told as open', async () => {
    let inTheMiddle = false;
    for (const end = performance.now() + 60_000; !inTheMiddle && performance.now() < end;) { // all are told within a second, and we may be slower than that
        for (const p of crowd) p.messages = [];
        await door.line(sale, { run_id: 'f'.repeat(40) });
        await crowd[0].got('error', (m) => m.code === 'line-closed');
        await door.line(sale, { run_id: await door.runId() });
        await waitFor('everybody to be told', () => crowd.every((p) => p.messages.some((m) => m.type === 'sale')), { timeout: 20_000 });
        assert.equal(crowd.filter((p) => p.messages.at(-1).type !== 'sale').length, 0);
        inTheMiddle = crowd.some((p) => !p.messages.some((m) => m.type === 'error'));
    }
    assert.ok(inTheMiddle, 'it opened in the middle of telling');
});

test('how many units are left reaches those near the front within seconds, however many sockets there are', async () => {
    const arrive = async () => {
        const { secret } = await session(d.url), p = new Shopper(d.url, sale, { secret }).connect();
        await p.got('ticket');
        return p;
    };
    await door.line(sale, { cap: 1 });
    const inside = await arrive();
    await inside.got('admitted');
    const p = await arrive(), left = (n) => door.line(sale, { left: n, left_at: Date.now() });
    await p.got('position', (m) => m.next_s <= 1.5);
    await left(1000);
    await waitFor('everybody to be told', () => [...crowd, p].every((q) => q.messages.some((m) => m.remaining === 1000)), { timeout: 30_000 });
    await left(999); // the next round is nine seconds away
    await p.got('sale', (m) => m.remaining === 999, { timeout: 6000 });
    assert.ok(crowd.some((q) => !q.messages.some((m) => m.remaining === 999)), 'not because everybody was told');
    await door.line(sale, { cap: 0, left: -1 });
    await p.end();
    await inside.end();
});

test('of a process that ends, whose turn it is comes back at once, the others over some seconds', async () => {
    const { secret } = await session(d.url), p = new Shopper(d.url, sale, { secret, lazy: true }).connect();
    await p.got('admitted');
    d.process.kill('SIGTERM');
    assert.equal((await p.got('reconnect')).within_s, 1);
    assert.ok((await crowd[0].got('reconnect')).within_s > 1);
    assert.equal((await d.ended).code, 0);
    await waitFor('everybody to be sent away', () => crowd.every((q) => q.closed === 1012));
});
