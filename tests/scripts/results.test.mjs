// script/test counts what the runners say, also one that died before it said anything.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call, run } from '../lib/scripts.mjs';
import { build, root, stopAll, temporaryFolder } from '../lib/servers.mjs';

after(stopAll);
const folder = temporaryFolder('results'), log = join(folder, 'log');
async function counts(text) {
    writeFileSync(log, text);
    const { out } = await call('bash', ['-euo', 'pipefail', '-c', 'source "$1/script/lib/results.sh"; count_results "$2"', 'bash', root, log], {});
    return out.trim();
}

test('ctest and TAP are counted, and nothing is nothing', async () => {
    assert.equal(await counts('1/3 Test #1: a ..... Passed 0.1 sec\n67% tests passed, 1 tests failed out of 3\n'), '2 1 0');
    assert.equal(await counts('2/3 Test #2: b ...***Skipped 0.1 sec\n100% tests passed, 0 tests failed out of 3\n'), '3 0 1');
    assert.equal(await counts('1/3 Test #1: a ..... Passed 0.1 sec\nKilled\n'), '0 0 0');
    assert.equal(await counts('TAP version 13\n# pass 4\n# fail 1\n# cancelled 2\n# skipped 3\nTAP version 13\n# pass 1\n# fail 0\n# cancelled 0\n# skipped 0\n'), '5 3 3');
    assert.equal(await counts(''), '0 0 0');
});

test('more than twenty minutes are warned of', async () => {
    const said = async (seconds) => (await call('bash', ['-euo', 'pipefail', '-c', 'source "$1/script/lib/base.sh"; source "$1/script/lib/results.sh"; warn_of_time "$2"', 'bash', root, String(seconds)], {})).err;
    assert.equal(await said(1200), '');
    assert.match(await said(1261), /warning: the tests took 21 min; 20 are promised/);
});

// What tests/lib/load.mjs writes of three bars on a machine of which it saw this, as node's runner wrote it.
async function tap(seen) {
    const file = join(folder, 'bars.test.mjs');
    writeFileSync(file, `import { after, describe, test } from 'node:test';
        import { Load } from ${JSON.stringify(join(root, 'tests', 'lib', 'load.mjs'))};
        import { stopAll } from ${JSON.stringify(join(root, 'tests', 'lib', 'servers.mjs'))};
        after(stopAll);
        const load = new Load(() => [process.pid]);
        load.end = () => (${JSON.stringify({ others: 0.1, work: 120, write: 90, ...seen })});
        test('a test', (t) => { load.holds(t, 'second start, ms', 5, 8, 40); load.holds(t, 'p99; of all, %', -0.25, 1, 10); });
        describe('a group', () => test('one in it', (t) => load.holds(t, 'third', 1.5, 2, 3)));`);
    return (await call(process.execPath, ['--test', '--test-reporter=tap', file], { NODE_TEST_CONTEXT: undefined })).out;
}

test('a bar that was widened is counted and named, one that was held is not', async () => {
    const widened = async (text) => {
        writeFileSync(log, text);
        return (await call('bash', ['-euo', 'pipefail', '-c', 'source "$1/script/lib/base.sh"; source "$1/script/lib/results.sh"; say_widened "$(widened_bars "$2")"', 'bash', root, log], {})).err;
    };
    for (const slow of [{ others: 0.3 }, { work: 140 }, { write: 110 }])
        assert.equal(await widened(await tap(slow)), '3 bars were widened, for others used the processors or these or the disk were slow: second start, ms; p99; of all, %; third\n');
    const held = await tap({});
    assert.match(held, /so the limit was the bar, 8\n/);
    assert.equal(await widened(held), '');
});

test('script/test says of each part, and again before its last line, which bars were widened', async () => {
    const bin = join(folder, 'bin'), real = process.execPath;
    mkdirSync(bin);
    writeFileSync(log, await tap({ others: 0.3 }));
    writeFileSync(join(bin, 'node'), `#!/bin/sh\ncase "$1" in --test) exec cat '${log}' ;; *) exec '${real}' "$@" ;; esac\n`, { mode: 0o755 });
    const { out, err } = await run('test', ['web', 'web'], { WR_RUN_DIR: join(folder, 'run'), WR_BUILD_DIR: build, PATH: `${bin}:${process.env.PATH}` });
    const bars = 'second start, ms; p99; of all, %; third', why = 'widened, for others used the processors or these or the disk were slow', part = `web +2 passed, 0 failed, 0 skipped, \\d+ s\n3 bars were ${why}: ${bars}\n`;
    assert.match(err, new RegExp(`${part}${part}6 bars were ${why}: ${bars}; ${bars}\n$`));
    assert.equal(out, '4 passed, 0 failed, 0 skipped\n');
});

test('a part that is none is refused', async () => {
    const { code, err } = await run('test', ['lint', 'speed'], {});
    assert.equal(code, 1);
    assert.equal(err, "test: there is no part 'speed'; see script/test --help\n");
});
