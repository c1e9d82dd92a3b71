// What the build leaves in dist/: names that change with the content, and each file's compressed forms beside it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const copy = mkdtempSync(join(tmpdir(), 'waitroom-build-'));
for (const name of ['src', 'build.mjs', 'package.json']) cpSync(join(web, name), join(copy, name), { recursive: true });
symlinkSync(join(web, 'node_modules'), join(copy, 'node_modules'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));

function built() {
    execFileSync('node', ['build.mjs'], { cwd: copy, stdio: 'pipe' });
    const names = readdirSync(join(copy, 'dist/assets'));
    return { names, js: names.find((name) => name.endsWith('.js')), css: names.find((name) => name.endsWith('.css')) };
}

test('a file is named by its content: another sentence is another name, and what did not change keeps its own', () => {
    const one = built(), again = built();
    assert.deepEqual(again, one, 'the same source gives the same names');
    assert.match(one.js, /^shopper-[0-9A-Z]{8}\.js$/);
    assert.match(one.css, /^shopper-[0-9A-Z]{8}\.css$/);
    appendFileSync(join(copy, 'src/shopper/main.tsx'), '\nconsole.info("another sentence");\n');
    const other = built();
    assert.notEqual(other.js, one.js);
    assert.equal(other.css, one.css);
    const page = readFileSync(join(copy, 'dist/index.html'), 'utf8');
    assert.ok(page.includes(`/assets/${other.js}"`) && page.includes(`/assets/${other.css}"`), 'the page names what there is');
    assert.ok(!page.includes(one.js));
});
test('beside each file of dist/ lie its brotli and gzip forms, and both say the same bytes', () => {
    const dist = join(web, 'dist');
    const files = ['index.html', ...readdirSync(join(dist, 'assets')).filter((name) => !/\.(br|gz)$/.test(name)).map((name) => `assets/${name}`)];
    assert.equal(files.length, 3);
    let total = 0;
    for (const file of files) {
        const bytes = readFileSync(join(dist, file)), br = readFileSync(join(dist, `${file}.br`)), gz = readFileSync(join(dist, `${file}.gz`));
        assert.ok(brotliDecompressSync(br).equals(bytes), `${file}.br`);
        assert.ok(gunzipSync(gz).equals(bytes), `${file}.gz`);
        total += gz.length;
    }
    assert.ok(total < 24_000, `the whole page is ${total} bytes compressed`);
});
