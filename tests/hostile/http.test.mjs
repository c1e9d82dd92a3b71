// Hostile bytes against common/http alone; tests/hostile/daemons.test.mjs does the same at every daemon's port.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Wire, request, startHttpServer } from '../lib/wire.mjs';
import { Watched, hostileBytes, seed } from '../lib/hostile.mjs';

test('hostile bytes neither stop the server, nor cost descriptors, nor keep it busy', async () => {
    const server = await startHttpServer(['--header-ms', '1000', '--body-ms', '1000', '--ping-s', '2', '--silence-s', '5']);
    const alive = async () => {
        const wire = await Wire.open(server.port);
        const { status } = await wire.send(request('GET', '/hello')).answer({ timeout: 2000 });
        wire.destroy();
        return status === 200;
    };
    const watched = new Watched('the server', () => server.pid);
    await watched.before();
    const seconds = Number(process.env.WR_HOSTILE_SECONDS ?? 30), connections = await hostileBytes(server.port, {
        seed: seed(), seconds,
        paths: ['/hello', '/echo/a', '/json', '/any', '/guarded', '/later?ms=5', '/later?ms=50', '/big', '/files/a/b', '/rooms/a', '/nothing'],
        sockets: [{ path: '/rooms/a', origin: 'http://shop.test', messages: ['hello', 'close', 'flood', '{"type":"join"}', 'grün', 'y'.repeat(4096)] }],
    });
    await watched.lives(alive);
    await watched.hasItsFiles();
    await watched.idles(4);
    console.log(`# ${connections} connections`);
    assert.ok(connections > 50 * seconds, `${connections} connections in ${seconds} s`);
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log);
});
