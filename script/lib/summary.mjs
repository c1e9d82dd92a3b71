// summary.mjs ORIGIN [SALE]: one line, renewed every second: what the sale is doing, or else the one that starts last.
const [, , base, named] = process.argv;
const headers = { authorization: `Bearer ${process.env.WR_MERCHANT_KEY}` };

async function ask(path) {
    const answer = await fetch(`${base}/v1/admin/sales${path}`, { headers, signal: AbortSignal.timeout(2000) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
}
async function newest() {
    const { sales } = await ask('');
    return sales.sort((a, b) => a.starts_at - b.starts_at).at(-1)?.id;
}
async function line() {
    const sale = named ?? await newest();
    if (!sale) return 'there is no sale yet';
    const s = await ask(`/${sale}/stats`);
    const orders = Object.entries(s.orders ?? {}).map(([status, n]) => `${status} ${n}`).join(', ') || 'none';
    return `${sale}  ${s.phase}/${s.mode}  waiting ${s.waiting}  admitted ${s.granted_total} (${s.rate_per_minute}/min)  inside ${s.inside}  left ${s.left}  orders: ${orders}`;
}
setInterval(async () => {
    const text = await line().catch((error) => `no answer (${error.message})`);
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns || 100) - 1)}`);
}, 1000);
