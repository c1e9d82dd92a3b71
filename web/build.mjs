// Bundles the pages into dist/: index.html and content-hashed files below assets/, each with its .br and .gz beside it, so
// that the server compresses nothing while it serves.
import { build } from 'esbuild';
import { brotliCompressSync, gzipSync, constants } from 'node:zlib';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const out = join(here, 'dist');
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });

const result = await build({
    entryPoints: { shopper: join(here, 'src/shopper/main.tsx') },
    bundle: true,
    minify: true,
    target: ['es2020', 'safari15'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: 'assets/[name]-[hash]',
    outdir: out,
    metafile: true,
    sourcemap: false,
    logLevel: 'warning',
});
const names = Object.keys(result.metafile.outputs).map((name) => name.slice(name.indexOf('assets/')));
const pick = (ending) => `/${names.find((name) => name.endsWith(ending))}`;
const page = readFileSync(join(here, 'src/shopper/index.html'), 'utf8').replace('%SCRIPT%', pick('.js')).replace('%STYLE%', pick('.css'));
writeFileSync(join(out, 'index.html'), page);

let total = 0;
for (const name of ['index.html', ...readdirSync(join(out, 'assets')).map((file) => `assets/${file}`)]) {
    const bytes = readFileSync(join(out, name));
    const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    const gz = gzipSync(bytes, { level: 9 });
    writeFileSync(join(out, `${name}.br`), br);
    writeFileSync(join(out, `${name}.gz`), gz);
    total += gz.length;
    console.log(`${name}: ${bytes.length} bytes, ${br.length} br, ${gz.length} gz`);
}
if (total > 24_000) throw new Error(`the page is ${total} bytes compressed; the bar is 24,000`);
