// Hostile bytes at every daemon's port, in the system as script/up starts it (tests/hostile/http.test.mjs: common/http alone).
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../lib/stack.mjs';
import { survives } from '../lib/hostile.mjs';
import { openSocket } from '../lib/wire.mjs';
import { waitFor } from '../lib/wait.mjs';

let stack, sale, base;
before(async () => {
    stack = await startStack();
    sale = await stack.createSale();
    base = Number(new URL(stack.url).port);
    await waitFor('the line to be open', async () => { (await openSocket(base + 1, `/v1/sales/${sale.id}/queue`, { Origin: stack.url })).destroy(); return true; });
});
after(() => stack?.stop());

const token = 'eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.AAAA';
const messages = ['{"type":"join"}', '{"type":"join","ticket":"wt1.a.1.0.1.x.0.1.1.1.mac","secret":"AAAAAAAAAAAAAAAAAAAAAA"}', '{"type":"here","again":true}', '{"type":"entered"}',
    '{"type":"leave"}', '{"type":5}', '{"type":"join","ticket":[]}', '[]', 'null', `{"type":"${'x'.repeat(1500)}"}`];
const order = '01890a5d-ac96-774b-bcce-b302099a8057';
const targets = (id) => ({
    waitroomd: { offset: 1, paths: [`/s/${id}`, '/v1/session', '/v1/time', `/v1/sales/${id}`, `/v1/sales/${id}/queue`, '/assets/x.js', '/v1/sales/none/queue'], sockets: [{ path: `/v1/sales/${id}/queue`, origin: stack.url, messages }] },
    admissiond: { offset: 2, paths: ['/.well-known/jwks.json', '/v1/admission/verify', '/v1/admin/sales', `/v1/admin/sales/${id}/rate`, `/v1/admin/sales/${id}/stats`, '/v1/admin/settings'] },
    checkoutd: { offset: 3, paths: [`/v1/sales/${id}/checkout`, `/v1/orders/status/${order}`, `/v1/orders/${order}`] },
    fulfillmentd: { offset: 4, paths: ['/v1/payments/webhook', `/v1/payments/webhook?x=${token}`] },
    sandboxd: { offset: 5, paths: ['/sandbox/', '/sandbox/v1/payments', `/sandbox/pay/${order}`] },
});
for (const name of ['waitroomd', 'admissiond', 'checkoutd', 'fulfillmentd', 'sandboxd'])
    test(`${name} survives hostile bytes, gives every descriptor back and is idle afterwards`, async () => {
        const { offset, paths, sockets } = targets(sale.id)[name];
        const alive = async () => (await fetch(`http://127.0.0.1:${base + offset}/healthz`)).ok;
        const { connections, before: ticksBefore, ticks } = await survives(stack.pid(name), base + offset, { seconds: Number(process.env.WR_HOSTILE_SECONDS ?? 60), paths: [...paths, '/healthz', '/readyz', '/metrics'], sockets }, alive);
        console.log(`# ${name}: ${connections} connections`);
        assert.ok(connections > 30);
        assert.ok(ticks <= ticksBefore + 10, `${ticks} ticks of 10 ms in 2 s of idleness, ${ticksBefore} before`);
        assert.doesNotMatch(stack.log(name), /Sanitizer|runtime error/);
    });
