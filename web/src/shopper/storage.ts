// What this browser keeps of a sale, so that a refresh or a new tab continues where the shopper was. A browser that refuses
// storage keeps it for as long as the page lives. The admission token is not among it: the server tells it again.
export interface Kept {
    ticket?: string;
    worker?: string;
    place?: number;
    ahead?: number;        // the number last shown: it never rises, across reloads too
    aheadAtFirst?: number;
    run?: number;
    secret?: string;       // only where cookies are refused
    key?: string;          // idempotency key of the purchase under way
    body?: string;         // its request, so that a retry is the same
    order?: string;        // the one that is shown
    putAway?: string[];    // closed orders the shopper went on from
}
const memory = new Map<string, string>(); // what storage did not take, which may be full and still give what it has
const name = (sale: string): string => `waitroom:${sale}`;

export function read(sale: string): Kept {
    try {
        return JSON.parse(memory.get(name(sale)) ?? localStorage.getItem(name(sale)) ?? '{}') as Kept;
    } catch {
        return {};
    }
}
export function keep(sale: string, change: { [K in keyof Kept]: Kept[K] | undefined }): Kept {
    const next: Record<string, unknown> = { ...read(sale), ...change };
    for (const field of Object.keys(next)) if (next[field] === undefined) delete next[field];
    const text = JSON.stringify(next);
    try {
        localStorage.setItem(name(sale), text);
        memory.delete(name(sale));
    } catch {
        memory.set(name(sale), text);
    }
    return next as Kept;
}
