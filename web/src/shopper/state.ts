// What the page knows, and how each message changes it. Pure: no clock, no storage, no network.
import type { Mode, OrderMessage, Phase, Problem, Sale, ServerMessage } from './messages';

export type Link = 'connecting' | 'open' | 'polling' | 'lost';
// Where this shopper stands. `dozing`: called, but a token was let fall, so the page waits for a button.
export type Seat = 'outside' | 'joining' | 'waiting' | 'dozing' | 'admitted' | 'spent' | 'passed' | 'blocked' | 'superseded' | 'left';

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
    admission: { token: string; expiresAt: number; checkoutUrl: string } | null;
    orders: OrderMessage[];          // newest last
    buying: boolean;
    problem: Problem | null;
}
export const initial: State = {
    link: 'connecting', sale: null, missing: false, phase: null, mode: 'queue', message: '', remaining: null, closed: false,
    seat: 'outside', place: null, ahead: null, aheadAtFirst: null, eta: null, etaAt: 0, admission: null, orders: [], buying: false,
    problem: null,
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
            aheadAtFirst: Math.max(state.aheadAtFirst ?? 0, ahead), eta: message.eta_s, etaAt: now,
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
        return { ...state, orders, buying: false, problem: orders === state.orders ? state.problem : null };
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
    case 'sale-ended': return { ...state, phase: 'ended' };
    default: return state;
    }
}

const openStatuses = new Set(['queued', 'pending_payment', 'expiring']);
export const isOpen = (order: OrderMessage): boolean => openStatuses.has(order.status);
// The order the page is about: one that still needs something of the shopper, else the newest.
export const currentOrder = (state: State): OrderMessage | undefined =>
    state.orders.find(isOpen) ?? state.orders[state.orders.length - 1];
