// The wire: subprotocol waitroom.v1 (docs/asyncapi.yaml) and the sale document (docs/openapi.yaml).
export type Phase = 'scheduled' | 'lobby' | 'live' | 'sold_out' | 'ended';
export type Mode = 'queue' | 'hold' | 'reject' | 'passthrough';
export type Limit = 'full' | 'stopped' | null;
export type OrderStatus =
    | 'queued' | 'pending_payment' | 'expiring' | 'confirmed' | 'expired' | 'cancelled' | 'failed' | 'refunded';

export interface Sku { sku: string; name: string; unit_price: number; total: number }
export interface Sale {
    id: string; run: number; title: string; description: string; image_url: string; currency: string;
    starts_at: number; ends_at: number; per_shopper: number; hold_s: number; skus: Sku[];
    phase: Phase; mode: Mode; message: string; remaining: number | null;
}
export interface OrderMessage {
    type: 'order'; sale: string; queue_ticket_id: string; sku: string; quantity: number; status: OrderStatus; event: number;
    payment_url?: string; expires_at?: number; reason?: string;
}
export type ServerMessage =
    | { type: 'sale'; phase: Phase; mode: Mode; message: string; remaining: number | null; now: number; starts_at: number; ends_at: number }
    | { type: 'ticket'; ticket: string; lane: number; place: number; worker: string; reconnect_within_s: number }
    | { type: 'position'; ahead: number; eta_s: [number, number] | null; limit: Limit; next_s: number }
    | { type: 'called'; again?: boolean }
    | { type: 'admitted'; token: string; expires_at: number; checkout_url: string }
    | OrderMessage
    | { type: 'superseded' }
    | { type: 'spent'; next: string }
    | { type: 'reconnect'; within_s: number }
    | { type: 'error'; code: string; detail: string; next: string };
export type ClientMessage =
    | { type: 'join'; ticket?: string; secret?: string; was?: string }
    | { type: 'here'; again?: boolean }
    | { type: 'entered' }
    | { type: 'leave' };
export const problemCode = (type: string): string => type.split('/').pop() ?? '';
export interface Problem { type: string; title: string; status: number; detail?: string; next?: string; remaining?: number }
