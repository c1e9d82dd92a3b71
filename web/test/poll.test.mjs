// Polling: what a request says, whichever worker it comes to. Compiled from the shipped TypeScript.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'poll.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { Poller } = await import(pathToFileURL(join(out, 'poll.mjs')));

let kept = JSON.stringify({ ticket: 't1', worker: 'w1' });
globalThis.localStorage = { getItem: () => kept, setItem: (_, text) => { kept = text; } };
const token = (claims) => ['head', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'signature'].join('.');

test('from the answer that brings the token on, each request names it', async () => {
    const asked = [], answers = [[], [{ type: 'admitted', token: token({ jti: '7-1-0-3-0', more: 'ÿ>?>?ÿÿ' }) }], [], []];
    const poller = new Poller('shoes', () => undefined, () => undefined);
    await new Promise((done) => {
        globalThis.fetch = async (url, { method = 'GET', body }) => {
            asked.push([method, url.split('?')[1] ?? '', ...(body ? [JSON.parse(body)] : [])]);
            if (asked.length === 3) poller.say({ type: 'here', again: true });
            if (asked.length === 4) { poller.stop(); done(); }
            return new Response(JSON.stringify({ messages: answers[asked.length - 1], next_s: 0 }));
        };
        poller.start();
    });
    assert.deepEqual(asked, [['GET', 'was=w1'], ['GET', 'was=w1'], ['GET', 'was=w1&kept=7-1-0-3-0'],
        ['POST', '', { ticket: 't1', was: 'w1', kept: '7-1-0-3-0', again: true }]]);
});
