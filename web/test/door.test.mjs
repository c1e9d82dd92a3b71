// What comes before the line, in browsers that give no locks and no storage. Compiled from the shipped TypeScript.
import { test, beforeEach, mock } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'door.ts'), join(source, 'storage.ts')], outdir: out, bundle: true, splitting: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { loadSale, lock, openSession } = await import(pathToFileURL(join(out, 'door.mjs')));
const { keep, read } = await import(pathToFileURL(join(out, 'storage.mjs')));

const refusal = () => new DOMException('storage is refused', 'SecurityError');
const none = { get getItem() { throw refusal(); }, get setItem() { throw refusal(); } };
const full = { getItem: () => JSON.stringify({ place: 1 }), setItem() { throw new DOMException('it is full', 'QuotaExceededError'); } };
const browserWith = (locks, storage = none) => {
    Object.defineProperty(globalThis, 'navigator', { value: { locks, cookieEnabled: false }, configurable: true });
    globalThis.localStorage = storage;
};
mock.timers.enable({ apis: ['setTimeout'] });
let sale, made = 0;
beforeEach(() => { sale = `shoes-${++made}`; });

for (const [what, locks] of [
    ['refuses locks', { request: async () => { throw refusal(); } }], ['throws when asked for one', { request() { throw refusal(); } }], ['has none', undefined],
]) {
    test(`a browser that ${what} opens its session without, and remembers the secret as long as the page lives`, { timeout: 5000 }, async () => {
        browserWith(locks);
        globalThis.fetch = async (_, { body }) => Response.json(JSON.parse(body).cookie ? {} : { secret: 'told-in-words' });
        await openSession(sale, () => assert.fail('nothing is wrong'));
        assert.equal(read(sale).secret, 'told-in-words');
    });
}
test('what answers, but with nothing of use, is trouble too', async () => {
    browserWith(undefined);
    for (const [open, useful] of [[loadSale, { id: sale }], [openSession, {}]]) {
        let troubles = 0, answers = 0;
        globalThis.fetch = async () => (answers++ ? Response.json(useful) : Response.json({ type: '/problems/outcome-unknown' }, { status: 503 }));
        const opened = open(sale, () => troubles++);
        await new Promise(setImmediate);
        mock.timers.tick(1000);
        await opened;
        assert.deepEqual([troubles, answers], [1, 2]);
    }
});
test('a lock that is given holds the next tab up until it is released', async () => {
    let last = Promise.resolve();
    browserWith({ request: (_, held) => (last = last.then(held)) });
    const release = await lock(sale);
    const second = lock(sale);
    assert.equal(await Promise.race([second, Promise.resolve('waits')]), 'waits');
    release();
    (await second)();
});
test('what a full storage did not take is read all the same, and storage counts again once it takes something', () => {
    browserWith(undefined, full);
    keep(sale, { ticket: 't' });
    assert.deepEqual(read(sale), { place: 1, ticket: 't' });
    let kept;
    browserWith(undefined, { getItem: () => kept, setItem: (_, text) => { kept = text; } });
    keep(sale, { place: 2 });
    assert.deepEqual([read(sale), JSON.parse(kept)], [{ place: 2, ticket: 't' }, { place: 2, ticket: 't' }]);
    kept = JSON.stringify({ place: 3 });
    assert.equal(read(sale).place, 3, 'another tab wrote it');
});
