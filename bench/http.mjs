#!/usr/bin/env node
// What common/http costs the server, measured from outside: node bench/http.mjs [SOCKETS]
// The client is one node process on the same machine; the figures are the server's own processor time and memory.
import { cpus } from 'node:os';
import { Wire, cpuTicks, openSocket, request, rss, startHttpServer } from '../tests/lib/wire.mjs';

const count = Number(process.argv[2] ?? 10_000);
const server = await startHttpServer(['--ping-s', '60', '--silence-s', '600']);
const control = await Wire.open(server.port);
const get = async (path) => (await control.send(request('GET', path)).answer({ timeout: 60_000 })).json;
const cpu = async () => (await get('/cpu')).cpu_us;
const post = request('POST', '/json', { headers: { 'Content-Type': 'application/json', Cookie: `waitroom=${'x'.repeat(22)}`, 'User-Agent': 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36' }, body: '{"say":"hello"}' });

async function posts(wires, each) {
    const before = await cpu();
    await Promise.all(wires.map(async (wire) => {
        const step = () => new Promise((done) => { wire.socket.once('data', done); wire.send(post); });
        wire.deaf = true;
        for (let i = 0; i < each; i++) await step();
    }));
    return ((await cpu()) - before) / (wires.length * each);
}
const one = [await Wire.open(server.port)];
const many = await Promise.all(Array.from({ length: 50 }, () => Wire.open(server.port)));
await posts(one, 500);
console.log(`keep-alive POST with a JSON body, one connection: ${(await posts(one, 10_000)).toFixed(1)} us of server CPU`);
console.log(`keep-alive POST with a JSON body, 50 connections: ${(await posts(many, 1_000)).toFixed(1)} us of server CPU`);
for (const wire of [...one, ...many]) wire.destroy();

const memory = rss(server.pid), begun = await cpu(), sockets = [];
while (sockets.length < count) {
    const batch = Array.from({ length: 100 }, (_, i) => openSocket(server.port, '/rooms/a', {}, { localAddress: `127.0.0.${1 + ((sockets.length + i) % 50)}` }));
    sockets.push(...await Promise.all(batch));
}
console.log(`opening a WebSocket: ${(((await cpu()) - begun) / count).toFixed(1)} us of server CPU`);
console.log(`an idle WebSocket: ${((rss(server.pid) - memory) / count).toFixed(0)} bytes of server memory (${count} sockets)`);
for (const wire of sockets) wire.deaf = true;
const pushes = [];
for (let i = 0; i < 10; i++) { const { sent, cpu_us } = await get('/push'); pushes.push(cpu_us / sent); if (sent !== count) console.log(`only ${sent} taken`); }
pushes.sort((a, b) => a - b);
console.log(`a push of 60 bytes: ${pushes[5].toFixed(1)} us of server CPU a socket (median of 10 pushes to all; ${pushes[0].toFixed(1)} to ${pushes[9].toFixed(1)})`);
const idle = cpuTicks(server.pid);
await new Promise((done) => setTimeout(done, 5000));
console.log(`idle with ${count} sockets: ${cpuTicks(server.pid) - idle} ticks of 10 ms in 5 s`);
console.log(`machine: ${cpus().length} x ${cpus()[0].model}`);
for (const wire of sockets) wire.destroy();
await server.stop();
process.exit();
