// kill -9 of every process, one after another, while a crowd buys: exactly N sold, every answer 202 in one final state, the drip
// never above its ceiling, and every shopper who comes back at their old place (stampede checks these and exits non-zero).
// The second test needs the first.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { startStack } from '../lib/stack.mjs';
import { startStampede } from '../lib/stampede.mjs';
import { build, stopAll } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

let stack;
before(async () => { stack = await startStack(); });
after(async () => { await stack?.stop(); await stopAll(); });

const ready = async (name) => (await fetch(`http://${stack.env[`WR_${name.toUpperCase()}`]}/readyz`)).ok;
const daemons = ['waitroomd', 'admissiond', 'checkoutd', 'fulfillmentd', 'sandboxd'];
const everythingServes = () => waitFor('every daemon to be ready', async () => (await Promise.all(daemons.map(ready))).every(Boolean), { timeout: 30_000 });

test('every process killed under load: nothing over, nothing lost, everyone at their place', { timeout: 400_000 }, async () => {
    const sale = await stack.createSale({
        starts_at: Date.now() - 1000, rate_per_minute: 40 * 60, hold_s: 20, admission_s: 20, factor_percent: 150,
        skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 2000 }],
    });
    const crowd = startStampede(stack, ['--sale', sale.id, '--shoppers', 4000, '--skew', 10, '--timeout', 300, '--reconnect', 20]);
    const stats = async () => (await stack.admin('GET', `/sales/${sale.id}/stats`)).json(), granted = async () => (await stats()).granted_total;
    await waitFor('the drip to run', async () => (await granted()) > 40, { timeout: 30_000 });
    const alone = ['waitroomd', 'checkoutd', 'admissiond', 'fulfillmentd', 'sandboxd', 'kafka', 'redis', 'postgres', 'nginx'];
    const kills = [
        ['one worker of waitroomd', () => stack.killWorker('waitroomd')],
        ['waitroomd with all its workers', () => stack.kill('waitroomd', 'SIGKILL', { all: true })], // alone, its watcher leaves them to drain
        ...alone.map((name) => [name, () => stack.kill(name)]),
    ];
    for (const [name, kill] of kills) {
        assert.ok(crowd.running(), `the crowd is still there when ${name} is killed`);
        const { granted_total: before, left } = await waitFor('stats', stats);
        assert.ok(left > 60, `${left} units are left: the sale outlasts the kills`);
        await kill();
        await everythingServes();
        await waitFor(`the drip to go on after ${name} was killed`, async () => (await granted()) > before + 20, { timeout: 30_000 });
    }
    const { code, report, output } = await crowd.ended;
    assert.equal(code, 0, output);
    assert.equal(report.sold, 2000, output);
    assert.equal(report.oversold, 0);
    assert.equal(report.lost, 0);
    assert.ok(report.places.returns > 600, `${report.places.returns} came back`);
    assert.equal(report.places.kept, report.places.returns);
    assert.equal(report.places.refused, 0, output);
    assert.equal(report.places.kept_out, 0, output);
    assert.equal(report.ends.refused, 0, output);
    const final = ['confirmed', 'expired', 'cancelled', 'failed', 'oversold', 'refunded'];
    await waitFor('every accepted order to be in one final state', async () => {
        const { orders } = await stats();
        return Object.entries(orders).every(([status, count]) => final.includes(status) || !count);
    }, { timeout: 60_000 });
});

// After the crowd above.
test('afterwards stock and orders agree', async () => {
    await promisify(execFile)(join(build, 'bin', 'fulfillmentd'), ['check'], { env: { ...process.env, ...stack.env, WR_LISTEN: '127.0.0.1:0' } });
});
