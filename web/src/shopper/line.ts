// The connection to the line: session, join, answering the call, reconnecting, and polling where WebSockets do not pass.
//
//   session -> socket -> (before the start: count down) -> join -> ticket -> called/here -> admitted/entered -> orders
//
// One browser has one secret and one ticket: the session and the first join run under a lock over all tabs.
import * as clock from './clock';
import type { ClientMessage, OrderMessage, Sale, ServerMessage } from './messages';
import * as storage from './storage';
import { initial, onMessage, withOrder, type State } from './state';

const joinSpreadMs = 2000;     // joins at the start come spread over this
const backoffMs = [300, 800, 2000, 5000, 10_000, 15_000];
const failuresBeforePolling = 3;

export class Line {
    state: State = initial;
    private socket: WebSocket | null = null;
    private failures = 0;          // sockets in a row that never opened
    private retryTimer = 0;
    private startTimer = 0;
    private stopped = false;
    private reconnectWithinS = 5;
    private lock: (() => void) | null = null;

    constructor(readonly id: string, private readonly changed: (state: State) => void) {
        const kept = storage.read(id);
        this.state = { ...initial, ahead: kept.ahead ?? null, aheadAtFirst: kept.aheadAtFirst ?? null, place: kept.place ?? null };
    }

    set(change: Partial<State>): void {
        this.state = { ...this.state, ...change };
        this.changed(this.state);
    }

    async start(): Promise<void> {
        clock.synchronise().catch(() => undefined); // the socket tells the time as well
        addEventListener('online', () => this.connectSoon(0));
        document.addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'visible' && this.state.link !== 'open') this.connectSoon(0);
        });
        await this.loadSale();
        if (this.state.missing) return;
        await this.openSession();
        this.connect();
    }

    private async loadSale(): Promise<void> {
        for (let tries = 0; ; tries++) {
            try {
                const answer = await fetch(`/v1/sales/${this.id}`);
                if (answer.status === 404) return this.set({ missing: true, link: 'lost' });
                if (answer.ok) {
                    const sale = (await answer.json()) as Sale;
                    const kept = storage.read(this.id);
                    if (kept.run !== sale.run) {
                        // Tickets and tokens of another run are worth nothing.
                        storage.keep(this.id, { ticket: undefined, worker: undefined, place: undefined, ahead: undefined,
                            aheadAtFirst: undefined, token: undefined, tokenExpiresAt: undefined, key: undefined, body: undefined, run: sale.run });
                        this.set({ ahead: null, aheadAtFirst: null, place: null });
                    }
                    return this.set({ sale, phase: sale.phase, mode: sale.mode, message: sale.message, remaining: sale.remaining });
                }
            } catch {
                this.set({ link: 'lost' });
            }
            await pause(backoff(tries));
        }
    }

    private async openSession(): Promise<void> {
        await this.takeLock();
        try {
            const { secret: known } = storage.read(this.id);
            for (let tries = 0; ; tries++) {
                try {
                    const headers: Record<string, string> = { 'content-type': 'application/json' };
                    if (known) headers['waitroom-secret'] = known;
                    const answer = await fetch('/v1/session', { method: 'POST', headers, body: JSON.stringify({ cookie: navigator.cookieEnabled }) });
                    if (answer.ok) {
                        const { secret } = (await answer.json()) as { secret?: string };
                        if (secret) storage.keep(this.id, { secret });
                        return;
                    }
                } catch {
                    this.set({ link: 'lost' });
                }
                await pause(backoff(tries));
            }
        } finally {
            if (storage.read(this.id).ticket) this.releaseLock();
        }
    }

    // Held from the session to the first ticket, so that two tabs opened at once do not join twice.
    private takeLock(): Promise<void> {
        if (!navigator.locks) return Promise.resolve();
        return new Promise((taken) => {
            void navigator.locks.request(`waitroom:${this.id}`, () => new Promise<void>((release) => {
                this.lock = release;
                setTimeout(() => this.releaseLock(), 10_000);
                taken();
            }));
        });
    }
    private releaseLock(): void {
        this.lock?.();
        this.lock = null;
    }

    // ---- the socket ----
    private connect(): void {
        if (this.stopped || this.socket) return;
        const url = new URL(`/v1/sales/${this.id}/queue`, location.href);
        url.protocol = url.protocol.replace('http', 'ws');
        const socket = new WebSocket(url, 'waitroom.v1');
        this.socket = socket;
        let opened = false;
        const watchdog = setTimeout(() => { if (!opened) socket.close(); }, 10_000);
        socket.onopen = () => {
            opened = true;
            this.failures = 0;
            clearTimeout(watchdog);
            this.set({ link: 'open' });
        };
        socket.onmessage = (event) => this.receive(JSON.parse(event.data as string) as ServerMessage);
        socket.onclose = (event) => {
            clearTimeout(watchdog);
            if (this.socket !== socket) return;
            this.socket = null;
            clearTimeout(this.startTimer);
            this.joined = false;
            if (this.state.seat === 'superseded' || this.state.seat === 'left' || event.code === 4001) return;
            if (!opened) this.failures++;
            this.set({ link: 'lost' });
            if (this.failures >= failuresBeforePolling && storage.read(this.id).ticket) void this.poll();
            else this.connectSoon(opened ? Math.random() * this.reconnectWithinS * 1000 : backoff(this.failures));
        };
    }
    private connectSoon(ms: number): void {
        clearTimeout(this.retryTimer);
        this.retryTimer = window.setTimeout(() => this.connect(), ms);
    }
    private send(message: ClientMessage): void {
        if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    }

    private joined = false; // on this socket
    private join(): void {
        if (this.joined || this.state.seat === 'left') return;
        this.joined = true;
        const { ticket, worker, secret } = storage.read(this.id);
        if (!ticket) this.set({ seat: 'joining' });
        this.send({ type: 'join', ...(ticket && { ticket }), ...(worker && { was: worker }), ...(secret && { secret }) });
    }
    private joinAtStart(startsAt: number): void {
        clearTimeout(this.startTimer);
        const wait = Math.max(0, startsAt - clock.serverNow()) + Math.random() * joinSpreadMs;
        // Timers are 32 bits wide and sleep with the phone: look again at least once a minute.
        this.startTimer = window.setTimeout(() => {
            if (clock.serverNow() >= startsAt) this.join();
            else this.joinAtStart(startsAt);
        }, Math.min(wait, 60_000));
    }

    private receive(message: ServerMessage): void {
        this.set(onMessage(this.state, message, Date.now()));
        switch (message.type) {
        case 'sale':
            clock.hint(message.now);
            if (message.phase === 'scheduled' || message.phase === 'lobby') this.joinAtStart(message.starts_at);
            else if (storage.read(this.id).ticket || message.phase !== 'ended') this.join();
            break;
        case 'ticket':
            this.reconnectWithinS = message.reconnect_within_s;
            storage.keep(this.id, { ticket: message.ticket, worker: message.worker, place: message.place });
            this.releaseLock();
            break;
        case 'position':
            storage.keep(this.id, { ahead: this.state.ahead ?? undefined, aheadAtFirst: this.state.aheadAtFirst ?? undefined });
            break;
        case 'called':
            if (!message.again) this.send({ type: 'here' });
            break;
        case 'admitted':
            storage.keep(this.id, { token: message.token, tokenExpiresAt: message.expires_at });
            this.send({ type: 'entered' });
            break;
        case 'reconnect':
            this.reconnectWithinS = message.within_s;
            break;
        case 'error':
            this.onError(message.code);
            break;
        }
    }
    private onError(code: string): void {
        if (code === 'ticket-invalid') { // forged, of another run or of another browser's secret: start anew
            storage.keep(this.id, { ticket: undefined, worker: undefined, place: undefined, ahead: undefined, aheadAtFirst: undefined });
            this.joined = false;
            this.join();
        } else if (code === 'not-open') {
            this.joined = false;
            if (this.state.sale) this.joinAtStart(this.state.sale.starts_at);
        } else if (code === 'unauthenticated') {
            void this.openSession().then(() => { this.socket?.close(); });
        }
    }

    // ---- polling: the same ticket, the same messages, at the intervals the server sets ----
    private async poll(): Promise<void> {
        this.set({ link: 'polling' });
        for (let tries = 0; !this.stopped && !this.socket;) {
            const { ticket, secret } = storage.read(this.id);
            if (!ticket) return this.connect();
            let waitMs = backoff(tries);
            try {
                const headers: Record<string, string> = { authorization: `Ticket ${ticket}` };
                if (secret) headers['waitroom-secret'] = secret;
                const answer = await fetch(`/v1/sales/${this.id}/queue`, { headers, cache: 'no-store' });
                if (answer.ok) {
                    const { messages, next_s } = (await answer.json()) as { messages: ServerMessage[]; next_s: number };
                    for (const message of messages) this.set(onMessage(this.state, message, Date.now()));
                    waitMs = next_s * 1000;
                    tries = 0;
                } else {
                    tries++;
                    waitMs = Math.max(waitMs, Number(answer.headers.get('retry-after') ?? 0) * 1000);
                }
            } catch {
                tries++;
            }
            await pause(waitMs);
            if (Math.random() < 0.1) { // now and then a socket is tried again
                this.failures = failuresBeforePolling - 1;
                return this.connect();
            }
        }
    }

    // ---- what the shopper does ----
    accepted(order: OrderMessage): void {
        this.set({ orders: withOrder(this.state.orders, order), seat: 'spent' });
    }
    hereAgain(): void {
        this.send({ type: 'here', again: true });
        this.set({ seat: 'waiting' });
    }
    useHere(): void {
        this.set({ seat: 'joining' });
        this.joined = false;
        if (this.socket) this.join();
        else this.connect();
    }
    leave(): void {
        this.send({ type: 'leave' });
        storage.keep(this.id, { ticket: undefined, worker: undefined, place: undefined, ahead: undefined, aheadAtFirst: undefined, token: undefined, tokenExpiresAt: undefined });
        this.set({ seat: 'left', place: null, ahead: null, aheadAtFirst: null, admission: null });
        this.socket?.close(1000);
    }
    joinAnew(): void {
        storage.keep(this.id, { ticket: undefined, worker: undefined, place: undefined, ahead: undefined, aheadAtFirst: undefined,
            token: undefined, tokenExpiresAt: undefined, key: undefined, body: undefined });
        this.set({ seat: 'joining', place: null, ahead: null, aheadAtFirst: null, admission: null, problem: null });
        this.joined = false;
        if (this.socket) this.join();
        else this.connectSoon(0);
    }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const backoff = (tries: number): number => backoffMs[Math.min(tries, backoffMs.length - 1)]! * (0.5 + Math.random());
