// The way to the merchant's own shop, compiled from the shipped TypeScript.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: [join(source, 'shop.ts')], outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const { shopAddress } = await import(pathToFileURL(join(out, 'shop.mjs')));

test('the shop\'s address gets the token in its query, and keeps all that the merchant wrote', () => {
    for (const [address, expected] of [
        ['https://shop.example', 'https://shop.example/?token=a.b-c._d'],
        ['https://shop.example/buy', 'https://shop.example/buy?token=a.b-c._d'],
        ['https://shop.example/buy?', 'https://shop.example/buy?token=a.b-c._d'],
        ['https://shop.example/buy?from=line&flag', 'https://shop.example/buy?from=line&flag&token=a.b-c._d'],
        ['https://shop.example/buy?q=a%20b+c#/cart', 'https://shop.example/buy?q=a%20b+c&token=a.b-c._d#/cart'],
        ['https://shop.example/#top', 'https://shop.example/?token=a.b-c._d#top'],
        ['/shop?a=1', 'https://line.example/shop?a=1&token=a.b-c._d'],
    ]) assert.equal(shopAddress({ token: 'a.b-c._d', checkoutUrl: address }, 'https://line.example/s/shoes'), expected);
});
