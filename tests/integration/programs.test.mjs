// What each shipped program says of itself: --version names every library it is linked with, --help every option of its table.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, root } from '../lib/servers.mjs';

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
