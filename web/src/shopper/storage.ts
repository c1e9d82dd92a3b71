// What this browser keeps of a sale, so that a refresh or a new tab continues where the shopper was. A browser that refuses
// storage keeps it for as long as the page lives.
export interface Kept {
    ticket?: string;
    worker?: string;
    place?: number;
    ahead?: number;        // the number last shown: it never rises, across reloads too
    aheadAtFirst?: number;
    run?: number;
    secret?: string;       // only where cookies are refused
    token?: string;
    tokenExpiresAt?: number;
    key?: string;          // idempotency key of the purchase under way
    body?: string;         // its request, so that a retry is the same
}
const memory = new Map<string, string>();
const name = (sale: string): string => `waitroom:${sale}`;

export function read(sale: string): Kept {
    try {
        return JSON.parse(localStorage.getItem(name(sale)) ?? '{}') as Kept;
    } catch {
        return JSON.parse(memory.get(name(sale)) ?? '{}') as Kept;
    }
}
export function keep(sale: string, change: { [K in keyof Kept]: Kept[K] | undefined }): Kept {
    const next: Record<string, unknown> = { ...read(sale), ...change };
    for (const field of Object.keys(next)) if (next[field] === undefined) delete next[field];
    const text = JSON.stringify(next);
    try {
        localStorage.setItem(name(sale), text);
    } catch {
        memory.set(name(sale), text);
    }
    return next as Kept;
}
