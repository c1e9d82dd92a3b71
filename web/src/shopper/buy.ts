// Buying: one idempotency key per purchase, kept before the first attempt, reused by every retry until the outcome is known.
import type { OrderMessage, Problem } from './messages';
import type { Line } from './line';
import * as storage from './storage';

const attemptsMax = 8;

function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export async function buy(line: Line, sku: string, quantity: number): Promise<void> {
    const { admission } = line.state;
    if (!admission || line.state.buying) return;
    line.set({ buying: true, problem: null });
    const body = JSON.stringify({ sku, quantity });
    const kept = storage.read(line.id);
    const unfinished = kept.key !== undefined && kept.body === body; // the page was reloaded in the middle of it
    const key = unfinished ? kept.key! : newKey();
    storage.keep(line.id, { key, body });

    let problem: Problem | null = null;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const headers: Record<string, string> = {
            'content-type': 'application/json', authorization: `Bearer ${admission.token}`, 'idempotency-key': key,
        };
        if (attempt > 0 || unfinished) headers['idempotency-retry'] = '1';
        if (kept.secret) headers['waitroom-secret'] = kept.secret;
        let waitMs = 300 * 2 ** attempt;
        try {
            const answer = await fetch(`/v1/sales/${line.id}/checkout`, { method: 'POST', headers, body });
            if (answer.status === 202) {
                const order = (await answer.json()) as { queue_ticket_id: string; status: OrderMessage['status']; sku: string; quantity: number };
                storage.keep(line.id, { key: undefined, body: undefined });
                line.set({ buying: false });
                line.accepted({ type: 'order', sale: line.id, event: 0, ...order });
                return;
            }
            problem = (await answer.json()) as Problem;
            if (answer.status !== 503 && answer.status !== 429) break; // a clear answer: believe it
            waitMs = Math.max(waitMs, Number(answer.headers.get('retry-after') ?? 0) * 1000);
        } catch {
            problem = null; // silence: it may have happened, so the same key asks again
        }
        if (line.state.orders.some((o) => o.sku === sku && o.event >= 0 && o.status !== 'expired' && o.status !== 'cancelled')) return; // the socket told us
        await pause(waitMs * (0.7 + 0.6 * Math.random()));
    }
    if (problem && problem.status !== 503) storage.keep(line.id, { key: undefined, body: undefined }); // nothing was stored under it
    line.set({ buying: false, problem: problem ?? { type: '/problems/outcome-unknown', title: '', status: 503 } });
}

export async function cancel(line: Line, order: OrderMessage): Promise<void> {
    const { secret } = storage.read(line.id);
    const answer = await fetch(`/v1/orders/status/${order.queue_ticket_id}`, { method: 'DELETE', headers: secret ? { 'waitroom-secret': secret } : {} }).catch(() => null);
    if (answer && !answer.ok) line.set({ problem: (await answer.json()) as Problem });
}
