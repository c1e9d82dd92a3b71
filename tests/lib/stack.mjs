// The whole system as script/up starts it, on ports and in a folder of its own.
//
//   const stack = await startStack();       stack.env.WR_PUBLIC_URL, stack.pid('waitroomd'), stack.kill('redis')
//   after(() => stack.stop());              fails when a daemon reported something, died by itself or ended badly: the supervisor
//                                           only starts it again
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { assertNoReport, build, freePort, root, temporaryFolder } from './servers.mjs';
import { processes } from './scripts.mjs';
import { waitFor } from './wait.mjs';
import { everyWorkerKnows } from './workers.mjs';

const run = promisify(execFile);

const ours = ['waitroomd', 'admissiond', 'checkoutd', 'fulfillmentd', 'sandboxd', 'nginx'];

export async function startStack({ env = {}, args = ['--no-demo'] } = {}) {
    const folder = temporaryFolder('stack');
    const settings = { ...process.env, KAFKA_BOOTSTRAP: '', WR_PUBLIC_URL: '', ...env, WR_RUN_DIR: folder, WR_BUILD_DIR: build, WR_PORT_BASE: String(await freePort(10)) };
    await run(join(root, 'script', 'up'), ['--detach', ...args], { env: settings, maxBuffer: 1 << 24 });
    const values = Object.fromEntries(readFileSync(join(folder, 'env'), 'utf8').split('\n')
        .map((line) => line.match(/^export (\w+)=(.*)$/)).filter((match) => match && match[1] !== 'WR_DERIVED').map(([, name, value]) => [name, value.replace(/\\(.)/g, '$1').replace(/^'(.*)'$/, '$1')]));
    const admin = (method, path, body) => fetch(`${values.WR_PUBLIC_URL}/v1/admin${path}`, {
        method, headers: { authorization: `Bearer ${values.WR_MERCHANT_KEY}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
    });
    const killed = []; // by a test, with a signal that no process survives
    const log = (name) => readFileSync(join(folder, 'logs', `${name}.log`), 'utf8');
    function judge() {
        for (const name of ours) assertNoReport(name, log(name));
        for (const [line, name, status] of log('up').matchAll(/^.*?(\w+) ended with status (\d+).*$/gm)) {
            if (!ours.includes(name) || status === '0') continue;
            const at = status === '137' ? killed.indexOf(name) : -1;
            if (at < 0) throw new Error(`${line}\n${log(name).slice(-3000)}`);
            killed.splice(at, 1);
        }
    }
    const stack = {
        folder,
        env: values,
        url: values.WR_PUBLIC_URL,
        admin,
        pid: (name) => Number(readFileSync(join(folder, 'pids', name), 'utf8')),
        log,
        // Ends one process with `signal`, or with `all` its children in the same instant, and waits until the supervisor has started another in its
        // place. (Children alone left behind are told to drain, as by SIGTERM.)
        async kill(name, signal = 'SIGKILL', { all = false } = {}) {
            const before = stack.pid(name);
            process.kill(all ? -before : before, signal);
            if (signal === 'SIGKILL') killed.push(name);
            await waitFor(`${name} to be started again`, () => stack.pid(name) !== before, { timeout: 15_000 });
        },
        // The processes that the one called `name` started.
        workers: (name) => processes().filter(({ ppid }) => ppid === stack.pid(name)).map(({ pid }) => pid),
        // Ends one of them with -9 and waits until another runs in its place.
        async killWorker(name, pid = stack.workers(name)[0]) {
            const count = stack.workers(name).length;
            process.kill(pid, 'SIGKILL');
            await waitFor(`another worker of ${name}`, () => stack.workers(name).length === count && !stack.workers(name).includes(pid), { timeout: 15_000 });
        },
        async createSale(fields = {}) {
            const now = Date.now();
            const sale = {
                id: `t-${Math.random().toString(36).slice(2, 10)}`, title: 'Test article', currency: 'EUR', starts_at: now - 1000, ends_at: now + 3_600_000,
                rate_per_minute: 60_000, hold_s: 60, admission_s: 60, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 10 }], ...fields,
            };
            const answer = await admin('POST', '/sales', sale);
            if (answer.status !== 201) throw new Error(`creating a sale: ${answer.status} ${await answer.text()}`);
            await stack.known(sale);
            return sale;
        },
        known: (sale, condition) => everyWorkerKnows(`http://${values.WR_WAITROOMD}`, sale, condition),
        async stop() {
            await run(join(root, 'script', 'down'), [], { env: settings });
            judge();
        },
    };
    return stack;
}
