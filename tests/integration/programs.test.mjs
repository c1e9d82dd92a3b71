// What each shipped program says of itself: --version names every library it is linked with, --help every option of its table. What it does not
// say: the database's password.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, root, stopAll, temporaryFolder } from '../lib/servers.mjs';

after(stopAll);
const programs = { waitroomd: 'waitroom', admissiond: 'admission', checkoutd: 'checkout', fulfillmentd: 'fulfillment', sandboxd: 'sandbox' };
// How a library is linked, how --version calls it, and what pkg-config calls it.
const libraries = [
    ['libuv.so', 'libuv', 'libuv'], ['libwebsockets.so', 'libwebsockets', 'libwebsockets'], ['libhiredis.so', 'hiredis', 'hiredis'], ['librdkafka.so', 'librdkafka', 'rdkafka'],
    ['libpq.so', 'libpq', 'libpq'], ['libjansson.so', 'jansson', 'jansson'], ['libcurl.so', 'libcurl', 'libcurl'], ['libcrypto.so', 'OpenSSL', 'libcrypto'],
];
const ofTheSystem = /^(libc|libm|libdl|libpthread|libgcc_s|libasan|libubsan|libstdc\+\+|ld-linux[\w-]*)\.so/; // of the C compiler and its sanitizers
const run = (command, ...args) => execFileSync(command, args).toString();
const said = (name, option) => run(join(build, 'bin', name), option);
const source = (...path) => readFileSync(join(root, ...path), 'utf8');
const shared = new Map([...source('common', 'shared_options.h').matchAll(/#define (WR_OPT_\w+)\(s\)[^"]*"(--[\w-]+)",\s*"(\w+)"/g)].map(([, row, flag, variable]) => [row, `${flag} (${variable})`]));
const sharedFlags = (text) => [...text.matchAll(/^ +(WR_OPT_\w+)\(S\),$/gm)].map(([, row]) => shared.get(row) ?? assert.fail(`${row} is not in shared_options.h`));
const flags = (text) => [...text.matchAll(/^ +\w+\([^"\n]*"(--[\w-]+)",\s*"(\w+)"/gm)].map(([, flag, variable]) => `${flag} (${variable})`);

for (const [name, folder] of Object.entries(programs)) describe(name, () => {
    test('names in --version the libraries it is linked with, all of them and no others, as they are installed', () => {
        const linked = [...run('readelf', '-d', join(build, 'bin', name)).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, library]) => library).filter((library) => !ofTheSystem.test(library));
        const known = linked.map((library) => libraries.find(([file]) => library.startsWith(file)) ?? assert.fail(`${library} is not in the table of this test`));
        const [first, ...lines] = said(name, '--version').trimEnd().split('\n');
        assert.match(first, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`));
        assert.deepEqual(lines.map((line) => line.match(/^ {2}(\S+) \d/)[1]).sort(), known.map(([, called]) => called).sort());
        for (const [, called, packaged] of known) {
            const version = run('pkg-config', '--modversion', packaged).match(/^[\d.]+/)[0];
            assert.ok(lines.some((line) => line === `  ${called} ${version}` || line.startsWith(`  ${called} ${version} `)), `${called} ${version} in ${lines}`);
        }
    });
    test('lists in --help every option of its table and of the service, once', () => {
        const common = source('common', 'options.c'), main = source(folder, 'main.c');
        const expected = [...sharedFlags(main), ...flags(main), ...flags(common).filter((flag) => !flag.startsWith('--workers') || /\.preforks = true/.test(main))];
        assert.ok(expected.length >= 8, `${expected}`);
        const listed = [...said(name, '--help').matchAll(/^ {2}(--[\w-]+ \(\w+\))\n {6}\S/gm)].map(([, option]) => option);
        assert.deepEqual(listed.sort(), expected.sort());
    });
});

describe('the password of the database is not told', () => {
    const folder = temporaryFolder('passwords'), key = join(folder, 'key');
    writeFileSync(key, 'k'.repeat(32));
    run(join(build, 'bin', 'admissiond'), 'keys', 'stage', '--token-keys', folder);
    const env = { WR_LISTEN: '127.0.0.1:0', WR_TOKEN_KEYS: folder, WR_MERCHANT_KEY_FILE: key, WR_PAYMENT_KEY_FILE: key, WR_WEBHOOK_SECRET_FILE: key };
    const urls = { 'where no server is': 'u:s3cret@127.0.0.1:9/x', 'that libpq quotes as a whole': 'u:s3cret@[::1/x', 'whose password libpq quotes': 'u:s3cret%zz@127.0.0.1:9/x' };
    const complaint = /PostgreSQL|the database URL is not usable/;
    for (const [what, url] of Object.entries(urls)) for (const [command, says] of [['fulfillmentd replay 1', complaint], ['admissiond', complaint], ['sandboxd', complaint], ['admissiond --help', /--database/]]) {
        if (!command.includes(' ') && url === urls['where no server is']) continue; // these wait for it, and log what the command logs
        test(`by ${command}, given a URL ${what}`, () => {
            const [name, ...args] = command.split(' ');
            const { status, stdout, stderr } = spawnSync(join(build, 'bin', name), args, { env: { ...env, WR_DATABASE_URL: `postgresql://${url}` }, encoding: 'utf8', timeout: 10_000 });
            assert.match(stdout + stderr, says);
            assert.doesNotMatch(stdout + stderr, /s3cret/);
            assert.equal(status, args[0] === '--help' ? 0 : 1);
        });
    }
});
