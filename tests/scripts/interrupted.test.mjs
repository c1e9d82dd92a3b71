// script/up that is left before it is ready: all that it started ends, and nothing false is said.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { below, clean, gone, isUp } from '../lib/scripts.mjs';
import { freePort, root, stopAll, temporaryFolder } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

let up;
after(async () => {
    up?.kill();
    await stopAll();
});
const home = temporaryFolder('interrupted'), data = join(home, 'run');

// Maven and ninja answer a signal with a status of their own, at which a script would say that they failed.
const slow = (status) => `#!/usr/bin/env node
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(${status}));
setInterval(() => {}, 1000);
require('fs').writeFileSync(process.argv[1] + '.runs', '');
`;

// `programs` come before all others. script(1) gives it a terminal, and the shell in it stays: what is forgotten ends with no terminal.
const shell = 'trap : INT; "$0" "$@"; echo "status $?"; read line';
async function start(options, programs) {
    const bin = mkdtempSync(join(home, 'bin-'));
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), text, { mode: 0o755 });
    const build = join(home, 'build'); // made by CMake already, as far as anybody looks
    mkdirSync(build, { recursive: true });
    writeFileSync(join(build, 'build.ninja'), '');
    const env = clean({ SHELL: '/bin/bash', PATH: `${bin}:${process.env.PATH}`, WR_RUN_DIR: data, WR_BUILD_DIR: build, WR_PORT_BASE: String(await freePort(10)),
        ...(programs.mvn && { XDG_CACHE_HOME: join(home, 'cache') }) });
    up = spawn('script', ['-qefc', `exec bash -c '${shell}' ${join(root, 'script', 'up')} ${options}`, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    Object.assign(up, { bin, shown: '' });
    up.stdout.on('data', (text) => { up.shown += text; });
}
const ours = () => below(below(up.pid).find((p) => p.command.startsWith('bash') && !p.command.includes(shell)).pid);
async function isPreparing() {
    await start('--detach', { mvn: slow(130), ninja: slow(2) });
    await waitFor('both to run', () => ['mvn', 'ninja'].every((name) => existsSync(join(up.bin, `${name}.runs`))), { timeout: 30_000 });
    return ours();
}
async function ends(status, all) {
    await waitFor('it to end', () => up.shown.includes('status '), { timeout: 30_000 });
    assert.match(up.shown, new RegExp(`status ${status}\r\n$`));
    await gone('everything', all, 3000);
    up.stdin.write('\n');
    await once(up, 'exit');
}
async function isLeft(all) {
    await ends(130, all);
    assert.doesNotMatch(up.shown, /up: |ended with|ready/);
    assert.equal(isUp(data), false);
}

for (const [how, stop] of [['Ctrl-C', () => up.stdin.write('\x03')], ['SIGTERM to it alone', ([{ pid }]) => process.kill(pid)]]) {
    test(`${how} while it fetches and builds`, async () => {
        const all = await isPreparing();
        stop(all);
        await isLeft(all);
    });
}

test('what is built ends when what is fetched cannot be had', async () => {
    const all = await isPreparing();
    process.kill(all.find((p) => p.command.includes('/mvn')).pid);
    await ends(1, all);
    assert.match(up.shown, /^fetching [^\n]+\nup: Maven could not fetch Kafka [^\n]+\nstatus 1\r\n/);
});

for (const options of ['--services', '--services --detach']) {
    test(`Ctrl-C while ${options} starts`, async () => {
        await start(options, { kcat: '#!/bin/sh\nexit 1\n' });
        const all = await waitFor('the broker', () => ours().some((p) => p.command.includes('kafka.Kafka')) && ours(), { timeout: 60_000 });
        up.stdin.write('\x03');
        await isLeft(all);
        assert.equal(existsSync(join(data, 'ready')), false);
    });
}
