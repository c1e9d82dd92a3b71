// What the page knows, and how each message changes it. Pure: no clock, no storage, no network.
import type { Limit, Mode, OrderMessage, Phase, Problem, Sale, ServerMessage } from './messages';

export type Link = 'connecting' | 'open' | 'polling' | 'lost';
// Where this shopper stands. `refused`: not let in for now, asks again by itself. `dozing`: called, but a token was let fall, so the
// page waits for a button.
export type Seat = 'outside' | 'joining' | 'refused' | 'waiting' | 'dozing' | 'admitted' | 'spent' | 'passed' | 'blocked' | 'superseded' | 'left';

export interface State {
    link: Link;
    sale: Sale | null;
    missing: boolean;                // there is no such sale
    phase: Phase | null;
    mode: Mode;
    message: string;
    remaining: number | null;
    closed: boolean;                 // the line is closed for a moment; places are safe
    seat: Seat;
    place: number | null;
    ahead: number | null;            // never rises
    aheadAtFirst: number | null;
    eta: [number, number] | null;    // seconds, as of etaAt
    etaAt: number;
    limit: Limit;                    // what keeps the drip below its rate
    admission: { token: string; expiresAt: number; checkoutUrl: string } | null;
    orders: OrderMessage[];          // newest last
    putAway: string[];               // ids of closed orders the shopper went on from
    buying: boolean;
    problem: Problem | null;         // why there is no reservation
    uncancelled: Problem | null;     // why the order is not cancelled
}
export const initial: State = {
    link: 'connecting', sale: null, missing: false, phase: null, mode: 'queue', message: '', remaining: null, closed: false,
    seat: 'outside', place: null, ahead: null, aheadAtFirst: null, eta: null, etaAt: 0, limit: null, admission: null, orders: [], putAway: [], buying: false,
    problem: null, uncancelled: null,
};

export function withOrder(orders: OrderMessage[], order: OrderMessage): OrderMessage[] {
    const known = orders.find((o) => o.queue_ticket_id === order.queue_ticket_id);
    if (!known) return [...orders, order];
    if (known.event >= order.event) return orders; // older news, told twice
    return orders.map((o) => (o === known ? { ...known, ...order } : o));
}

export function onMessage(state: State, message: ServerMessage, now: number): State {
    switch (message.type) {
    case 'sale': {
        const { phase, mode, message: text, remaining } = message;
        const sale = state.sale && { ...state.sale, starts_at: message.starts_at, ends_at: message.ends_at };
        return { ...state, sale, phase, mode, message: text, remaining, closed: false };
    }
    case 'ticket': {
        const same = state.place === message.place;
        return {
            ...state, seat: state.seat === 'admitted' ? 'admitted' : 'waiting', place: message.place, closed: false,
            ahead: same ? state.ahead : null, aheadAtFirst: same ? state.aheadAtFirst : null, eta: same ? state.eta : null,
        };
    }
    case 'position': {
        const ahead = state.ahead === null ? message.ahead : Math.min(state.ahead, message.ahead);
        return {
            ...state, seat: state.seat === 'admitted' || state.seat === 'dozing' ? state.seat : 'waiting', closed: false, ahead,
            aheadAtFirst: Math.max(state.aheadAtFirst ?? 0, ahead), eta: message.eta_s, etaAt: now, limit: message.limit,
        };
    }
    case 'called':
        return message.again ? { ...state, seat: 'dozing', admission: null } : state;
    case 'admitted':
        return {
            ...state, seat: 'admitted', closed: false, ahead: 0,
            admission: { token: message.token, expiresAt: message.expires_at, checkoutUrl: message.checkout_url },
        };
    case 'order': {
        const orders = withOrder(state.orders, message);
        return { ...state, orders, buying: false, ...(orders !== state.orders && { problem: null, uncancelled: null }) };
    }
    case 'superseded':
        return { ...state, seat: 'superseded' };
    case 'spent':
        return { ...state, seat: 'spent', admission: null };
    case 'reconnect':
        return state;
    case 'error':
        return onError(state, message.code);
    }
}

function onError(state: State, code: string): State {
    switch (code) {
    case 'line-closed': return { ...state, closed: true };
    case 'ticket-spent': return { ...state, seat: 'spent', admission: null };
    case 'place-passed': return { ...state, seat: 'passed', admission: null };
    case 'blocked': return { ...state, seat: 'blocked', admission: null };
    case 'ticket-invalid': return { ...state, seat: 'outside', place: null, ahead: null, aheadAtFirst: null, admission: null };
    case 'sale-ended': return { ...state, phase: 'ended', admission: null };
    case 'unknown-sale': return { ...state, missing: true };
    case 'not-open': return state.seat === 'joining' ? { ...state, seat: 'outside' } : state;
    // Rejected by the shop, too much in flight, or nobody knows: whoever asked to join asks again later.
    default: return state.seat === 'joining' ? { ...state, seat: 'refused' } : state;
    }
}

const openStatuses = new Set(['queued', 'pending_payment', 'expiring']);
export const canCancel = ({ status }: OrderMessage): boolean => status === 'queued' || status === 'pending_payment';
export const isOpen = (order: OrderMessage): boolean => openStatuses.has(order.status);
// The order the page is about: one that still needs something of the shopper, else the newest not put away; what was paid late counts anew.
export const currentOrder = (state: State): OrderMessage | undefined =>
    state.orders.find(isOpen) ?? state.orders.filter((order) => order.status === 'confirmed' || !state.putAway.includes(order.queue_ticket_id)).pop();
export const closedOrders = (state: State): string[] => state.orders.filter((order) => !isOpen(order)).map((order) => order.queue_ticket_id);
// Still the shopper's piece, or theirs for good: that the rest is sold out is then no news.
export const hasPiece = (order: OrderMessage | undefined): boolean => order !== undefined && (isOpen(order) || order.status === 'confirmed');
// Whether anything can be bought any more, or come back: after its end a sale is sold out for as long as units are held.
export const isOver = ({ phase, sale }: State, now: number): boolean => phase === 'ended' || (phase === 'sold_out' && sale !== null && now >= sale.ends_at);
// Whether the line goes on, as far as the shop wants it to.
export const moves = ({ mode, limit }: State): boolean => (mode === 'queue' || mode === 'passthrough') && limit !== 'stopped';
