// The server's time on devices whose clocks are wrong, over networks that are slow one way: within 200 ms of it. Compiled from the
// shipped TypeScript; time passes when a test lets it.
import { test, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'clock.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });

const barMs = 200, hour = 3_600_000, watched = 5000;
let clock, pages = 0, corrections;
let server, wall, monotonic; // the server's time; the device's two clocks
let timers, network;         // network: of each request the way there and the way back (ms), or null for silence
globalThis.setTimeout = (run, ms) => { const timer = { at: server + ms, run }; timers.push(timer); return timer; };
globalThis.clearTimeout = (timer) => { timers = timers.filter((t) => t !== timer); };
Object.defineProperty(globalThis, 'performance', { value: { now: () => monotonic } });
Date.now = () => wall;
globalThis.fetch = (_, { signal }) => new Promise((done, fail) => {
    const [there, back, status = 200] = network() ?? [];
    signal.addEventListener('abort', () => fail(signal.reason));
    if (there === undefined) return;
    setTimeout(() => {
        const said = JSON.stringify(status === 200 ? { now: server } : { type: '/problems/busy' });
        setTimeout(() => done(new Response(said, { status })), back);
    }, there);
});
const settled = () => new Promise((done) => setImmediate(done));
function step(ms) {
    server += ms;
    wall += ms;
    monotonic += ms;
}
async function pass(ms) {
    const until = server + ms;
    await settled();
    for (;;) {
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        step((due ? Math.max(due.at, server) : until) - server);
        if (!due) return;
        clearTimeout(due);
        due.run();
        await settled();
    }
}
const error = () => Math.abs(clock.serverNow() - server);
const holds = (what) => assert.ok(error() <= barMs, `${what}: ${clock.serverNow() - server} ms off`);
async function openPage(delays, deviceOff = 0) {
    network = typeof delays === 'function' ? delays : () => (delays.length > 1 ? delays.shift() : delays[0]);
    wall = server + deviceOff;
    clock = await import(`${pathToFileURL(join(out, 'clock.mjs'))}?page=${pages++}`);
    let ready = false;
    [corrections, timers] = [0, []]; // no other page is open
    void clock.synchronise(() => { corrections++; }).then(() => { ready = true; });
    while (!ready) await pass(10);
}
beforeEach(() => { [server, monotonic] = [1_900_000_000_000, 5000]; });

test('from the first answer on, the way there may take all of a round trip of 400 ms, or the way back', async () => {
    for (const deviceOff of [0, hour, -hour]) {
        for (const [there, back] of [[400, 0], [0, 400], [390, 10], [30, 310]]) {
            await openPage([[there, back]], deviceOff);
            holds(`${there} ms there, ${back} ms back`);
            await pass(watched);
            holds('later');
        }
    }
});
test('the answer with the shortest round trip counts', async () => {
    await openPage([[900, 50], [70, 30], [10, 700]], hour);
    assert.ok(error() > barMs, 'the first is all there is');
    await pass(watched);
    assert.ok(error() <= 20 + 1, `${error()} ms off`);
});
test('a clock that is set while the page is open is noticed, however little it was moved, and so is sleep', async () => {
    for (const by of [900, -900, 250, hour, -hour]) {
        await openPage([[40, 20]], -hour);
        await pass(watched);
        wall += by;
        await pass(watched);
        holds(`set by ${by} ms`);
        assert.equal(corrections, 1, 'and it is said');
    }
    await openPage([[40, 20]], -hour);
    const asleep = 10 * 60_000;
    [server, wall] = [server + asleep, wall + asleep + 800]; // the other clock stands still, and the network's time was taken on waking
    await pass(watched);
    holds('slept');
});
test('nothing is asked while neither clock was moved', async () => {
    let asked = 0;
    await openPage(() => { asked++; return [40, 20]; });
    await pass(hour);
    assert.equal(asked, 3);
});
test('a push that comes late does not set a clock that is right; one from ahead of it does, at once', async () => {
    await openPage([[40, 20]]);
    await pass(watched);
    clock.hint(server - 4000);
    holds('after a late push');
    wall -= hour;
    clock.hint(server - 150);
    holds('set back, and told');
});
test('a clock that ran ahead unnoticed asks anew as soon as a push seems too late', async () => {
    await openPage([[40, 20]]);
    await pass(watched);
    [wall, monotonic] = [wall + 80_000, monotonic + 80_000];
    clock.hint(server - 50);
    await pass(watched);
    holds('asked');
});
test('where the time cannot be asked for, the socket\'s counts, and it is asked for again, ever less often', async () => {
    let asked = 0;
    await openPage(() => { asked++; return asked < 30 ? null : [40, 20]; }, hour);
    clock.hint(server - 150);
    holds('told');
    await pass(60_000);
    assert.ok(asked < 12, `asked ${asked} times in a minute`);
    await pass(hour);
    holds('asked for in the end');
    assert.ok(error() <= 20, 'better than what was told');
});
test('a refusal tells no time', async () => {
    await openPage([[40, 20, 503], [40, 20]], -hour);
    await pass(watched);
    holds('the next answer counts');
});
