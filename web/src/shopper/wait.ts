// Letting time pass, and asking with a deadline.
const backoffMs = [300, 800, 2000, 5000, 10_000, 15_000];

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
export const backoff = (tries: number): number => backoffMs[Math.min(tries, backoffMs.length - 1)]! * (0.5 + Math.random());
export const between = (low: number, high: number): number => low + Math.random() * (high - low);

// A phone that changes cells can leave a request without an answer for minutes: after `ms` it counts as failed.
export async function ask(url: string, init: RequestInit = {}, ms = 10_000): Promise<{ answer: Response; body: unknown }> {
    const given = new AbortController();
    const timer = setTimeout(() => given.abort(), ms);
    try {
        const answer = await fetch(url, { ...init, signal: given.signal });
        return { answer, body: await answer.json() };
    } finally {
        clearTimeout(timer);
    }
}
