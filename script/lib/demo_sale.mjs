// demo_sale.mjs ORIGIN: makes the demo sale through the merchant API, unless it is there, and returns when every worker shows its page. Of one that has
// ended it says so: a day later it has no page any more.
const base = process.argv[2];
const headers = { authorization: `Bearer ${process.env.WR_MERCHANT_KEY}`, 'content-type': 'application/json' };

const present = await fetch(`${base}/v1/admin/sales/demo`, { headers });
if (!present.ok && present.status !== 404) throw new Error(`asking for the demo sale: ${present.status} ${await present.text()}`);

if (present.ok && (await present.json()).phase === 'ended') {
    console.error('the demo sale has ended: script/up --fresh starts over');
    process.exit();
}
if (!present.ok) {
    const now = Date.now();
    const made = await fetch(`${base}/v1/admin/sales`, {
        method: 'POST',
        headers,
        body: JSON.stringify({
            id: 'demo',
            title: 'Aurora One turntable',
            description: 'A hundred numbered pieces, hand-built, in walnut. One per person.',
            currency: 'EUR',
            starts_at: now + 20_000,
            ends_at: now + 30 * 86_400_000,
            rate_per_minute: 60,
            hold_s: 300,
            admission_s: 600,
            per_shopper: 1,
            skus: [{ sku: 'aurora-one', name: 'Aurora One, walnut', unit_price: 48900, total: 100 }],
        }),
    });
    if (!made.ok) throw new Error(`making the demo sale: ${made.status} ${await made.text()}`);
}

const until = Date.now() + 20_000;
while (!(await fetch(`${base}/s/demo`)).ok) {
    if (Date.now() > until) throw new Error('the demo sale has no page after 20 s');
    await new Promise((done) => setTimeout(done, 50));
}
await new Promise((done) => setTimeout(done, 300)); // each worker looks for itself, four times a second: once one knows it, all do by then
