// Makes the demo sale through the merchant API, unless one is there that has not ended.
const base = process.env.WR_PUBLIC_URL;
const headers = { authorization: `Bearer ${process.env.WR_MERCHANT_KEY}`, 'content-type': 'application/json' };

const present = await fetch(`${base}/v1/admin/sales/demo`, { headers });
if (present.ok) process.exit(0);
if (present.status !== 404) throw new Error(`asking for the demo sale: ${present.status} ${await present.text()}`);

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
