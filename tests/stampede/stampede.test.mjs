// A crowd through a whole sale: exactly the stock is sold, the drip is kept, every accepted order has one final state.
// The tests need those before them.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startStack } from '../lib/stack.mjs';
import { checkReport, startStampede } from '../lib/stampede.mjs';
import { build, stopAll } from '../lib/servers.mjs';
import { Load } from '../lib/load.mjs';
import { waitFor } from '../lib/wait.mjs';

let stack;
before(async () => { stack = await startStack({ env: { WR_WORKERS: '4' } }); });
after(async () => { await stack?.stop(); await stopAll(); });

const loaded = () => new Load(() => [process.pid, Number(readFileSync(join(stack.folder, 'up.pid'), 'utf8'))]);
async function crowd(args) {
    const { code, report, output } = await startStampede(stack, args).ended;
    assert.equal(code, 0, output);
    assert.ok(Object.values(report.invariants).every(Boolean), JSON.stringify(report.invariants));
    assert.ok(checkReport(report), JSON.stringify(checkReport.errors));
    return report;
}
// What the report says is what PostgreSQL and the merchant's API say.
async function isTrue(report, joined) {
    const database = new pg.Client(stack.env.WR_DATABASE_URL), { sale } = report;
    await database.connect();
    try {
        const { rows } = await database.query(`select status, coalesce(reason, '') as reason, count(*)::int as orders, sum(quantity)::int as units from orders where sale = $1 group by 1, 2 order by 1, 2`, [sale]);
        assert.deepEqual(report.orders, rows);
        const { rows: [{ sold }] } = await database.query(`select sum(quantity)::int as sold from orders where sale = $1 and status = 'confirmed'`, [sale]);
        assert.equal(report.sold, sold);
    } finally { await database.end(); }
    const stats = await (await stack.admin('GET', `/sales/${sale}/stats`)).json(), { drip, joins, looks } = report;
    assert.deepEqual([drip.granted, drip.tokens, drip.rate_per_minute], [stats.granted_total, stats.granted_total, stats.rate_per_minute]);
    assert.deepEqual([joins.count, report.counts.joined, stats.joined_total], [joined, joined, joined]);
    assert.ok(joins.per_s > 100 && joins.per_s < 10 * joined, `${joins.per_s} joins a second of a crowd that comes within two`);
    assert.ok(looks.count > 5 * drip.measured_s && looks.above === 0, JSON.stringify(looks));
    assert.ok(looks.granted > drip.measured / 2 && Math.abs(looks.granted_s - drip.measured_s) < 2, 'the looks at Redis saw the rate that the tokens tell');
    assert.ok(0 < report.acknowledgement.p50_ms && report.acknowledgement.p50_ms <= report.acknowledgement.p99_ms);
    assert.equal(report.acknowledgement.count, report.orders.reduce((sum, { orders }) => sum + orders, 0), 'every order was acknowledged');
}

test('2,000 shoppers for 300 units at 200/s: 300 sold, none over, none lost', async (t) => {
    const load = loaded();
    const report = await crowd(['--shoppers', 2000, '--stock', 300, '--rate', '200/s', '--hold', 8, '--admission', 15]);
    assert.equal(report.sold, 300);
    assert.equal(report.oversold, 0);
    assert.equal(report.lost, 0);
    assert.equal(report.places.kept, report.places.returns, 'everybody who came back had their old place');
    assert.equal(report.ends.refused, 0, 'nobody was turned away');
    assert.ok(report.places.returns > 50, 'enough came back to mean something');
    load.holds(t, 'return, worst ms', report.places.return_worst_ms, 3000, 10_000);
});

// Some 17 s of drip: 1 % of it is a third of what the bucket holds, so that one stall longer than the burst bridges is seen.
test('with stock for all at least 99 % of the rate is granted and taken up, net of the burst', async (t) => {
    const load = loaded();
    const report = await crowd(['--shoppers', 1000, '--stock', 1000, '--rate', '50/s', '--abandon', 0, '--absent', 8, '--deaf', '8%', '--hold', 8, '--least', 90]);
    load.holds(t, 'of the credit was not granted, %', 100 - report.drip.net_percent, 1, 10);
    load.holds(t, 'of the credit was not granted by our own clock, %', 100 - report.looks.net_percent, 1, 10);
    load.holds(t, 'of the tokens were not taken up, %', 100 - report.drip.taken_up_percent, 1, 10);
    load.holds(t, 'acknowledgement p99, ms', report.acknowledgement.p99_ms, 100, 1000);
    assert.ok(report.drip.measured > 800 && report.drip.measured_s > 15, 'the drip ran long enough to mean something');
    assert.ok(report.drip.net_percent <= 100, 'what came in the burst is not in it');
    await isTrue(report, 1000);
});

// Gathered first: as they come, the real ones are a few in a hundred, and the drip would wait for them, not for the deaf.
test('ten times as many deaf as real shoppers, straight to the workers, do not slow the drip', async (t) => {
    const load = loaded();
    const report = await crowd(['--shoppers', 1000, '--stock', 1000, '--rate', '100/s', '--deaf', 10_000, '--skew', 8, '--gather', 60, '--hold', 8, '--admission', 15, '--least', 90,
        '--direct', stack.env.WR_WAITROOMD, '--direct-checkout', stack.env.WR_CHECKOUTD, '--source-addresses', '2-5']);
    load.holds(t, 'of the credit was not granted, %', 100 - report.drip.net_percent, 2, 10);
    load.holds(t, 'of the credit was not granted by our own clock, %', 100 - report.looks.net_percent, 2, 10);
    load.holds(t, 'of the tokens were not taken up, %', 100 - report.drip.taken_up_percent, 2, 10);
    load.holds(t, 'acknowledgement p99, ms', report.acknowledgement.p99_ms, 100, 1000);
    assert.equal(report.oversold, 0);
    assert.equal(report.counts.joined, 11_000);
});

test('kill -9 of a worker with 1,000 shoppers: all are back at their place within 3 s', async (t) => {
    const sockets = (pid) => readdirSync(`/proc/${pid}/fd`).length;
    const all = () => stack.workers('waitroomd').map(sockets).reduce((a, b) => a + b, 0);
    await waitFor('the crowd before to be gone', () => all() < 1000, { timeout: 20_000 });
    const run = startStampede(stack, ['--shoppers', 4800, '--stock', 4800, '--rate', '1/s', '--reconnect', 0, '--absent', 0, '--deaf', '0%', '--hold', 5, '--timeout', 30]);
    await waitFor('the crowd to be in line', () => all() > 4800, { timeout: 20_000 });
    const [most] = stack.workers('waitroomd').sort((a, b) => sockets(b) - sockets(a)), lost = sockets(most);
    assert.ok(lost > 1000, `${lost} sockets at the fullest worker`);
    const load = loaded();
    await stack.killWorker('waitroomd', most);
    const { report, output } = await run.ended;
    assert.ok(report.places.returns >= 1000, output);
    assert.equal(report.places.kept, report.places.returns, output);
    assert.equal(report.places.refused, 0, output);
    assert.equal(report.places.kept_out, 0, output);
    // (Who was given a token in the worker's last tenth of a second may have let it fall and got another: admitted twice.)
    assert.ok(report.ends.waiting + report.counts.admitted >= 4800, `nobody was lost on the way: ${output}`);
    assert.ok(report.counts.joined === 4800 && !report.ends.refused, output);
    load.holds(t, 'return, worst ms', report.places.return_worst_ms, 3000, 10_000);
});

test('a broken invariant is named, and ends it with status 1', async () => {
    const { code, report, output } = await startStampede(stack, ['--shoppers', 40, '--stock', 40, '--rate', '1/s', '--timeout', 5, '--ack-p99', 1]).ended;
    assert.equal(code, 1, output);
    assert.equal(report.invariants['orders were acknowledged in time'], report.acknowledgement.p99_ms <= 1);
    assert.equal(report.invariants['nobody who would buy was kept from units that are free'], false);
    assert.match(output, /BROKEN +nobody who would buy was kept from units that are free/);
});

// A checkout of the test's own gives each shopper these answers, the last one for ever.
for (const [what, statuses, counts, broken] of [
    ['takes no token for good', [401], { turned_away: 12 }, []],
    ['says that nothing is left while everything is free', [410, 401], { found_none_left: 12, asked_after_sold_out: 12 }, []],
    ['does not understand the request', [422], { turned_away: 12 }, ['nobody was refused by an answer that the journey does not expect']],
])
    test(`a checkout that ${what} breaks an invariant`, async () => {
        const asked = new Map();
        const checkout = createServer((request, response) => {
            const tries = asked.get(request.headers.cookie) ?? 0;
            asked.set(request.headers.cookie, tries + 1);
            request.resume().on('end', () => response.writeHead(statuses[Math.min(tries, statuses.length - 1)], { 'Content-Type': 'application/problem+json' }).end('{}'));
        });
        await new Promise((done) => checkout.listen(0, '127.0.0.1', done));
        try {
            const { code, report, output } = await startStampede(stack, ['--shoppers', 12, '--stock', 12, '--rate', '100/s', '--absent', 0, '--deaf', '0%', '--abandon', 0,
                '--direct-checkout', `127.0.0.1:${checkout.address().port}`]).ended;
            assert.equal(code, 1, output);
            assert.equal(report.undersold, 12, output);
            assert.deepEqual(Object.fromEntries(Object.keys(counts).map((name) => [name, report.counts[name]])), counts);
            assert.deepEqual(Object.keys(report.invariants).filter((name) => !report.invariants[name]), ['nobody who would buy was kept from units that are free', ...broken]);
        } finally { checkout.close(); }
    });

test('an order that gets no payment link, and so no end, is lost, in a sale that was not made for the crowd too', async () => {
    const sale = await stack.createSale({ hold_s: 2 }), sandboxd = stack.pid('sandboxd');
    process.kill(sandboxd, 'SIGSTOP');
    try {
        const { code, report, output } = await startStampede(stack, ['--sale', sale.id, '--shoppers', 5, '--absent', 0, '--deaf', '0%', '--abandon', 0, '--skew', 0, '--timeout', 8]).ended;
        assert.equal(code, 1, output);
        assert.deepEqual(report.orders, [{ status: 'queued', reason: '', orders: 5, units: 5 }]);
        assert.equal(report.lost, 5, output);
        assert.deepEqual(Object.keys(report.invariants).filter((name) => !report.invariants[name]), ['every order answered 202 has one final state']);
    } finally { process.kill(sandboxd, 'SIGCONT'); }
    await waitFor('the orders to end', async () => {
        const { orders } = await (await stack.admin('GET', `/sales/${sale.id}/stats`)).json();
        return !orders.queued && !orders.pending_payment && !orders.expiring;
    }, { timeout: 60_000 });
});

// The line's clock stands still meanwhile: on that, nothing is missing.
test('while Redis stands still nothing is granted, and the drip was not met', async () => {
    const sale = await stack.createSale({ rate_per_minute: 50 * 60, burst_ms: 500, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 1000 }] });
    const run = startStampede(stack, ['--sale', sale.id, '--shoppers', 400, '--absent', 0, '--deaf', '0%', '--abandon', 0, '--reconnect', 0, '--least', 90]);
    const granted = async () => (await (await stack.admin('GET', `/sales/${sale.id}/stats`)).json()).granted_total;
    await waitFor('the drip to run', async () => (await granted()) > 50, { timeout: 20_000 });
    process.kill(stack.pid('redis'), 'SIGSTOP');
    await new Promise((done) => setTimeout(done, 4000)); // what is measured
    process.kill(stack.pid('redis'), 'SIGCONT');
    const { code, report, output } = await run.ended;
    assert.equal(code, 1, output);
    assert.equal(report.invariants['the drip was met'], true, output);
    assert.equal(report.invariants['the drip was met by our own clock'], false, output);
    assert.ok(report.looks.granted_s > report.drip.measured_s + 3 && report.looks.net_percent < 80, output);
});

// script(1) gives it a terminal.
test('on a terminal it shows how far the crowd is, and leaves its report', async () => {
    const command = `${join(build, 'bench', 'stampede')} --shoppers 20 --stock 20 --rate 10/s --absent 0 --deaf 0% --abandon 0`;
    const { stdout } = await promisify(execFile)('script', ['-qefc', `exec ${command}`, '/dev/null'], { env: { ...process.env, ...stack.env, SHELL: '/bin/bash' } });
    const shown = [...stdout.matchAll(/\r\x1b\[K *([\d.]+) s  joined (\d+)  called \d+  admitted (\d+)  ordered \d+  paid \d+  confirmed \d+  over \d+  unanswered \d+/g)].map(([, ...numbers]) => numbers.map(Number));
    assert.ok(shown.length > 2, stdout);
    for (const [i, [seconds, joined, admitted]] of shown.entries()) if (i) assert.ok(seconds > shown[i - 1][0] && joined >= shown[i - 1][1] && admitted >= shown[i - 1][2], stdout);
    assert.ok(shown.at(-1)[1] > shown[0][1], 'it goes on');
    assert.match(stdout, /\r\x1b\[K\r\nsale +stampede-\d+[^]*all \d+ invariants hold/);
});

test('a sale that has not begun is waited for, and said so; one that is sold out is not', async () => {
    const soon = await stack.createSale({ starts_at: Date.now() + 4000 });
    const { code, output } = await startStampede(stack, ['--sale', soon.id, '--shoppers', 1, '--absent', 0, '--deaf', '0%', '--abandon', 0]).ended;
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`stampede: the sale ${soon.id} is waited for: (scheduled|lobby)\n`));
    const none = await stack.createSale({ skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 0 }] });
    await stack.known(none, ({ phase }) => phase === 'sold_out');
    const refused = await startStampede(stack, ['--sale', none.id, '--shoppers', 1]).ended;
    assert.equal(refused.code, 2, refused.output);
    assert.match(refused.output, new RegExp(`stampede: the sale ${none.id} is not live: sold_out\n$`));
});

test('where its database does not answer it ends, and does not tell the password', async () => {
    const { code, output } = await startStampede({ env: { ...stack.env, WR_DATABASE_URL: 'postgresql://u:s3cret@127.0.0.1:9/x' } }, ['--shoppers', 1]).ended;
    assert.equal(code, 2, output);
    assert.match(output, /stampede: PostgreSQL does not answer\n$/);
    assert.doesNotMatch(output, /s3cret/);
});

// After the crowds above, of whatever they left.
test('stock in Redis and orders in PostgreSQL agree afterwards', async () => {
    await promisify(execFile)(join(build, 'bin', 'fulfillmentd'), ['check'], { env: { ...process.env, ...stack.env, WR_LISTEN: '127.0.0.1:0' } });
});
