// The server's time. The offset comes from the answer with the shortest round trip (GET /v1/time), later from the socket.
let offset = 0;
let error = Infinity; // half the round trip of the best answer

export const serverNow = (): number => Date.now() + offset;

export async function synchronise(): Promise<void> {
    for (let i = 0; i < 3; i++) {
        const sent = performance.now();
        const answer = await fetch('/v1/time', { cache: 'no-store' });
        const { now } = (await answer.json()) as { now: number };
        const half = (performance.now() - sent) / 2;
        if (half < error) {
            error = half;
            offset = now + half - Date.now();
        }
    }
}
// A pushed time is late by an unknown part of a round trip: it only corrects what is clearly off, such as a clock that was set.
export function hint(now: number): void {
    if (Math.abs(now - serverNow()) > 1000 + (Number.isFinite(error) ? error : 0)) offset = now - Date.now();
}
