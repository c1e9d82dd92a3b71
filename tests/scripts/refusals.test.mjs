// What is wrong is said in one sentence, and nothing is started or changed.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { call, run } from '../lib/scripts.mjs';
import { build, freePort, listens, root, stopAll, temporaryFolder } from '../lib/servers.mjs';

after(stopAll);
const isRoot = process.getuid() === 0;
const unshares = (...options) => spawnSync('unshare', [...options, 'true']).status === 0;

function isOneSentence(answer, pattern) {
    assert.equal(answer.code, 1, answer.err);
    assert.equal(answer.out, '');
    assert.match(answer.err, /^up: [^\n]+\n$/);
    assert.match(answer.err, pattern);
}
async function refuses(pattern, args, env = {}) {
    const base = env.WR_PORT_BASE ?? String(await freePort(10));
    isOneSentence(await run('up', args, { WR_RUN_DIR: join(temporaryFolder('refused'), 'run'), WR_BUILD_DIR: build, ...env, WR_PORT_BASE: base }), pattern);
    if (!env.WR_PORT_BASE) for (let port = Number(base); port < Number(base) + 10; port++) assert.equal(await listens(port), false, `nothing stays at ${port}`);
}

test('options that are none', async () => {
    await refuses(/unknown option --quick; see script\/up --help/, ['--quick']);
    await refuses(/--crowd needs a number of shoppers/, ['--crowd', 'many']);
    await refuses(/--crowd goes to the demo sale/, ['--crowd', '5', '--no-demo']);
    await refuses(/speaks plain http/, ['--crowd', '5'], { WR_PUBLIC_URL: 'https://shop.example' });
});

// Somebody who is not root, with a home and a checkout of their own, and with `programs` before all others on their PATH.
function somebody(programs = {}) {
    const home = temporaryFolder('home'), bin = join(home, 'bin'), up = join(home, 'checkout', 'script', 'up');
    cpSync(join(root, 'script'), join(home, 'checkout', 'script'), { recursive: true });
    mkdirSync(bin);
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    if (isRoot) chownSync(home, 65534, 65534);
    const as = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : ['env'];
    return { home, as: [...as, 'env', `HOME=${home}`, `PATH=${bin}:${process.env.PATH}`, `WR_RUN_DIR=${home}/run`], up };
}
const firstPort = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));

test('ports that are none', async () => {
    for (const base of ['many', '0', '080', '65527']) await refuses(new RegExp(`WR_PORT_BASE is the first of ten ports, a number from 1 to 65526, and not ${base}`), ['--detach'], { WR_PORT_BASE: base });
});

test('an address that is none, or not this machine\'s', async () => {
    for (const address of ['localhost', '::1', '1.2.3']) await refuses(/WR_LISTEN_ADDRESS is an IPv4 address of this machine, and not /, ['--detach'], { WR_LISTEN_ADDRESS: address });
    await refuses(/this machine has no address 192\.0\.2\.177, which WR_LISTEN_ADDRESS names/, ['--detach'], { WR_LISTEN_ADDRESS: '192.0.2.177' }); // RFC 5737: nobody's
});

test('ports that only root may use', { skip: firstPort <= 80 && 'everybody may here' }, async () => {
    const { as: [command, ...args], up } = somebody();
    isOneSentence(await call(command, [...args, up, '--detach'], { WR_PORT_BASE: '80' }), new RegExp(`only root may listen at port 80: choose ports from ${firstPort} on with WR_PORT_BASE`));
});

test('a port that is taken where shoppers would come', async () => {
    for (const [held, asked] of [['127.0.0.2', '127.0.0.2'], ['127.0.0.3', '0.0.0.0']]) {
        const base = await freePort(10), server = createServer().listen(base, held);
        await new Promise((done) => server.once('listening', done));
        await refuses(new RegExp(`port ${base} is taken; free it or choose`), ['--detach'], { WR_PORT_BASE: String(base), WR_LISTEN_ADDRESS: asked });
        server.close();
    }
});

test('a port that is taken', async () => {
    const base = await freePort(10), server = createServer().listen(base + 3, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const folder = join(temporaryFolder('refused'), 'run');
    await refuses(new RegExp(`port ${base + 3} is taken; free it or choose other ports with WR_PORT_BASE`), ['--detach', '--fresh'], { WR_PORT_BASE: String(base), WR_RUN_DIR: folder });
    assert.equal(existsSync(folder), false, 'it was seen before anything was made or forgotten');
    server.close();
});

test('a folder that cannot be written', async () => {
    await refuses(/\/proc\/waitroom cannot be written/, ['--detach'], { WR_RUN_DIR: '/proc/waitroom' });
    for (const name of ['one, two', 'back\\slash', '"']) await refuses(/no comma, double quote or backslash/, ['--detach'], { WR_RUN_DIR: join(temporaryFolder('refused'), name) });
    const folder = join(temporaryFolder('refused'), 'run');
    mkdirSync(folder);
    if (isRoot) {
        chownSync(folder, 65534, 65534);
        await refuses(/run belongs to nobody: run this as that user/, ['--detach'], { WR_RUN_DIR: folder });
    } else {
        chmodSync(folder, 0o555);
        await refuses(/run cannot be written/, ['--detach'], { WR_RUN_DIR: folder });
    }
});

test('a folder that holds something else is not emptied', async () => {
    const folder = temporaryFolder('home'), letter = join(folder, 'letter');
    writeFileSync(letter, 'dear');
    for (const args of [['--detach', '--fresh'], ['--detach']]) await refuses(/holds what is not ours/, args, { WR_RUN_DIR: folder });
    assert.ok(existsSync(letter));
});

test('a Kafka that is not there', async () => {
    await refuses(/KAFKA_HOME has no folder libs/, ['--detach', '--services'], { KAFKA_HOME: temporaryFolder('home') });
    await refuses(/the Kafka broker at 127\.0\.0\.1:1 does not answer/, ['--detach', '--services'], { KAFKA_BOOTSTRAP: '127.0.0.1:1' });
});

test('no network', { skip: !unshares('-rn') && 'needs a network namespace' }, async () => {
    const home = temporaryFolder('home'), env = { WR_RUN_DIR: join(home, 'run'), WR_BUILD_DIR: build, XDG_CACHE_HOME: join(home, 'cache'), MAVEN_OPTS: `-Dmaven.repo.local=${home}/m2` };
    const answer = await call('unshare', ['-rn', join(root, 'script', 'up'), '--install-only'], env);
    assert.match(answer.err, /^fetching Apache Kafka [^\n]+\nup: Maven could not fetch Kafka \(no network\?\): see [^\n]+\n$/);
    assert.equal(answer.code, 1);
});

test('no npm registry', { skip: !unshares('-rn') && 'needs a network namespace' }, async () => {
    const home = temporaryFolder('home'), checkout = join(home, 'checkout');
    mkdirSync(checkout);
    for (const name of readdirSync(root)) if (!/^(\.|build|web$)/.test(name)) symlinkSync(join(root, name), join(checkout, name));
    rmSync(join(checkout, 'script'));
    cpSync(join(root, 'script'), join(checkout, 'script'), { recursive: true });
    cpSync(join(root, 'web'), join(checkout, 'web'), { recursive: true, filter: (from) => !/web\/(node_modules|dist)/.test(from) });
    const env = { WR_RUN_DIR: join(home, 'run'), WR_BUILD_DIR: build, npm_config_cache: join(home, 'npm'), npm_config_fetch_retries: '0' };
    const answer = await call('unshare', ['-rn', join(checkout, 'script', 'up'), '--install-only'], env);
    isOneSentence(answer, /npm could not install what .*\/web needs: see .*npm\.log/);
});

// A Debian that lacks a package and has an apt that fails; nothing real is asked for anything.
const lacksKcat = 'case "$*" in *kcat*) exit 1 ;; *) printf "ii " ;; esac';
test('an apt that fails, and what was done for it is taken back', { skip: !unshares('-r') && 'needs a user namespace' }, async () => {
    const policy = ['/usr/sbin/policy-rc.d', '/etc/postgresql-common/createcluster.conf'].map((file) => [file, existsSync(file) && readFileSync(file, 'utf8')]);
    for (const [apt, sentence] of [['exit 100', /the package lists cannot be read \(no network\?\): see [^\n]+apt\.log/], ['[ "$1" = update ]', /apt could not install kcat ?: see [^\n]+apt\.log/]]) {
        const home = temporaryFolder('home'), bin = join(home, 'bin');
        mkdirSync(bin);
        for (const [name, text] of [['apt-get', apt], ['dpkg-query', lacksKcat]]) writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
        const { code, out, err } = await call('unshare', ['-r', join(root, 'script', 'up'), '--install-only'], { WR_RUN_DIR: join(home, 'run'), WR_BUILD_DIR: build, PATH: `${bin}:${process.env.PATH}` });
        assert.deepEqual([code, out], [1, '']);
        assert.match(err, new RegExp(`^installing: kcat \nup: ${sentence.source}\n$`));
    }
    for (const [file, was] of policy) assert.equal(existsSync(file) && readFileSync(file, 'utf8'), was, file);
});

// The same as somebody who is not root, with a sudo that writes down what it is asked for and does of it only what our apt does.
async function asksSudo(answers, { terminal = false } = {}) {
    const asked = 'echo "$*" >>"$HOME/asked"', does = 'case "$*" in *apt-get*) exec "$@" ;; tee*) cat >/dev/null ;; esac';
    const { home, as: [command, ...args], up } = somebody({ 'dpkg-query': lacksKcat, 'apt-get': '[ "$1" = update ]', ...(answers && { sudo: `${asked}\n${answers}\n${does}` }) });
    if (!answers) { // wherever the real one lies
        for (const folder of ['/usr/sbin', '/usr/bin']) for (const name of readdirSync(folder)) if (name !== 'sudo' && !existsSync(join(home, 'bin', name))) symlinkSync(join(folder, name), join(home, 'bin', name));
        args[args.findIndex((arg) => arg.startsWith('PATH='))] = `PATH=${home}/bin`;
    }
    const line = [command, ...args, up, '--install-only'].map((word) => `'${word}'`).join(' ');
    const answer = await (terminal ? call('script', ['-qefc', `exec ${line}`, '/dev/null'], { SHELL: '/bin/bash' }) : call('setsid', ['--wait', command, ...args, up, '--install-only'], {}));
    return { ...answer, said: answer.err + answer.out.replaceAll('\r', ''), asked: answers ? readFileSync(join(home, 'asked'), 'utf8').split('\n').slice(0, -1) : [] };
}

test('no sudo, one that wants a password where nobody can type, and one that refuses', async () => {
    const password = 'case "$1" in -n) exit 1 ;; esac';
    for (const [sudo, options, sentence] of [
        [null, {}, 'sudo is not here: ask somebody who is root to install kcat '],
        [password, {}, 'sudo wants a password, and nobody can type one here: ask somebody who is root to install kcat '],
        ['exit 1', { terminal: true }, 'sudo refused: ask somebody who is root to install kcat '],
    ]) {
        const { code, said, asked } = await asksSudo(sudo, options);
        assert.deepEqual([code, said], [1, `up: ${sentence}\n`]);
        assert.deepEqual(asked.filter((command) => !/^(-n )?true$/.test(command)), [], 'nothing was asked of sudo but whether it works');
    }
});

test('a sudo that works, at once or after a password, is what apt runs with', async () => {
    for (const [sudo, options, first] of [[':', {}, ['-n true']], ['case "$1" in -n) exit 1 ;; esac', { terminal: true }, ['-n true', 'true']]]) {
        const { code, said, asked } = await asksSudo(sudo, options);
        assert.equal(code, 1);
        assert.match(said, /^installing: kcat \nup: apt could not install kcat ?: see [^\n]+apt\.log\n$/);
        assert.deepEqual(asked.slice(0, first.length + 1), [...first, 'apt-get update -qq']);
        assert.ok(asked.some((command) => /^env DEBIAN_FRONTEND=noninteractive apt-get install .* kcat$/.test(command)), asked.join('\n'));
    }
});

test('no disk, wherever something is to be written', { skip: !unshares('-rm') && 'needs a mount namespace' }, async () => {
    const full = 'mount -t tmpfs -o size=20m small "$1" && [ "$3" = "$2" ] || cp -r "$2/script" "$1"; exec "$3/script/up" --detach';
    for (const [what, environment] of [
        ['the checkout', () => ({})],
        ['the data', (small) => ({ WR_RUN_DIR: join(small, 'data', 'of', 'a', 'run') })],
        ['the build', (small) => ({ WR_RUN_DIR: temporaryFolder('run'), WR_BUILD_DIR: join(small, 'build') })],
        ['the cache', (small) => ({ WR_RUN_DIR: temporaryFolder('run'), XDG_CACHE_HOME: small })],
    ]) {
        const folder = temporaryFolder('small'), env = { WR_BUILD_DIR: build, WR_PORT_BASE: String(await freePort(10)), ...environment(folder) }, from = what === 'the checkout' ? folder : root;
        isOneSentence(await call('unshare', ['-rm', 'bash', '-c', full, 'bash', folder, root, from], env), new RegExp(`the disk has less than 1 GB left at ${folder}`));
    }
});
// PostgreSQL refuses to run as root; where its user cannot reach the data, they lie below /var/lib.
test('no disk where PostgreSQL keeps its data instead', { skip: (!isRoot || !unshares('-m')) && 'needs root and a mount namespace' }, async () => {
    const home = temporaryFolder('home');
    chmodSync(home, 0o700);
    const full = 'mount -t tmpfs -o size=20m small /var/lib/waitroom && exec "$1/script/up" --detach';
    const made = mkdirSync('/var/lib/waitroom', { recursive: true });
    try {
        isOneSentence(await call('unshare', ['-m', 'bash', '-c', full, 'bash', root], { WR_BUILD_DIR: build, WR_PORT_BASE: String(await freePort(10)), WR_RUN_DIR: join(home, 'run') }), /the disk has less than 1 GB left at \/var\/lib\/waitroom\//);
    } finally { if (made) rmdirSync(made); }
});
