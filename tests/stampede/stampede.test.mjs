// A crowd through a whole sale: exactly the stock is sold, the drip is kept, every accepted order has one final state.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { startStack } from '../lib/stack.mjs';
import { startStampede } from '../lib/stampede.mjs';
import { build, stopAll } from '../lib/servers.mjs';

let stack;
before(async () => { stack = await startStack(); });
after(async () => { await stack?.stop(); await stopAll(); });

async function crowd(args) {
    const { code, report, output } = await startStampede(stack, args).ended;
    assert.equal(code, 0, output);
    assert.ok(Object.values(report.invariants).every(Boolean), JSON.stringify(report.invariants));
    return report;
}

test('2,000 shoppers for 300 units at 200/s: 300 sold, none over, none lost', async () => {
    const report = await crowd(['--shoppers', 2000, '--stock', 300, '--rate', '200/s', '--hold', 8, '--admission', 15]);
    assert.equal(report.sold, 300);
    assert.equal(report.oversold, 0);
    assert.equal(report.lost, 0);
    assert.equal(report.places.kept, report.places.returns, 'everybody who came back had their old place');
    assert.ok(report.places.returns > 50, 'enough came back to mean something');
});

test('twice as many deaf as real shoppers do not slow the drip', async () => {
    const report = await crowd(['--shoppers', 1500, '--stock', 1500, '--rate', '150/s', '--deaf', 3000, '--abandon', 0, '--absent', 0, '--hold', 30, '--least', 90]);
    assert.equal(report.oversold, 0);
});

test('stock in Redis and orders in PostgreSQL agree afterwards', async () => {
    await promisify(execFile)(join(build, 'bin', 'fulfillmentd'), ['check'], { env: { ...process.env, ...stack.env, WR_LISTEN: '127.0.0.1:0' } });
});
