// summary.mjs ORIGIN [SALE]: one line, renewed every second: what the sale is doing, or else the one that runs, starts next or ended last.
const [, , base, named] = process.argv;
const headers = { authorization: `Bearer ${process.env.WR_MERCHANT_KEY}` };

async function ask(path) {
    const answer = await fetch(`${base}/v1/admin/sales${path}`, { headers, signal: AbortSignal.timeout(2000) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
}
async function current() {
    const { sales } = await ask('');
    const [running, scheduled, ended] = [['live', 'sold_out'], ['lobby', 'scheduled'], ['ended']].map((phases) => sales.filter(({ phase }) => phases.includes(phase)).sort((a, b) => a.starts_at - b.starts_at));
    return (running.at(-1) ?? scheduled[0] ?? ended.at(-1))?.id;
}
async function line() {
    const sale = named ?? await current();
    if (!sale) return 'there is no sale yet';
    const s = await ask(`/${sale}/stats`);
    const orders = Object.entries(s.orders).map(([status, n]) => `${status} ${n}`).join(', ') || 'none';
    if (s.away.includes('line')) return `${sale}  ${s.phase}  orders: ${orders}`;
    return `${sale}  ${s.phase}/${s.mode}  waiting ${s.waiting}  admitted ${s.granted_total} (${s.rate_per_minute}/min)  inside ${s.inside}  left ${s.left}  orders: ${orders}`;
}
setInterval(async () => {
    const text = await line().catch((error) => `no answer (${error.message})`);
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns || 100) - 1)}`);
}, 1000);
