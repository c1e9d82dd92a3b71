// When a socket that says nothing is given up. Compiled from the shipped TypeScript; the time is made here.
import { test, beforeEach, mock } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'silence.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { Silence } = await import(pathToFileURL(join(out, 'silence.mjs')));

let silence, given;
globalThis.window = globalThis;
beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    given = 0;
    silence = new Silence(() => given++);
    silence.heard();
});
const pass = (s) => mock.timers.tick(s * 1000);
const sleep = (s) => mock.timers.setTime(Date.now() + s * 1000); // the clock goes on, timers do not

test('a server that says something every 40 s is never given up', () => {
    for (let i = 0; i < 10; i++) { pass(40); silence.heard(); }
    assert.equal(given, 0);
});
test('after a minute without a word the socket is given up, once', () => {
    pass(61);
    assert.equal(given, 0);
    pass(2);
    assert.equal(given, 1);
    pass(600);
    assert.equal(given, 1);
});
test('a socket that was closed is not waited for', () => {
    silence.stop();
    pass(600);
    assert.equal(given, 0);
});
test('a device that wakes up gives the socket up at once, unless something came while it slept', () => {
    sleep(30);
    silence.look();
    pass(3);
    assert.equal(given, 0, 'half a minute is no silence');
    sleep(3600);
    silence.look();
    pass(1);
    silence.heard();
    pass(50);
    assert.equal(given, 0);
    sleep(3600);
    silence.look();
    pass(2);
    assert.equal(given, 1);
});
