// script/up in the foreground of a terminal, with a crowd, a foreign broker and an address of its own, until Ctrl-C.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { startKafka } from '../lib/kafka.mjs';
import { Shopper, session } from '../lib/door.mjs';
import { alive, below, clean, gone, isUp, merchant, run } from '../lib/scripts.mjs';
import { build, freePort, root, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

const data = join(temporaryFolder('foreground'), 'run');
let kafka, base, elsewhere, env, terminal, shown = '';
before(async () => {
    kafka = await startKafka({ 'auto.create.topics.enable': false });
    base = await freePort(10);
    elsewhere = createServer().listen(base, '127.0.0.3');
    await once(elsewhere, 'listening');
    env = { WR_RUN_DIR: data, WR_BUILD_DIR: build, WR_PORT_BASE: String(base), WR_LISTEN_ADDRESS: '127.0.0.2', KAFKA_BOOTSTRAP: kafka.bootstrap };
});
after(async () => {
    if (isUp(data)) await run('down', [], env);
    terminal?.kill();
    elsewhere.close();
    await stopAll();
});

async function admin(ask) {
    const broker = new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.ERROR }).admin();
    await broker.connect();
    try { return await ask(broker); } finally { await broker.disconnect(); }
}

// script(1) gives it a terminal: what is written to it is typed there. (`exec ./up` alone would call it by its whole path.)
async function start(options) {
    shown = '';
    terminal = spawn('script', ['-qefc', `cd ${join(root, 'script')} && exec env ./up ${options}`, '/dev/null'], { env: clean({ ...env, SHELL: '/bin/bash' }), stdio: ['pipe', 'pipe', 'inherit'] });
    terminal.stdout.on('data', (text) => { shown += text; });
    terminal.ended = new Promise((done) => terminal.once('exit', done));
    await waitFor('ready', () => /^ready\r?$/m.test(shown), { timeout: 60_000 });
}

test('a broker that makes no topics is told which it needs, and that before anything is started', async () => {
    const { code, out, err } = await run('up', ['--detach', '--services'], env);
    assert.deepEqual([code, out], [1, '']);
    assert.equal(err, `up: the Kafka broker at ${kafka.bootstrap} has no topic waitroom.reservations and waitroom.dead-letters and makes none by itself: make it there, with 8 partitions\n`);
    assert.equal(existsSync(join(data, 'pids')), false);
    await admin((broker) => broker.createTopics({ topics: ['waitroom.reservations', 'waitroom.dead-letters'].map((topic) => ({ topic, numPartitions: 8 })) }));
});

test('script/down ends it, however it was called', async () => {
    await start('--services');
    const all = below(terminal.pid);
    const { code, out, err } = await run('down', [], env);
    assert.deepEqual([code, out, err], [0, '', '']);
    assert.equal(await terminal.ended, 0);
    assert.deepEqual(alive(all), []);
});

test('it shows what the sale does and sends a crowd', async () => {
    await start('--crowd 40');
    assert.match(shown, new RegExp(`shopper page   http://127\\.0\\.0\\.2:${base}/s/demo`));
    await waitFor('the line of the summary', () => /waiting \d+  admitted \d+ \(60\/min\)  inside \d+  left 100  orders: none/.test(shown));
    await waitFor('the crowd', () => below(terminal.pid).some((p) => p.command.includes('bench/stampede --sale demo --shoppers 40')));
});

test('the summary goes on when it is killed', async () => {
    const summary = () => below(terminal.pid).find((p) => p.command.startsWith('node') && p.command.includes('summary.mjs'))?.pid, before = summary(), seen = shown.length;
    process.kill(before, 'SIGKILL');
    await waitFor('another', () => summary() && summary() !== before);
    await waitFor('its line', () => /waiting \d+  admitted/.test(shown.slice(seen).split('summary ended with status 137').at(-1)));
});

test('with --crowd the line of a newcomer moves', async () => {
    const url = `http://127.0.0.2:${base}`, waiting = async () => (await merchant(data, 'GET', '/sales/demo/stats')).body.waiting;
    await waitFor('a crowd in line', async () => (await waiting()) >= 8, { timeout: 60_000 });
    const newcomer = new Shopper(url, { id: 'demo' }, { secret: (await session(url)).secret, headers: { origin: url } }).connect();
    const { ahead } = await newcomer.got('position');
    assert.ok(ahead >= 3, `${ahead} are ahead`);
    await newcomer.got('position', (m) => m.ahead < ahead, { timeout: 30_000 });
    await newcomer.end();
});

test('WR_LISTEN_ADDRESS is where shoppers reach it, and the loopback where we do; another program has the port elsewhere', async () => {
    for (const host of ['127.0.0.2', '127.0.0.1']) assert.equal((await fetch(`http://${host}:${base}/s/demo`)).status, 200, host);
});

test('the broker of KAFKA_BOOTSTRAP is used, and no other started', async () => {
    const { groups } = await admin((broker) => broker.listGroups());
    assert.ok(groups.some(({ groupId }) => groupId === 'fulfillment'), JSON.stringify(groups));
    assert.equal(existsSync(join(data, 'pids', 'kafka')), false);
    assert.equal(below(terminal.pid).some((p) => p.command.includes('kafka.Kafka')), false);
});

test('Ctrl-C ends all that it started, the crowd too, and nothing else', async () => {
    const all = below(terminal.pid);
    assert.ok(all.some((p) => p.command.includes('summary.mjs')) && all.some((p) => p.command.includes('stampede')));
    terminal.stdin.write('\x03');
    assert.equal(await terminal.ended, 0);
    await gone('everything', all, 3000);
    assert.deepEqual(alive(all), []);
    assert.equal(isUp(data), false);
    assert.equal(kafka.exit, null);
    execFileSync('kcat', ['-b', kafka.bootstrap, '-L', '-m', '5'], { stdio: 'pipe' });
});

const stop = async () => { terminal.stdin.write('\x03'); assert.equal(await terminal.ended, 0); };

test('with --no-demo no page of a demo sale is named, and the line shows the sale there is', async () => {
    await start('--no-demo'); // of the run before there is one
    const url = `http://127\\.0\\.0\\.2:${base}`;
    assert.match(shown, new RegExp(`^ready\r\n  shopper page   ${url}/s/ID      of the sale ID, once the merchant API has made one\r\n  merchant API   ${url}/v1/admin/sales      Authorization: Bearer mk_demo_\\w+\r\n  for scripts    source ${data}/env\r\n  logs           ${data}/logs\r$`, 'm'));
    await waitFor('the line of the demo sale', () => /demo  \w+\/\w+  waiting \d+ /.test(shown));
    assert.equal((await merchant(data, 'POST', '/sales/demo/end')).status, 200);
    const now = Date.now();
    await merchant(data, 'POST', '/sales', { id: 'mine', title: 'Mine', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000, rate_per_minute: 60, skus: [{ sku: 'one', name: 'One', unit_price: 100, total: 5 }] });
    await waitFor('that of a newer one', () => /mine  \w+\/\w+  waiting 0 /.test(shown));
    await stop();
});

test('a sale that is over gets no crowd, and that is said', async () => {
    await start('--crowd 5');
    assert.match(shown, /the crowd stays away, for the demo sale is (ended|sold out): --fresh starts over/); // ended when nothing is held any more
    assert.equal(below(terminal.pid).some((p) => p.command.includes('stampede')), false);
    await stop();
});
