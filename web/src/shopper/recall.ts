// An order from before this page was loaded, or came back, asked of the checkout until the line tells of it: a line that is closed tells nothing,
// and the order can be paid all the same.
import type { Line } from './line';
import type { OrderMessage } from './messages';
import { isOpen } from './state';
import * as storage from './storage';
import { ask, backoff, pause } from './wait';

export function askOrder(sale: string, id: string, method = 'GET'): ReturnType<typeof ask> {
    const { secret } = storage.read(sale);
    return ask(`/v1/orders/status/${id}?sale=${sale}`, { method, headers: secret ? { 'waitroom-secret': secret } : {} });
}

export async function recall(line: Line, afterMs = 0): Promise<void> {
    if (line.recalling) return;
    line.recalling = true;
    if (afterMs) await pause(afterMs);
    await askUntilTold(line);
    line.recalling = false;
}

async function askUntilTold(line: Line): Promise<void> {
    for (let tries = 0; !line.ordersTold; tries++) {
        const { order, putAway } = storage.read(line.id), id = order ?? putAway?.at(-1); // that may have been paid since
        if (!id) return;
        try {
            const { answer, body } = await askOrder(line.id, id);
            const told = { ...(body as OrderMessage), type: 'order' } as const;
            if (answer.ok) line.take(told);
            if (answer.ok ? !isOpen(told) : answer.status < 500 && answer.status !== 429) return;
        } catch {
            // asked again
        }
        await pause(backoff(tries));
    }
}
