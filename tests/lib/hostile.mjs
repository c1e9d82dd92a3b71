// Hostile bytes for any of our ports: broken and half-right HTTP, handshakes and frames. What a process must be afterwards: the
// same, without a descriptor too many, idle. (tests/lib/intruder.mjs: clients that know what to say.)
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { generator, mutateBytes } from './mutate.mjs';
import { Wire, cpuTicks, frame, request, upgradeRequest } from './wire.mjs';
import { waitFor } from './wait.mjs';

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE', 'get', 'G\0T', '', 'PRI', 'X'.repeat(40)];
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 ', 'http/1.1', 'HTTP/9', ''];
const ends = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', ''];
const names = ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Expect', 'Cookie', 'Authorization', 'Origin', 'Content-Type', 'Idempotency-Key',
    'X-Forwarded-For', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'If-None-Match', 'Waitroom-Secret', 'Stripe-Signature', ' x', 'x ', 'é', ''];
const values = ['a', '0', '5', '-5', '16384', '99999999999999999999', '5, 5', 'chunked', 'close', 'keep-alive, Upgrade', 'websocket', 'h2c', '100-continue', 'waitroom.v1', '13', 'null', '\t', '\x01', '"',
    'application/json', 'application/x-www-form-urlencoded', 'Bearer x.y.z', 'Ticket wt1.a.1.0.1', 'waitroom=AAAAAAAAAAAAAAAAAAAAAA', '1.2.3.4, ::1, x', 'http://shop.test'];
const bodies = ['', '{}', '{"a":', '{"type":"join"}', '[', 'a=b&c=%zz', '\0\0', '0\r\n\r\n'];

function target(random, paths) {
    let path = random.pick(paths);
    for (let i = random.below(3); i > 0; i--) {
        const at = random.below(path.length + 1);
        path = path.slice(0, at) + random.pick(['/', '..', '%00', '%2e%2e%2f', '%', '?', '&a=%ff', '#', '{', ' ', '\xff', 'a'.repeat(random.pick([1, 300, 3000]))]) + path.slice(at);
    }
    return path;
}
function hostileRequest(random, paths) {
    let text = `${random.pick(methods)} ${target(random, paths)} ${random.pick(versions)}${random.pick(ends)}`;
    for (let i = random.below(10); i > 0; i--) text += `${random.pick(names)}: ${random.chance(10) ? 'v'.repeat(random.below(9000)) : random.pick(values)}${random.pick(ends)}`;
    return Buffer.from(`${text}\r\n${random.pick(bodies)}`, 'latin1');
}
function plausibleRequest(random, paths, origin) {
    const body = random.pick(bodies);
    const headers = { 'Content-Type': random.pick(['application/json', 'application/x-www-form-urlencoded', 'text/plain']), Origin: random.pick([origin, origin, origin, 'null', 'http://evil.test']) };
    for (let i = random.below(4); i > 0; i--) headers[random.pick(names.slice(6, 17))] = random.pick(values.filter((v) => v >= ' '));
    return Buffer.from(request(random.pick(methods.slice(0, 6)), random.pick(paths), { headers, body }), 'latin1');
}
const mutateSome = (random, bytes) => random.chance(70) ? mutateBytes(random, bytes) : bytes;
function hostileFrame(random, messages) {
    const payload = random.chance(60) ? Buffer.from(random.pick(messages)) : random.bytes(random.pick([0, 1, 2, 124, 125, 126, 127, 128, 129, 130, 1000, 5000]));
    const bytes = frame(random.chance(70) ? random.pick([1, 1, 1, 0, 9, 10, 8, 2]) : random.below(16), payload, {
        final: random.chance(75), masked: random.chance(90), mask: [...random.bytes(4)],
        announce: random.chance(10) ? random.pick([0, 126, 65535, 65536, 1_000_000_000, 2 ** 48]) : undefined,
    });
    if (random.chance(5)) bytes[0] |= 1 << (4 + random.below(3));
    return random.chance(30) ? mutateBytes(random, bytes) : bytes;
}

// `paths`: request paths that lead somewhere; `sockets`: {path, origin, messages} of WebSocket routes, or none.
export async function hostileBytes(port, { seconds, seed, paths, sockets = [], width = 16, origin = 'http://shop.test' }) {
    const end = performance.now() + seconds * 1000;
    let connections = 0;
    async function attack(random) {
        const wire = await Wire.open(port).catch(() => null);
        if (!wire) return;
        wire.deaf = true; // nothing of what comes back is looked at
        connections++;
        const route = sockets.length && random.chance(50) ? random.pick(sockets) : null;
        if (route) {
            const shake = Buffer.from(upgradeRequest(route.path, { Origin: route.origin }));
            wire.send(random.chance(15) ? mutateBytes(random, shake) : shake);
            if (random.chance(90)) await waitFor('an answer', () => wire.total || wire.ended, { timeout: 500, every: 1 }).catch(() => {});
        }
        for (let i = 1 + random.below(8); i > 0 && !wire.ended; i--) {
            const bytes = route ? hostileFrame(random, route.messages) : random.chance(60) ? mutateSome(random, plausibleRequest(random, paths, origin)) : random.chance(80) ? hostileRequest(random, paths) : random.bytes(random.below(400));
            if (random.chance(20)) for (let at = 0; at < bytes.length; at += 7) wire.send(bytes.subarray(at, at + 7));
            else wire.send(bytes);
            if (random.chance(30)) await new Promise(setImmediate);
        }
        const before = wire.total;
        if (random.chance(70)) await waitFor('anything', () => wire.total > before || wire.ended, { timeout: 30, every: 3 }).catch(() => {});
        const how = random.below(4);
        if (how === 0) wire.socket.resetAndDestroy();
        else if (how === 1) { wire.socket.end(); setTimeout(() => wire.destroy(), 200).unref(); } else wire.destroy();
    }
    await Promise.all(Array.from({ length: width }, async (_, i) => { const random = generator(seed + i * 7919); while (performance.now() < end) await attack(random); }));
    return connections;
}

// A process and its workers.
function family(pid) {
    return [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).flatMap((child) => family(Number(child)))];
}
function openFiles(pid) {
    return family(pid).flatMap((one) => readdirSync(`/proc/${one}/fd`).map((fd) => { try { return readlinkSync(`/proc/${one}/fd/${fd}`); } catch { return 'gone'; } }));
}
async function ticksOf(pids, ms) {
    const sum = () => pids.reduce((n, pid) => n + cpuTicks(pid), 0), before = sum();
    await new Promise((done) => setTimeout(done, ms));
    return sum() - before;
}
// One process and its workers, before and afterwards: the same, alive, with no descriptor more, and with nothing to do.
export class Watched {
    // `kept`: connections of its own to others that it may keep open for a while, once it has needed them.
    constructor(name, pid, kept = 0) { Object.assign(this, { name, pid, kept }); }
    async before() {
        this.processes = family(this.pid());
        this.files = openFiles(this.pid()).length;
        this.ticks = await ticksOf(this.processes, 2000);
    }
    async lives(alive) {
        await waitFor(`${this.name} to be alive`, alive, { timeout: 10_000 });
        if (String(family(this.pid())) !== String(this.processes)) throw new Error(`${this.name}: processes ${this.processes} became ${family(this.pid())}`);
    }
    hasItsFiles() {
        return waitFor(`descriptors of ${this.name} back at ${this.files}`, () => { if (openFiles(this.pid()).length > this.files + this.kept) throw new Error(openFiles(this.pid()).join(' ')); return true; }, { timeout: 90_000, every: 500 });
    }
    // Ticks of 10 ms in 2 s; a daemon has timers of its own, and may have work to end.
    idles(most) {
        return waitFor(`${this.name} to be idle`, async () => { const ticks = await ticksOf(this.processes, 2000); if (ticks > this.ticks + most) throw new Error(`${ticks} ticks of 10 ms in 2 s, ${this.ticks} before`); return true; }, { timeout: 30_000 });
    }
}
export const seed = () => {
    const value = Number(process.env.WR_SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`# WR_SEED=${value}`);
    return value;
};
