// Buying: one idempotency key per purchase, kept before the first attempt, reused by every retry until the outcome is known.
import { problemCode, type OrderMessage, type Problem } from './messages';
import type { Line } from './line';
import { askOrder } from './recall';
import { canCancel, onMessage } from './state';
import * as storage from './storage';
import { ask, pause } from './wait';

const attemptsMax = 8;
const secondLookMs = 1000;
const unknown: Problem = { type: '/problems/outcome-unknown', title: '', status: 503 };

function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function buy(line: Line, sku: string, quantity: number): Promise<void> {
    const { admission } = line.state;
    if (!admission || line.state.buying) return;
    line.set({ buying: true, problem: null });
    const earlier = new Set(line.state.orders.map((order) => order.queue_ticket_id));
    const told = (): boolean => line.state.orders.some((order) => !earlier.has(order.queue_ticket_id)); // by the socket
    const body = JSON.stringify({ sku, quantity });
    const kept = storage.read(line.id);
    const unfinished = kept.key !== undefined && kept.body === body; // the page was reloaded in the middle of it
    const key = unfinished ? kept.key! : newKey();
    storage.keep(line.id, { key, body });

    let problem: Problem | null = null;
    let mayBeStored = unfinished; // some attempt under this key has no outcome that we know
    let doubted = false;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const headers: Record<string, string> = {
            'content-type': 'application/json', authorization: `Bearer ${admission.token}`, 'idempotency-key': key,
        };
        if (attempt > 0 || unfinished) headers['idempotency-retry'] = '1';
        if (kept.secret) headers['waitroom-secret'] = kept.secret;
        let waitMs = 300 * 2 ** attempt;
        try {
            const { answer, body: said } = await ask(`/v1/sales/${line.id}/checkout`, { method: 'POST', headers, body });
            if (answer.status === 202) {
                const order = said as { queue_ticket_id: string; status: OrderMessage['status']; sku: string; quantity: number };
                storage.keep(line.id, { key: undefined, body: undefined });
                line.set({ buying: false });
                line.accepted({ type: 'order', sale: line.id, event: 0, ...order });
                return;
            }
            problem = said as Problem;
            if (answer.status !== 503 && answer.status !== 429) {
                if (!mayBeStored || doubted) { // a clear answer: believe it
                    mayBeStored = false;
                    break;
                }
                doubted = true; // what had no answer may have arrived after this one was decided: ask once more
                waitMs = Math.max(waitMs, secondLookMs);
            }
            if (problem.type === '/problems/outcome-unknown') mayBeStored = true;
            waitMs = Math.max(waitMs, Number(answer.headers.get('retry-after') ?? 0) * 1000);
        } catch {
            problem = null; // silence: it may have happened, so the same key asks again
            mayBeStored = true;
        }
        if (told()) return;
        await pause(waitMs * (0.7 + 0.6 * Math.random()));
    }
    if (told()) return;
    if (problem && problem.status !== 503 && !mayBeStored) storage.keep(line.id, { key: undefined, body: undefined }); // nothing was stored under it
    line.set({ buying: false, problem: problem ?? unknown });
    const code = problem && problemCode(problem.type);
    if (code === 'sale-ended' || code === 'blocked') line.set(onMessage(line.state, { type: 'error', code, detail: '', next: '' }, 0)); // no turn is left
}

export async function cancel(line: Line, order: OrderMessage): Promise<void> {
    line.set({ uncancelled: null });
    const failed = (uncancelled: Problem): void => {
        if (line.state.orders.some((now) => now.queue_ticket_id === order.queue_ticket_id && canCancel(now))) line.set({ uncancelled }); // else its news says more
    };
    try {
        const { answer, body } = await askOrder(order.sale, order.queue_ticket_id, 'DELETE');
        if (!answer.ok) failed(body as Problem);
    } catch {
        failed(unknown);
    }
}
