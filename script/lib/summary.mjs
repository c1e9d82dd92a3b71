// One line, renewed every second: what the demo sale is doing.
const base = process.env.WR_PUBLIC_URL;
const headers = { authorization: `Bearer ${process.env.WR_MERCHANT_KEY}` };

async function line() {
    const answer = await fetch(`${base}/v1/admin/sales/demo/stats`, { headers, signal: AbortSignal.timeout(2000) });
    if (!answer.ok) return `stats: ${answer.status}`;
    const s = await answer.json();
    const orders = Object.entries(s.orders ?? {}).map(([status, n]) => `${status} ${n}`).join(', ') || 'none';
    return `${s.phase}/${s.mode}  waiting ${s.waiting}  admitted ${s.granted_total} (${s.rate_per_minute}/min)  inside ${s.inside}  left ${s.left}  orders: ${orders}`;
}
setInterval(async () => {
    const text = await line().catch((error) => `no answer (${error.name})`);
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns ?? 100) - 1)}`);
}, 1000);
