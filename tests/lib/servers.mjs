// Real servers for a test: Redis, PostgreSQL and our daemons, each on a free port, in a folder of its own, ended with the test.
//
//   const redis = await startRedis();            redis.port, redis.kill('SIGKILL'), redis.restart(), redis.stop()
//   const pg = await startPostgres();            pg.url (migrated database)
//   const d = await startDaemon('admissiond', { args: [...] , env: {...} });   d.url, d.port, d.pid, d.log()
//
// Everything started is ended by `stopAll()`: call it in an `after` hook. A daemon of ours that reported something of a sanitizer
// (a leak at its end, too), that ended by itself or that ended badly fails the run there, or earlier at its own `stop()`.
import { spawn, execFileSync } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { mkdtempSync, mkdirSync, chownSync, symlinkSync, existsSync, readFileSync, readdirSync, rmSync, openSync, chmodSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const build = process.env.WR_BUILD_DIR ?? join(root, 'build');
const running = new Set();
const daemons = new Set(); // of ours, all that were ever started
const folders = [];

// What no log may hold: a sanitizer's report, or a worker that died of anything but a test's SIGKILL. A watcher starts workers again,
// so nothing else would tell.
const report = /^.*(?:Sanitizer|runtime error: |msg="worker died" worker=\d+ (?:signal=(?!0 |9 )|signal=0 status=(?!0 ))).*$/m;
export function assertNoReport(name, log) {
    const found = report.exec(log);
    if (found) throw new Error(`${name} reports:\n${log.slice(found.index, found.index + 6000)}`);
}

// A port of this process until it ends: test files run side by side, and each would find the same one free. Below the ephemeral
// range (where there is room), so that no outgoing connection can take it between the asking and the listening.
const ephemeral = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split('\t')[0]);
const FIRST_PORT = 10_000, END_PORT = ephemeral < 12_000 ? 32_000 : Math.min(ephemeral, 32_000);
const held = join(tmpdir(), `waitroom-ports-${process.getuid()}`);
const mine = [];
process.once('exit', () => mine.forEach((port) => rmSync(join(held, String(port)), { force: true })));
function hold(port) {
    const file = join(held, String(port));
    mkdirSync(held, { recursive: true });
    for (const again of [true, false]) {
        try {
            writeFileSync(file, String(process.pid), { flag: 'wx' });
            mine.push(port);
            return true;
        } catch {
            const holder = existsSync(file) && readFileSync(file, 'utf8');
            if (!again || !holder || existsSync(`/proc/${holder}`)) return false;
            rmSync(file, { force: true }); // its process was killed
        }
    }
}
export function isFree(port) {
    return new Promise((done) => {
        const probe = createServer();
        probe.once('error', () => done(false));
        probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
}
// The first of `count` free ports in a row.
export async function freePort(count = 1) {
    for (;;) {
        const first = FIRST_PORT + Math.floor(Math.random() * (END_PORT - FIRST_PORT - count));
        const row = Array.from({ length: count }, (_, i) => first + i);
        if (!row.every(hold)) continue;
        if ((await Promise.all(row.map(isFree))).every(Boolean)) return first;
    }
}
// What a store must have on its disk before it answers, it has at once in memory: several stores on one disk that stalls are not what is tested.
const memory = '/dev/shm';
function storeFolder(name) {
    const { bavail, bsize } = existsSync(memory) ? statfsSync(memory) : { bavail: 0, bsize: 0 };
    return temporaryFolder(name, bavail * bsize > 2 ** 30 ? memory : tmpdir());
}
export function temporaryFolder(name, inside = tmpdir()) {
    const folder = mkdtempSync(join(inside, `waitroom-${name}-`));
    chmodSync(folder, 0o755);
    folders.push(folder);
    return folder;
}
export function listens(port) {
    return new Promise((done) => {
        const socket = connect({ port, host: '127.0.0.1' }, () => { socket.destroy(); done(true); });
        socket.once('error', () => done(false));
    });
}

export class Server {
    // `again`: one that ends before it serves is started again, for what hindered it goes away by itself.
    constructor(name, command, args, { env, folder, serves, cwd, again = false }) {
        Object.assign(this, { name, command, args, env, folder, serves, cwd, again, logFile: join(folder, `${name}.log`), badEnds: [] });
        if (command.startsWith(build)) daemons.add(this);
    }
    spawn() {
        const log = openSync(this.logFile, 'a');
        this.process = spawn(this.command, this.args, { env: { ...process.env, ...this.env }, cwd: this.cwd, stdio: ['ignore', log, log] });
        this.ended = new Promise((done) => this.process.once('exit', (code, signal) => {
            this.exit = { code, signal };
            running.delete(this);
            if (this.served && code !== 0 && signal !== this.sent) this.badEnds.push(JSON.stringify(this.exit)); // one that never served fails start()
            done(this.exit);
        }));
        Object.assign(this, { exit: null, served: false, sent: undefined });
        running.add(this);
    }
    async start() {
        this.spawn();
        await waitFor(`${this.name} to serve`, async () => {
            if (this.exit && this.again) this.spawn();
            return this.exit ?? this.serves();
        }, { timeout: 60_000 }).catch((error) => { throw new Error(`${error.message}\n${this.log()}`); });
        if (this.exit) throw new Error(`${this.name} ended: ${JSON.stringify(this.exit)}\n${this.log()}`);
        this.served = true;
        return this;
    }
    assertSound() {
        if (!daemons.has(this)) return;
        assertNoReport(this.name, this.log());
        if (this.badEnds.length) throw new Error(`${this.name} ended with ${this.badEnds}:\n${this.log().slice(-3000)}`);
    }
    get pid() { return this.process.pid; }
    log() { return readFileSync(this.logFile, 'utf8'); }
    async kill(signal = 'SIGKILL') {
        if (this.exit) return this.exit;
        this.sent = signal;
        this.process.kill(signal);
        return this.ended;
    }
    async stop() {
        if (!this.exit) {
            this.process.kill('SIGCONT');
            this.process.kill('SIGTERM');
            const timer = setTimeout(() => this.process.kill('SIGKILL'), 15_000);
            await this.ended;
            clearTimeout(timer);
        }
        this.assertSound();
        return this.exit;
    }
    async restart() {
        await this.kill();
        return this.start();
    }
}

export async function startRedis(options = [], port = null) {
    const folder = storeFolder('redis');
    port ??= await freePort();
    const program = join(folder, 'redis-server');
    symlinkSync(['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'].find(existsSync), program);
    const server = new Server('redis', program, ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes',
        '--appendfsync', 'always', '--save', '', '--maxmemory-policy', 'noeviction', ...options].map(String), { folder, serves: () => listens(port) });
    await server.start();
    return Object.assign(server, { port, address: `127.0.0.1:${port}`, url: `redis://127.0.0.1:${port}` });
}

export async function startPostgres(port = null) {
    const bin = '/usr/lib/postgresql/15/bin', folder = storeFolder('postgres');
    port ??= await freePort();
    const isRoot = process.getuid() === 0;
    const asServer = isRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', 'env', `HOME=${folder}`] : ['env'];
    if (isRoot) {
        const id = (flag) => Number(execFileSync('id', [flag, 'postgres']));
        chownSync(folder, id('-u'), id('-g'));
    }
    execFileSync(asServer[0], [...asServer.slice(1), `${bin}/initdb`, '-D', `${folder}/data`, '-A', 'trust', '--no-locale', '-E', 'UTF8', '-U', 'waitroom', '--no-sync'], { stdio: 'pipe', cwd: folder });
    const base = `postgresql://waitroom@127.0.0.1:${port}`;
    const psql = (url, ...args) => execFileSync('psql', ['-qAt', '-v', 'ON_ERROR_STOP=1', url, ...args], { stdio: 'pipe' }).toString();
    const server = new Server('postgres', asServer[0], [...asServer.slice(1), `${bin}/postgres`, '-D', `${folder}/data`, '-c', `port=${port}`,
        '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`, '-c', 'max_connections=100'],
    { folder, cwd: folder, again: true, serves: () => { psql(`${base}/postgres`, '-c', 'select 1'); return true; } }); // right after a kill -9 the old one's children still hold its memory
    await server.start();
    psql(`${base}/postgres`, '-c', 'create database waitroom');
    const migrations = join(root, 'sql', 'migrations');
    for (const file of readdirSync(migrations).sort()) psql(`${base}/waitroom`, '--single-transaction', '-f', join(migrations, file));
    return Object.assign(server, { port, url: `${base}/waitroom`, psql: (...args) => psql(`${base}/waitroom`, ...args) });
}

export async function startDaemon(name, { args = [], env = {}, port, ready = true } = {}) {
    const folder = temporaryFolder(name);
    port ??= await freePort();
    const url = `http://127.0.0.1:${port}`;
    const server = new Server(name, join(build, 'bin', name), ['--listen', `127.0.0.1:${port}`, ...args].map(String),
        { env, folder, serves: async () => (await fetch(`${url}/${ready ? 'readyz' : 'healthz'}`)).ok });
    await server.start();
    return Object.assign(server, { port, url });
}

export async function stopAll() {
    await Promise.allSettled([...running].reverse().map((server) => server.stop()));
    const judged = await Promise.allSettled([...daemons].map(async (daemon) => daemon.assertSound()));
    daemons.clear();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    const errors = judged.filter(({ reason }) => reason).map(({ reason }) => reason.message);
    if (errors.length) throw new Error(errors.join('\n'));
}
