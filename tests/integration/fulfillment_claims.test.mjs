// What fulfillmentd claims in PostgreSQL for a while, and gives back: whose claim has lapsed takes nothing from the next one's.
// And what it keeps there once.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { root, startPostgres, stopAll } from '../lib/servers.mjs';
import { waitFor } from '../lib/wait.mjs';

let postgres, database, order;
const query = (text, ...values) => database.query(text, values).then(({ rows }) => rows);
const run = (name, ...values) => query(readFileSync(join(root, 'sql', 'queries', 'fulfillment', `${name}.sql`), 'utf8'), ...values);
before(async () => {
    postgres = await startPostgres();
    database = new pg.Client(postgres.url);
    await database.connect();
    await query(`insert into sales (id, title, currency, starts_at, ends_at, rate_per_minute, hold_s) values ('s', 'A sale', 'EUR', now(), now() + interval '1 day', 600, 60)`);
    await query(`insert into skus (sale, sku, name, unit_price, total) values ('s', 'one', 'The one', 1250, 10)`);
    const [{ id }] = await query(`insert into runs (sale) values ('s') returning id`);
    [{ id: order }] = await query(`insert into orders (public_id, sale, run, sku, quantity, unit_price, currency, shopper, lane, place, jti, granted_ms, status, hold_s, reserved_at)
        values (gen_random_uuid(), 's', $1, 'one', 1, 1250, 'EUR', 'shopper', 0, 1, 'j', 0, 'confirmed', 60, now()) returning id`, id);
});
after(async () => { await database?.end(); await stopAll(); });
beforeEach(() => query('truncate payments, second_payments, webhook_events'));

const kinds = [
    { table: 'payments', claim: 'claim_payments', back: 'put_back_payment' },
    { table: 'second_payments', claim: 'claim_second_payments', back: 'put_back_second_payment' },
];
for (const { table, claim, back } of kinds) {
    const lease = async () => (await query(`select extract(epoch from lease_until - now())::float as s, attempts from ${table}`))[0];
    const take = () => run(claim, 'refunding', 10, 'https://shop.test');
    const pay = () => query(`insert into ${table} (order_id, provider_id, state, amount, currency) values ($1, 'cs_1', 'refunding', 1250, 'EUR')`, order);

    test(`${claim}: the lease outlasts the longest job, three calls of the longest deadline`, async () => {
        await pay();
        assert.equal((await take()).length, 1);
        assert.equal((await take()).length, 0);
        const longest = Number(/"--payment-deadline-ms".*?\d+, (\d+),/s.exec(readFileSync(join(root, 'fulfillment', 'main.c'), 'utf8'))[1]);
        assert.ok((await lease()).s > 3 * longest / 1000 + 5, JSON.stringify(await lease()));
    });

    test(`${back}: a claim gives back itself, not the one that followed it`, async () => {
        await pay();
        const [first] = await take();
        await query(`update ${table} set lease_until = now() - interval '1 second'`);
        const [second] = await take();
        await run(back, first.id, 0, first.attempts, 'refunding');
        assert.ok((await lease()).s > 0, 'the second claim holds on');
        await run(back, second.id, 0, second.attempts, 'closing');
        assert.ok((await lease()).s > 0, 'attempts are counted anew in each state');
        await run(back, second.id, 0, second.attempts, 'refunding');
        assert.equal((await lease()).s, null);
        assert.equal((await take()).length, 1);
    });
}

test('read_orders: a claim under way is waited for, and what is read is claimed by nobody until it is decided', async () => {
    const other = new pg.Client(postgres.url), sql = (name) => readFileSync(join(root, 'sql', 'queries', 'fulfillment', `${name}.sql`), 'utf8');
    await other.connect();
    await query(`insert into payments (order_id, state, amount, currency) values ($1, 'wanted', 1250, 'EUR')`, order);
    const [{ public_id, pid }] = await query('select public_id, pg_backend_pid() as pid from orders where id = $1', order);
    try {
        await other.query('begin');
        assert.equal((await other.query(sql('claim_payments'), ['wanted', 10, 'https://shop.test'])).rows.length, 1);
        await query('begin');
        assert.equal((await run('lock_free_orders', [public_id])).length, 1);
        const read = run('read_orders', [public_id]);
        await waitFor('it to wait for the claim', () => postgres.psql('-c', `select wait_event_type from pg_stat_activity where pid = ${pid}`).trim() === 'Lock'); // a transaction sees all the time what it saw first
        await other.query('commit');
        const [seen] = await read;
        assert.deepEqual([seen.payment_attempts, seen.payment_leased], [1, true], 'the provider may be making its session');
        assert.equal((await other.query('select from payments for update skip locked')).rows.length, 0);
    } finally {
        await other.end();
        await query('rollback');
    }
});

test('put_back_webhook: neither what was processed meanwhile nor what another has taken', async () => {
    const [{ id }] = await query(`insert into webhook_events (provider_event_id, type, payload) values ('e', 't', '{}') returning id`);
    const row = async () => (await query('select outcome, next_attempt_at <= now() as due from webhook_events'))[0];
    const take = async () => { const [{ attempts }] = await run('find_due_webhooks', 10); await run('lease_webhooks', [id]); return attempts; };
    const first = await take();
    await query('update webhook_events set next_attempt_at = now()');
    const second = await take();
    await run('put_back_webhook', id, 0, 'early', first);
    assert.deepEqual(await row(), { outcome: null, due: false });
    await run('put_back_webhook', id, 0, 'early', second);
    assert.deepEqual(await row(), { outcome: 'early', due: true });
    const third = await take();
    await run('finish_webhooks', [id], 'confirmed');
    await run('put_back_webhook', id, 0, 'early', third);
    assert.equal((await row()).outcome, 'confirmed');
});

test('keep_dead_letters: an event that comes again is kept once; another at its offset, in a topic made anew, is kept too', async () => {
    const keep = (...letters) => run('keep_dead_letters', 'topic', letters.map(() => 3), letters.map(() => 0), letters.map(() => null), letters.map((text) => Buffer.from(text).toString('hex')), letters.map(() => 'why'));
    await keep('first');
    await keep('first', 'second');
    assert.deepEqual((await query(`select convert_from(payload, 'UTF8') as text from dead_letters where source = 'topic' order by id`)).map(({ text }) => text), ['first', 'second']);
});
