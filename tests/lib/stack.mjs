// The whole system as script/up starts it, on ports and in a folder of its own.
//
//   const stack = await startStack();       stack.env.WR_PUBLIC_URL, stack.pid('waitroomd'), stack.kill('redis')
//   after(() => stack.stop());
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { build, freePort, listens, root, temporaryFolder } from './servers.mjs';
import { waitFor } from './wait.mjs';

const run = promisify(execFile);

async function freeBase() {
    for (;;) {
        const base = Math.min(await freePort(), 31_900);
        const taken = await Promise.all(Array.from({ length: 10 }, (_, i) => listens(base + i)));
        if (!taken.some(Boolean)) return base;
    }
}

export async function startStack({ env = {}, args = ['--no-demo'] } = {}) {
    const folder = temporaryFolder('stack');
    const settings = { ...process.env, KAFKA_BOOTSTRAP: '', WR_PUBLIC_URL: '', ...env, WR_RUN_DIR: folder, WR_BUILD_DIR: build, WR_PORT_BASE: String(await freeBase()) };
    await run(join(root, 'script', 'up'), ['--detach', ...args], { env: settings, maxBuffer: 1 << 24 });
    const values = Object.fromEntries(readFileSync(join(folder, 'env'), 'utf8').split('\n')
        .map((line) => line.match(/^export (\w+)=(.*)$/)).filter(Boolean).map(([, name, value]) => [name, value.replace(/\\(.)/g, '$1').replace(/^'(.*)'$/, '$1')]));
    const admin = (method, path, body) => fetch(`${values.WR_PUBLIC_URL}/v1/admin${path}`, {
        method, headers: { authorization: `Bearer ${values.WR_MERCHANT_KEY}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
    });
    const stack = {
        folder,
        env: values,
        url: values.WR_PUBLIC_URL,
        admin,
        pid: (name) => Number(readFileSync(join(folder, 'pids', name), 'utf8')),
        log: (name) => readFileSync(join(folder, 'logs', `${name}.log`), 'utf8'),
        // Ends one process with `signal` and waits until the supervisor has started another in its place.
        async kill(name, signal = 'SIGKILL') {
            const before = stack.pid(name);
            process.kill(before, signal);
            await waitFor(`${name} to be started again`, () => stack.pid(name) !== before, { timeout: 15_000 });
        },
        async createSale(fields = {}) {
            const now = Date.now();
            const sale = {
                id: `t-${Math.random().toString(36).slice(2, 10)}`, title: 'Test article', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000,
                rate_per_minute: 60_000, hold_s: 60, admission_s: 60, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 10 }], ...fields,
            };
            const answer = await admin('POST', '/sales', sale);
            if (answer.status !== 201) throw new Error(`creating a sale: ${answer.status} ${await answer.text()}`);
            return sale;
        },
        stop: () => run(join(root, 'script', 'down'), [], { env: settings }),
    };
    return stack;
}
