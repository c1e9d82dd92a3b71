// Bytes on a socket, HTTP answers and WebSocket frames as they are: for tests of what no well-behaved client would send.
import net from 'node:net';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assertNoReport, build } from './servers.mjs';
import { waitFor } from './wait.mjs';

export class Wire {
    static async open(port, { host = '127.0.0.1', localAddress } = {}) {
        const wire = new Wire();
        wire.socket = net.connect({ port, host, localAddress });
        wire.bytes = Buffer.alloc(0);
        wire.total = 0;
        wire.ended = false;
        wire.socket.on('data', (chunk) => { wire.total += chunk.length; if (!wire.deaf) wire.bytes = Buffer.concat([wire.bytes, chunk]); });
        wire.socket.on('end', () => { wire.ended = true; });
        wire.socket.on('close', () => { wire.ended = true; });
        wire.socket.on('error', (error) => { wire.error = error; });
        await new Promise((done, failed) => { wire.socket.once('connect', done); wire.socket.once('error', failed); });
        return wire;
    }
    send(bytes) { if (!this.socket.destroyed) this.socket.write(bytes); return this; }
    closed(timeout = 10_000) { return waitFor('the server to close', () => this.ended, { timeout, every: 5 }); }
    destroy() { this.socket.destroy(); }
    // One answer: status, headers (lower case), body text. `head`: it answers HEAD, so no body follows.
    async answer({ head = false, timeout = 5000 } = {}) {
        return waitFor('an answer', () => {
            const end = this.bytes.indexOf('\r\n\r\n');
            if (end < 0) { if (this.ended) throw new Error('closed without an answer'); return null; }
            const [first, ...lines] = this.bytes.subarray(0, end).toString().split('\r\n');
            const headers = {};
            for (const line of lines) { const at = line.indexOf(':'); const name = line.slice(0, at).toLowerCase(); headers[name] = name in headers ? `${headers[name]}, ${line.slice(at + 1).trim()}` : line.slice(at + 1).trim(); }
            const length = head ? 0 : Number(headers['content-length'] ?? 0);
            if (this.bytes.length < end + 4 + length) return null;
            const body = this.bytes.subarray(end + 4, end + 4 + length).toString();
            this.bytes = this.bytes.subarray(end + 4 + length);
            const status = Number(first.split(' ')[1]);
            return { status, headers, body, json: /json/.test(headers['content-type'] ?? '') && body ? JSON.parse(body) : null };
        }, { timeout, every: 2 });
    }
    // One frame from the server: opcode, final, payload.
    async frame(timeout = 5000) {
        return waitFor('a frame', () => {
            const b = this.bytes;
            if (b.length < 2) { if (this.ended) throw new Error('closed without a frame'); return null; }
            let length = b[1] & 127, at = 2;
            if (length === 126) { if (b.length < 4) return null; length = b.readUInt16BE(2); at = 4; }
            else if (length === 127) { if (b.length < 10) return null; length = Number(b.readBigUInt64BE(2)); at = 10; }
            if (b.length < at + length) return null;
            this.bytes = b.subarray(at + length);
            return { opcode: b[0] & 15, final: b[0] > 127, payload: Buffer.from(b.subarray(at, at + length)), text: b.subarray(at, at + length).toString() };
        }, { timeout, every: 2 });
    }
    async closeCode(timeout) {
        for (;;) {
            const frame = await this.frame(timeout);
            if (frame.opcode === 8) return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0);
        }
    }
}

export const key = 'dGhlIHNhbXBsZSBub25jZQ==';
export function request(method, path, { headers = {}, body = '', host = 'shop.test' } = {}) {
    const all = { Host: host, ...headers };
    if (body && !('Content-Length' in all)) all['Content-Length'] = Buffer.byteLength(body);
    return `${method} ${path} HTTP/1.1\r\n${Object.entries(all).filter(([, v]) => v !== null).map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n${body}`;
}
export function upgradeRequest(path, headers = {}, method = 'GET') {
    return request(method, path, { headers: {
        Origin: 'http://shop.test', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13,
        'Sec-WebSocket-Key': key, 'Sec-WebSocket-Protocol': 'waitroom.v1', ...headers,
    } });
}
export async function openSocket(port, path, headers, options) {
    const wire = await Wire.open(port, options);
    const { status } = await wire.send(upgradeRequest(path, headers)).answer();
    if (status !== 101) throw new Error(`upgrade answered ${status}`);
    return wire;
}
// A client's frame; `announce` writes another length than the payload has.
export function frame(opcode, payload = '', { final = true, masked = true, announce, mask = [1, 2, 3, 4] } = {}) {
    const data = Buffer.from(payload), length = announce ?? data.length;
    const head = [(final ? 128 : 0) | opcode];
    const bit = masked ? 128 : 0;
    if (length < 126) head.push(bit | length);
    else if (length < 65536) head.push(bit | 126, length >> 8, length & 255);
    else { const long = Buffer.alloc(8); long.writeBigUInt64BE(BigInt(length)); head.push(bit | 127, ...long); }
    if (masked) head.push(...mask);
    return Buffer.concat([Buffer.from(head), masked ? data.map((b, i) => b ^ mask[i & 3]) : data]);
}

// ---- what a process looks like from outside ----
export const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
export const rss = (pid) => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]);
export function cpuTicks(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
}
// Ticks (10 ms) of processor time in `ms`: a process with nothing to do uses about none.
export async function ticksOver(pid, ms = 2000) {
    const before = cpuTicks(pid);
    await new Promise((done) => setTimeout(done, ms));
    return cpuTicks(pid) - before;
}
// The server of tests/unit/common/http_server_main.c; `limit` is its number of descriptors.
export async function startHttpServer(args = [], { limit } = {}) {
    const program = join(build, 'bin', 'http_test_server');
    const child = limit ? spawn('bash', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, program, ...args]) : spawn(program, args);
    const server = { pid: child.pid, log: '', exit: null };
    child.stderr.on('data', (chunk) => { server.log += chunk; });
    server.ended = new Promise((done) => child.once('exit', (code, signal) => done(server.exit = { code, signal })));
    let said = '';
    child.stdout.on('data', (chunk) => { said += chunk; });
    server.port = await waitFor('the test server', () => { if (server.exit) throw new Error(server.log); return said.includes('\n') && Number(said); });
    server.stop = async () => {
        child.kill('SIGTERM');
        await server.ended;
        assertNoReport('the test server', server.log);
        return server.exit;
    };
    return server;
}
