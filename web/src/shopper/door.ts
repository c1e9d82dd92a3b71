// What comes before the line: the sale's document, the browser's session, and one tab at a time.
import type { Sale } from './messages';
import * as storage from './storage';
import { ask, backoff, pause } from './wait';

const sessionMs = 30_000; // as long as a socket may take to open: in a storm both take some seconds, and who asks twice has two secrets
const lockMs = 35_000;    // a tab that sleeps with the lock holds the others up no longer than this

// The document, asked for until it comes; null when there is no such sale.
export async function loadSale(id: string, onTrouble: () => void): Promise<Sale | null> {
    for (let tries = 0; ; tries++) {
        try {
            const { answer, body } = await ask(`/v1/sales/${id}`);
            if (answer.status === 404) return null;
            if (answer.ok) return body as Sale;
            onTrouble();
        } catch {
            onTrouble();
        }
        await pause(backoff(tries));
    }
}

// The session is a cookie; a browser that keeps none is told its secret.
export async function openSession(id: string, onTrouble: () => void): Promise<void> {
    const release = await lock(id);
    for (let tries = 0; ; tries++) {
        try {
            const { secret: known } = storage.read(id);
            const headers: Record<string, string> = { 'content-type': 'application/json', ...(known && { 'waitroom-secret': known }) };
            const { answer, body } = await ask('/v1/session', { method: 'POST', headers, body: JSON.stringify({ cookie: navigator.cookieEnabled }) }, sessionMs);
            if (answer.ok) {
                const { secret } = body as { secret?: string };
                if (secret) storage.keep(id, { secret });
                return release();
            }
            onTrouble();
        } catch {
            onTrouble();
        }
        await pause(backoff(tries));
    }
}

// Held over a first session and a first join, so that two tabs opened at once are one shopper with one place. Where a browser
// has no locks, or refuses them together with its storage, each tab goes on without.
export function lock(id: string): Promise<() => void> {
    return new Promise<() => void>((taken, refused) => {
        navigator.locks.request(`waitroom:${id}`, () => new Promise<void>((release) => {
            setTimeout(release, lockMs);
            taken(release);
        })).catch(refused);
    }).catch(() => () => undefined);
}
