// nginx as script/up starts it, before daemons that a test names: `const proxy = await startProxy({ WAITROOMD: daemon.port })`.
// A daemon that is not named is one that went away.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, freePort, listens, root, temporaryFolder } from './servers.mjs';

export async function startProxy(ports) {
    const folder = temporaryFolder('nginx'), port = await freePort(), nobody = await freePort();
    for (const name of ['nginx', 'logs']) mkdirSync(join(folder, name));
    const values = { RUN: folder, FILES: 4096, CONNECTIONS: 2000, USER: process.getuid() === 0 ? 'user root;' : '', LISTEN: '127.0.0.1', LISTEN_TOO: '',
        PUBLIC: port, WAITROOMD: nobody, ADMISSIOND: nobody, CHECKOUTD: nobody, FULFILLMENTD: nobody, SANDBOXD: nobody, ...ports };
    const settings = join(folder, 'nginx.conf');
    const value = (_, name) => { assert.ok(name in values, `nginx.conf.in asks for ${name}`); return values[name]; };
    writeFileSync(settings, readFileSync(join(root, 'deploy/nginx/nginx.conf.in'), 'utf8').replace(/@([A-Z_]+)@/g, value));
    const program = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync), args = ['-p', folder, '-c', settings, '-e', join(folder, 'logs', 'nginx.log')];
    execFileSync(program, ['-t', '-q', ...args], { stdio: 'pipe' });
    const server = new Server('nginx', program, args, { folder, serves: () => listens(port) });
    await server.start();
    return Object.assign(server, { port, url: `http://127.0.0.1:${port}` });
}
