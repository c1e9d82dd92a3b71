// script/up --detach and script/down over the life of one system, in the order in which it lives. The checkout and its folder of data have
// names with a space and more in them, also what is no letter in their locale, and where the tests run as root, PostgreSQL's user cannot reach them.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Redis from 'ioredis';
import pg from 'pg';
import { Load } from '../lib/load.mjs';
import { alive, below, call, clean, gone, isUp, merchant, processes, service, supervisor } from '../lib/scripts.mjs';
import { build, freePort, isFree, listens, root, startPostgres, startRedis, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

const folder = temporaryFolder('scripts'), here = join(folder, 'two words & \'more\' größer 茶 🎟'), checkout = join(here, 'waitroom'), data = join(here, 'data');
const foreign = {};
let env, base;
const script = (name, ...args) => call(join(checkout, 'script', name), args, env);
const succeeds = (answer) => { assert.equal(answer.code, 0, answer.err); return answer; };

before(async () => {
    chmodSync(folder, 0o700);
    mkdirSync(here);
    symlinkSync(root, checkout);
    base = await freePort(10);
    env = { WR_RUN_DIR: data, WR_BUILD_DIR: build, WR_PORT_BASE: String(base), LC_ALL: 'C' };
    if (await isFree(6379)) foreign.redis = await startRedis([], 6379);
    if (await isFree(5432)) foreign.postgres = await startPostgres(5432);
});
after(async () => {
    if (isUp(data)) await script('down');
    // Where PostgreSQL's user could not reach `data`, its files lie elsewhere; --fresh removes them, and --install-only starts nothing.
    await script('up', '--fresh', '--install-only');
    await stopAll();
});

test('it starts in a folder with any name, and says where everything is', async (t) => {
    const { out, ms } = succeeds(await script('up', '--detach'));
    assert.match(out, new RegExp(`^ready\n  shopper page   http://localhost:${base}/s/demo\n  merchant API   http://localhost:${base}/v1/admin/sales      Authorization: Bearer mk_demo_\\w+\n  for scripts `));
    assert.ok(out.includes(`source ${data}/env`));
    assert.ok(existsSync(join(data, 'data', 'kafka', 'meta.properties')), 'Kafka knows the folder by the same name');
    assert.equal((await fetch(`http://localhost:${base}/s/demo`)).status, 200);
    assert.equal((await merchant(data, 'GET', '/sales/demo')).body.title, 'Aurora One turntable');
    t.diagnostic(`first start without data: ${ms} ms`);
});

const modes = () => ['env', '.waitroom', 'logs', 'secrets'].map((name) => (statSync(join(data, name)).mode & 0o777).toString(8));

test('only its user can read the key of the merchant', () => {
    assert.deepEqual(modes(), ['600', '600', '700', '700']);
    for (const [name, mode] of [['env', 0o644], ['logs', 0o755]]) chmodSync(join(data, name), mode); // the next start mends what an earlier version left
});

const databaseUrl = () => readFileSync(join(data, 'env'), 'utf8').match(/^export WR_DATABASE_URL=(.*)$/m)[1];
async function ask(url, sql) {
    const client = new pg.Client({ connectionString: url, ssl: false });
    try {
        await client.connect();
        return (await client.query(sql)).rows;
    } finally { await client.end(); }
}
async function wantsPassword() {
    const url = databaseUrl(), [, password] = url.match(/^postgresql:\/\/waitroom:(\w{48})@127\.0\.0\.1:\d+\/waitroom$/);
    assert.deepEqual(await ask(url, 'select current_user::text as me'), [{ me: 'waitroom' }]);
    for (const database of ['waitroom', 'postgres', 'template1']) for (const user of ['waitroom:wrong', 'waitroom:', 'postgres:', `postgres:${password}`])
        await assert.rejects(ask(`postgresql://${user}@127.0.0.1:${base + 7}/${database}`, 'select 1'), /password|no pg_hba\.conf entry/, `${user} at ${database}`);
    assert.deepEqual(processes().filter((p) => p.command.includes(password)), [], 'ps shows it');
    for (const name of readdirSync(join(data, 'logs'))) assert.ok(!readFileSync(join(data, 'logs', name), 'utf8').includes(password), `${name}.log has it`);
    return password;
}

test('only who has the password gets into PostgreSQL, and neither ps nor a log tells it', wantsPassword);

test('a second start from a shell that sourced env keeps the data, and takes seconds', async (t) => {
    const now = Date.now();
    const made = await merchant(data, 'POST', '/sales', { id: 'kept', title: 'Kept', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000,
        rate_per_minute: 60, skus: [{ sku: 'one', name: 'One', unit_price: 100, total: 5 }] });
    assert.equal(made.status, 201);
    const join_ = async () => fetch(`http://localhost:${base}/v1/session`, { method: 'POST', headers: { origin: `http://localhost:${base}`, 'content-type': 'application/json' }, body: '{"cookie":false}' });
    const { secret } = await (await join_()).json();
    const queue = () => fetch(`http://localhost:${base}/v1/sales/kept/queue`, { method: 'POST', headers: { origin: `http://localhost:${base}`, 'waitroom-secret': secret } });
    await waitFor('a place in the line', async () => (await queue()).status < 300);
    const joined = async () => (await merchant(data, 'GET', '/sales/kept/stats')).body.joined_total;
    await waitFor('the line to count it', async () => (await joined()) === 1);
    const password = await wantsPassword();

    const load = new Load(() => [process.pid, supervisor(data)], () => [process.pid]);
    const again = 'source "$1/env"; "$2/script/down" && began=$(date +%s%3N) && "$2/script/up" --detach >"$1/logs/again.log" && echo $(($(date +%s%3N) - began))';
    const { out } = succeeds(await call('bash', ['-c', again, 'bash', data, checkout], { WR_PORT_BASE: String(base) }));
    load.holds(t, 'second start, ms', Number(out), 8000, 40_000);
    assert.equal((await merchant(data, 'GET', '/sales/kept')).body.title, 'Kept');
    await waitFor('the line as it was', async () => (await joined()) === 1);
    assert.deepEqual(modes(), ['600', '600', '700', '700']);
    assert.equal(await wantsPassword(), password);
    assert.ok(existsSync(join(data, 'pids', 'kafka')), 'its own broker is no foreign one for having been in env');
    assert.equal(succeeds(await call('bash', ['-c', 'source "$1/env"; "$2/script/test" --install-only lint', 'bash', data, checkout], {})).code, 0);
    assert.ok(isUp(data), 'script/test leaves it alone');
});

async function anotherIsRefused() {
    for (const options of [['--detach'], ['--detach', '--fresh'], ['--fresh', '--install-only']]) {
        let answer;
        script('up', ...options).then((it) => { answer = it; });
        const { code, out, err } = await waitFor(`${options} to be refused`, () => answer, { timeout: 20_000 });
        assert.deepEqual([code, out, err], [1, '', 'up: it is already running or being started (script/down ends what runs)\n']);
    }
}

test('it starts only once in a folder, and deletes nothing of what runs', async () => {
    await anotherIsRefused();
    assert.ok(isUp(data));
    assert.equal((await merchant(data, 'GET', '/sales/kept')).status, 200);
    succeeds(await script('up', '--install-only'));
});

test('a broker killed with -9 serves again', async (t) => {
    const load = new Load(() => [process.pid, supervisor(data)]);
    const before_ = service(data, 'kafka'), began = performance.now();
    process.kill(before_, 'SIGKILL');
    await waitFor('another broker', () => service(data, 'kafka') !== before_);
    await waitFor('the broker to serve', () => execFileSync('kcat', ['-b', `127.0.0.1:${base + 8}`, '-L', '-m', '1'], { stdio: 'pipe' }), { timeout: 30_000 });
    load.holds(t, 'until the broker served again, ms', performance.now() - began, 4000, 30_000);
});

test('what it started ends with it, even when it is killed with -9; one that does not is no supervisor', async () => {
    const all = below(supervisor(data)), slow = service(data, 'sandboxd');
    assert.ok(all.length > 9, 'servers and daemons run');
    process.kill(slow, 'SIGSTOP');
    // One that runs still would dial again, and PostgreSQL does not end before who dialled while it ended has said who they are.
    await waitFor('it to have stopped', () => /^State:\tT/m.test(readFileSync(`/proc/${slow}/status`, 'utf8')));
    process.kill(supervisor(data), 'SIGKILL');
    try {
        await gone('everything else', all.filter((p) => p.pid !== slow));
        assert.equal((await script('down')).err, 'nothing is running here\n');
    } finally { process.kill(slow, 'SIGCONT'); }
    await gone('everything', all);
});

test('--detach --fresh starts over at an address that others reach, and nobody else starts or deletes anything there while it still builds', async () => {
    const otherBuild = spawn('flock', [join(build, '.waitroom-lock'), 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let first;
    try {
        await once(otherBuild.stdout, 'data');
        first = call(join(checkout, 'script', 'up'), ['--detach', '--fresh', '--crowd', '3'], { ...env, WR_LISTEN_ADDRESS: '0.0.0.0' });
        await waitFor('it to have begun', () => spawnSync('flock', ['-n', '-s', join(data, '.waitroom'), 'true']).status);
        await anotherIsRefused();
        const { code, err } = await script('down');
        assert.deepEqual([code, err], [1, 'down: it is still being started: end it where it was called\n']);
    } finally { otherBuild.stdin.end(); }
    assert.match(succeeds(await first).out, /\n  other machines only the address in WR_PUBLIC_URL is let into the line/);
    assert.equal((await merchant(data, 'GET', '/sales/kept')).status, 404);
    assert.equal((await merchant(data, 'GET', '/sales/demo')).status, 200);
});

test('a crowd that has ended is told once and not sent again', async () => {
    const crowds = () => below(supervisor(data)).filter((p) => p.command.includes('bench/stampede')), before_ = service(data, 'sandboxd');
    const log = () => readFileSync(join(data, 'logs', 'up.log'), 'utf8');
    process.kill(crowds()[0].pid, 'SIGKILL');
    await waitFor('it to be told', () => log().includes('the crowd ended with status 137 (log: '));
    process.kill(before_, 'SIGKILL');
    await waitFor('the supervisor to go round', () => service(data, 'sandboxd') !== before_);
    assert.equal(log().match(/the crowd ended/g).length, 1);
    assert.deepEqual(crowds(), []);
});

test('a demo sale that is over for a day is told of, and all starts without it, the crowd too', async () => {
    await waitFor('nobody to show it', async () => {
        execFileSync('psql', ['-q', databaseUrl(), '-c', "update sales set phase = 'ended', starts_at = now() - interval '9 days', ends_at = now() - interval '2 days' where id = 'demo'"]);
        return (await fetch(`http://localhost:${base}/s/demo`)).status === 404;
    }, { every: 500 });
    succeeds(await script('down'));
    assert.match(succeeds(await script('up', '--detach', '--crowd', '3')).out, /^ready\n[^]*\nthe demo sale has ended: script\/up --fresh starts over\n$/);
    assert.match(readFileSync(join(data, 'logs', 'up.log'), 'utf8'), /^the crowd stays away, for the demo sale is ended: --fresh starts over$/m);
});

test('services that it did not start are left alone', async (t) => {
    if (foreign.redis) {
        const redis = new Redis(6379);
        assert.deepEqual(await redis.keys('*'), []);
        redis.disconnect();
        assert.equal(foreign.redis.exit, null);
    }
    if (foreign.postgres) assert.equal(foreign.postgres.psql('-c', 'select count(*) from sales').trim(), '0');
    t.diagnostic(`beside: ${Object.keys(foreign).join(', ') || 'nothing: their ports were taken already'}`);
});

test('script/down ends all of it', async () => {
    const all = below(supervisor(data));
    succeeds(await script('down'));
    assert.deepEqual(alive(all), []);
    for (let port = base; port < base + 10; port++) assert.equal(await listens(port), false, `port ${port}`);
    for (const server of Object.values(foreign)) assert.equal(server.exit, null, `${server.name} was not ours to end`);
});

test('script/down tells another user whose folder it is', { skip: process.getuid() !== 0 && 'needs root' }, async () => {
    const copy = temporaryFolder('copy'), folder = temporaryFolder('data');
    cpSync(join(root, 'script'), copy, { recursive: true });
    const { code, err } = await call('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', join(copy, 'down')], { WR_RUN_DIR: folder });
    assert.deepEqual([code, err], [1, `down: ${folder} belongs to root: run this as that user\n`]);
});

// As versions before left it: role and settings of `initdb -A trust`, and no secret.
test('PostgreSQL\'s data that trusted every local user is kept, and asks for a password from then on', async () => {
    succeeds(await script('up', '--detach', '--services'));
    await ask(databaseUrl(), 'alter role waitroom password null');
    const [, folder] = readFileSync(`/proc/${service(data, 'postgres')}/cmdline`, 'utf8').match(/\0-D\0([^\0]+)/);
    succeeds(await script('down'));
    writeFileSync(join(folder, 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n');
    rmSync(join(data, 'secrets', 'postgres.password'));
    let started = false;
    const start = script('up', '--detach', '--services').finally(() => { started = true; }), seen = new Set();
    while (!started) {
        for (const { command } of processes()) seen.add(command);
        await new Promise((done) => setTimeout(done, 2));
    }
    succeeds(await start);
    const password = await wantsPassword();
    for (const program of [/\bpsql -q /, /\/postgres --single /]) assert.ok([...seen].some((command) => program.test(command)), `${program} was seen while it ran`);
    assert.deepEqual([...seen].filter((command) => command.includes(password)), []);
    assert.deepEqual(await ask(databaseUrl(), 'select id from sales'), [{ id: 'demo' }]);
    succeeds(await script('down'));
});

test('KAFKA_HOME is the Kafka that runs', async () => {
    const home = join(here, 'kafka'), cache = join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME, '.cache'), 'waitroom', 'kafka-4.1.0', 'jars');
    mkdirSync(home);
    symlinkSync(cache, join(home, 'libs'));
    const { out } = succeeds(await call(join(checkout, 'script', 'up'), ['--detach', '--services'], { ...env, KAFKA_HOME: home }));
    assert.ok(below(service(data, 'kafka'))[0].command.includes(`${home}/libs/`));
    assert.equal(await listens(base + 8), true);
    assert.equal(await listens(base), false, 'no nginx');
    assert.equal(out, `ready\n  PostgreSQL     postgresql://waitroom@127.0.0.1:${base + 7}/waitroom      its password is in env\n  Redis          redis://127.0.0.1:${base + 6}\n` +
        `  Kafka          127.0.0.1:${base + 8}\n  for scripts    source ${data}/env\n  logs           ${data}/logs\n`, 'of what was not started nothing is said');
    succeeds(await script('down'));
});
