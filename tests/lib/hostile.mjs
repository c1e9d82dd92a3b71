// Hostile bytes for any of our ports: broken and half-right HTTP, handshakes and frames, from a seeded generator, so that a
// run can be repeated. What a port must be afterwards: alive, without a descriptor too many, idle.
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { Wire, cpuTicks, frame, request, upgradeRequest } from './wire.mjs';
import { waitFor } from './wait.mjs';

// xorshift32: small, seeded, the same everywhere.
export function generator(seed) {
    let x = seed >>> 0 || 1;
    const next = () => { x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0; return x; };
    const below = (n) => next() % n;
    return { below, chance: (percent) => below(100) < percent, pick: (list) => list[below(list.length)], bytes: (n) => Buffer.from(Array.from({ length: n }, () => below(256))) };
}

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
function plausibleRequest(random, paths) {
    const body = random.pick(bodies);
    const headers = { 'Content-Type': random.pick(['application/json', 'application/x-www-form-urlencoded', 'text/plain']), Origin: random.pick(['http://shop.test', 'null', 'http://evil.test']) };
    for (let i = random.below(4); i > 0; i--) headers[random.pick(names.slice(6, 17))] = random.pick(values.filter((v) => v >= ' '));
    return Buffer.from(request(random.pick(methods.slice(0, 6)), random.pick(paths), { headers, body }), 'latin1');
}
// Flips, cuts, repeats and inserts.
function mutate(random, bytes) {
    let out = Buffer.from(bytes);
    for (let i = random.below(4); i > 0 && out.length; i--) {
        const at = random.below(out.length);
        const how = random.below(4);
        if (how === 0) out[at] ^= 1 << random.below(8);
        else if (how === 1) out = out.subarray(0, at);
        else if (how === 2) out = Buffer.concat([out.subarray(0, at), random.bytes(random.below(20)), out.subarray(at)]);
        else out = Buffer.concat([out, out.subarray(at)]);
    }
    return out;
}
function hostileFrame(random, messages) {
    const payload = random.chance(60) ? Buffer.from(random.pick(messages)) : random.bytes(random.pick([0, 1, 2, 124, 125, 126, 127, 128, 129, 130, 1000, 5000]));
    const bytes = frame(random.chance(70) ? random.pick([1, 1, 1, 0, 9, 10, 8, 2]) : random.below(16), payload, {
        final: random.chance(75), masked: random.chance(90), mask: [...random.bytes(4)],
        announce: random.chance(10) ? random.pick([0, 126, 65535, 65536, 1_000_000_000, 2 ** 48]) : undefined,
    });
    if (random.chance(5)) bytes[0] |= 1 << (4 + random.below(3));
    return random.chance(30) ? mutate(random, bytes) : bytes;
}

// `paths`: request paths that lead somewhere; `sockets`: {path, origin, messages} of WebSocket routes, or none.
export async function hostileBytes(port, { seconds, seed, paths, sockets = [], width = 16 }) {
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
            wire.send(random.chance(15) ? mutate(random, shake) : shake);
            if (random.chance(90)) await waitFor('an answer', () => wire.total || wire.ended, { timeout: 500, every: 1 }).catch(() => {});
        }
        for (let i = 1 + random.below(8); i > 0 && !wire.ended; i--) {
            const bytes = route ? hostileFrame(random, route.messages) : random.chance(60) ? mutate(random, plausibleRequest(random, paths)) : random.chance(80) ? hostileRequest(random, paths) : random.bytes(random.below(400));
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
// The whole check for one process and its workers. `alive` is asked afterwards and must hold; nobody may have died; the
// descriptors must come back to what they were; `ticks` (10 ms each, over 2 s) is what it does with nothing to do, `before`
// what that was at the start: a daemon has timers of its own.
export async function survives(pid, port, { seed = Number(process.env.WR_SEED ?? Math.floor(Math.random() * 2 ** 31)), ...options }, alive) {
    console.log(`# hostile bytes at port ${port}: WR_SEED=${seed}`);
    const processes = family(pid), files = openFiles(pid).length, before = await ticksOf(processes, 2000);
    const connections = await hostileBytes(port, { seconds: 60, ...options, seed });
    await waitFor('it to be alive', alive, { timeout: 10_000 });
    if (String(family(pid)) !== String(processes)) throw new Error(`processes ${processes} became ${family(pid)}`);
    await waitFor(`descriptors back at ${files}`, () => { if (openFiles(pid).length > files) throw new Error(openFiles(pid).join(' ')); return true; }, { timeout: 90_000, every: 500 });
    return { connections, seed, before, ticks: await ticksOf(processes, 2000) };
}
