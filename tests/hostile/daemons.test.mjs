// Hostile bytes and hostile clients at every port of the system as script/up starts it, the public one too (tests/hostile/http.test.mjs:
// common/http alone). Three ports at a time; afterwards every daemon is the same process and a shopper buys and pays; at the end the
// descriptors are back and nobody is busy. The tests need those before them. A sanitizer's report fails the run where the stack is stopped (tests/lib/stack.mjs).
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startStack } from '../lib/stack.mjs';
import { stopAll } from '../lib/servers.mjs';
import { Watched, hostileBytes, seed } from '../lib/hostile.mjs';
import { World, buy, intrude, journey, line, merchant, payer, provider, socket, verify, webhook } from '../lib/intruder.mjs';
import { generator } from '../lib/mutate.mjs';
import { waitFor } from '../lib/wait.mjs';

const wholeSeconds = Number(process.env.WR_HOSTILE_SECONDS ?? 60);
const CALLS_MAX = 16;
const A_SECOND_LEAST = 10; // hostile connections at each port: with fewer little was shown. Two cores, sanitized, make 50 to 160.
const daemons = ['waitroomd', 'admissiond', 'checkoutd', 'fulfillmentd', 'sandboxd'];
let stack, sale, world, base, watched;
before(async () => {
    stack = await startStack();
    sale = (await stack.createSale({ per_shopper: 3, factor_percent: 1000, admission_s: 300, skus: [{ sku: 'one', name: 'The one', unit_price: 1000, total: 1_000_000 }] })).id;
    base = Number(new URL(stack.url).port);
    const secret = (name) => readFileSync(stack.env[name], 'utf8').trim();
    world = new World({ url: stack.url, origin: stack.url, sales: [sale], keys: { merchant: stack.env.WR_MERCHANT_KEY, payment: secret('WR_PAYMENT_KEY_FILE'), webhook: secret('WR_WEBHOOK_SECRET_FILE') } });
    await waitFor('a first order', () => journey(world, sale).then(() => true), { timeout: 40_000 });
    watched = [...daemons, 'nginx'].map((name) => new Watched(name, () => stack.pid(name), name === 'fulfillmentd' || name === 'sandboxd' ? CALLS_MAX : 0)); // these two talk to each other
    await Promise.all(watched.map((one) => one.before()));
    world.asset = (await (await fetch(`${stack.url}/s/${sale}`)).text()).match(/\/assets\/[^"]+/)[0];
});
after(async () => { await stack?.stop(); await stopAll(); });

const order = '01890a5d-ac96-774b-bcce-b302099a8057', frames = ['{"type":"join"}', '{"type":"here","again":true}', '{"type":"entered"}', '{"type":"leave"}', '[]', `{"type":"${'x'.repeat(1500)}"}`];
const shopper = ['/s/{sale}', '/v1/session', '/v1/time', '/v1/sales/{sale}', '/v1/sales/{sale}/queue', '/assets/x.js', '/v1/sales/none/queue'], buying = ['/v1/sales/{sale}/checkout', `/v1/orders/status/${order}`];
const selling = ['/.well-known/jwks.json', '/v1/admission/verify', '/v1/admin/sales', '/v1/admin/sales/{sale}/rate', '/v1/admin/sales/{sale}/stats', '/v1/admin/settings'];
const paying = ['/sandbox/', '/sandbox/v1/checkout/sessions', '/sandbox/v1/refunds', '/sandbox/pay/cs_test_0'], hooks = ['/v1/payments/webhook'];
const ports = {
    nginx: { offset: 0, paths: [...shopper, ...buying, ...selling, ...paying, ...hooks, '/', '/nothing'], line: true, flows: [line, socket, socket, buy, verify, merchant, payer, webhook] },
    waitroomd: { offset: 1, paths: shopper, line: true, flows: [line, socket, socket, socket] },
    admissiond: { offset: 2, paths: selling, flows: [merchant, merchant, merchant, verify] },
    checkoutd: { offset: 3, paths: buying, flows: [buy] },
    fulfillmentd: { offset: 4, paths: hooks, flows: [webhook] },
    sandboxd: { offset: 5, paths: paying, flows: [provider, payer] },
};
async function attack(name, start, seconds = wholeSeconds) {
    const { offset, paths, line: speaks, flows } = ports[name], options = { seconds, seed: start + offset };
    const sockets = speaks ? [{ path: `/v1/sales/${sale}/queue`, origin: stack.url, messages: frames }] : [];
    const [connections] = await Promise.all([
        hostileBytes(base + offset, { ...options, width: 6, origin: stack.url, sockets, paths: [...paths.map((path) => path.replace('{sale}', sale)), '/healthz', '/readyz', '/metrics'] }),
        intrude(world, base + offset, flows, { ...options, generator }),
    ]);
    return connections;
}
// While the intruders are there, others stand in the line, are let in and buy: what they were given is then used by the wrong ones, too;
// and the merchant of the sales made for it holds, blocks and ends them.
async function life(until) {
    const busy = [];
    for (let i = 0; !until(); i++) {
        busy.push(journey(world, sale, { order: i % 4 === 0 }).catch(() => world.see('journey broken')));
        if (busy.length > 6) await busy.shift();
        await new Promise((done) => setTimeout(done, 150));
    }
    await Promise.all(busy);
}

// The first two with the merchant's calls beside them, for what they change is felt in the line. `past`: what must have been let in.
const rounds = [
    { names: ['waitroomd', 'admissiond', 'fulfillmentd'], past: [/^POST webhook 200/, /^POST queue 200/, /^GET queue 200/, /^socket 101/, /^socket tells ticket/, /^socket tells admitted/, /^socket closed 1008/, /^GET verify 200/, /^POST sales 201/, /^PUT \/sales\/\{sale\}\/rate 200/, /^POST \/sales\/\{sale\}\/block 200/, /^GET \/sales\/\{sale\}\/stats 200/] },
    { names: ['checkoutd', 'sandboxd', 'nginx'], past: [/^POST queue 200/, /^socket tells ticket/, /^POST checkout 202/, /^GET order 200/, /^DELETE order 202/, /^POST payment 200/, /^POST pay 303/, /^POST expire 200/, /^POST refund 200/] },
];
for (const { names, past } of rounds)
    test(`${names.join(', ')} survive hostile bytes and clients, and sell afterwards`, async () => {
        const start = seed();
        world.seen.clear();
        const asked = world.connections;
        let over = false;
        const living = life(() => over);
        const connections = await Promise.all(names.map((name) => attack(name, start))).finally(() => { over = true; });
        await living;
        console.log(`# ${names}: ${connections} connections with bytes, ${world.connections - asked} with requests; ${[...world.seen].sort().map(([what, n]) => `${what}: ${n}`).join(', ')}`);
        for (const [i, name] of names.entries()) assert.ok(connections[i] > A_SECOND_LEAST * wholeSeconds, `${connections[i]} connections at ${name} in ${wholeSeconds} s`);
        assert.ok(world.connections - asked > A_SECOND_LEAST * wholeSeconds, `${world.connections - asked} connections with requests`);
        for (const what of past) assert.ok([...world.seen.keys()].some((seen) => what.test(seen)), `nobody got as far as ${what}`);
        await waitFor('an order', () => journey(world, sale).then(() => true), { timeout: 60_000 });
        for (const one of watched) await one.lives(() => alive(one.name));
    });
const alive = async (name) => (await fetch(name === 'nginx' ? `${stack.url}/v1/time` : `http://${stack.env[`WR_${name.toUpperCase()}`]}/healthz`)).ok;

test('afterwards every descriptor is back, and nobody is busy', async () => {
    await Promise.all(watched.map((one) => one.hasItsFiles()));
    await Promise.all(watched.map((one) => one.idles(10)));
});

test('asked to end while hostile clients are there, every daemon ends well, and another one sells', async () => {
    const start = seed(), attacks = Object.keys(ports).map((name) => attack(name, start, 6));
    await new Promise((done) => setTimeout(done, 3000)); // no condition: anything may be under way
    await Promise.all(daemons.map((name) => stack.kill(name, 'SIGTERM')));
    await Promise.all(attacks);
    await waitFor('an order', () => journey(world, sale).then(() => true), { timeout: 60_000 });
});
