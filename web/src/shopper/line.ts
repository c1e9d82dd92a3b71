// The shopper's way through the line: session, join, answering the call, coming back.
//
//   session -> socket -> (before the start: count down) -> join -> ticket -> called/here -> admitted/entered -> orders
//                 \-- does not open --> polls, and tries a socket now and then         \-- refused: later, by itself
//
// One browser has one secret and one ticket: a first join runs under a lock over all tabs.
import * as clock from './clock';
import { loadSale, lock, openSession } from './door';
import type { ClientMessage, OrderMessage, ServerMessage } from './messages';
import { Poller } from './poll';
import { recall } from './recall';
import { Silence } from './silence';
import * as storage from './storage';
import { closedOrders, currentOrder, initial, isOpen, onMessage, withOrder, type State } from './state';
import { backoff, between, pause } from './wait';

const joinSpreadMs = 2000;              // joins at the start, and when a sale admits again, come spread over this
const againMs = [2000, 6000] as const;  // who was refused because too much was in flight asks again
const rejectedMs = [20_000, 40_000] as const; // who was refused by the shop: its change of mind is told anyway
const probeMs = [30_000, 90_000] as const;    // while polls work
const pollingAfterMs = 15_000;          // a network may swallow what it does not let pass: meanwhile polls are tried
const openPatienceMs = 30_000;          // a socket may wait this long to open: who turns away early comes back as one more in the storm
const failuresBeforePolling = 2;
const missingMs = [30_000, 60_000] as const;  // a sale that was known once
const unheardOfMs = [1000, 3000] as const;    // one that was never
const unheardOfTries = 3;
const recallAfterMs = 3000;             // a connection that tells of no order by then is to a closed line

const nothingKept = { ticket: undefined, worker: undefined, place: undefined, ahead: undefined, aheadAtFirst: undefined };
const noPurchase = { key: undefined, body: undefined };
const nowhere = { place: null, ahead: null, aheadAtFirst: null };

export class Line {
    state: State = initial;
    ordersTold = false;            // by the line, on this connection
    recalling = false;
    private socket: WebSocket | null = null;
    private readonly poller: Poller;
    private readonly silence = new Silence(() => this.drop());
    private failures = 0;          // sockets in a row that never opened
    private connectTimer = 0;
    private joinTimer = 0;
    private joined = false;        // on this connection
    private opened = false;        // it is once something was said: there are networks that let the handshake pass and nothing after it
    private reconnectWithinS = 5;
    private listening = false;
    private misses = 0;
    private unlock: () => void = () => undefined;

    constructor(readonly id: string, private readonly changed: (state: State) => void) {
        const kept = storage.read(id);
        this.state = { ...initial, ahead: kept.ahead ?? null, aheadAtFirst: kept.aheadAtFirst ?? null, place: kept.place ?? null, putAway: kept.putAway ?? [] };
        this.poller = new Poller(id, (message) => this.receive(message), () => this.set({ link: this.poller.works ? 'polling' : 'lost' }));
    }

    set(change: Partial<State>): void {
        this.state = { ...this.state, ...change };
        this.changed(this.state);
    }

    async start(): Promise<void> {
        const lost = (): void => this.set({ link: 'lost' });
        const [sale] = await Promise.all([loadSale(this.id, lost), clock.synchronise(() => this.set({}))]);
        if (!sale) {
            void this.miss();
            return;
        }
        this.set({ missing: false });
        if (storage.read(this.id).run !== sale.run) { // what is of another run is worth nothing
            storage.keep(this.id, { ...nothingKept, ...noPurchase, order: undefined, putAway: undefined, run: sale.run });
            this.set({ ...nowhere, putAway: [] });
        }
        this.set({ sale, phase: sale.phase, mode: sale.mode, message: sale.message, remaining: sale.remaining });
        void recall(this);
        await openSession(this.id, lost);
        this.listen();
        this.connect();
    }
    private listen(): void {
        if (this.listening) return;
        this.listening = true;
        addEventListener('online', () => this.wake());
        document.addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'visible') this.wake();
        });
    }
    // Withdrawn long after its end: what was bought can still be asked for. Or its servers have lost it for a while, and find it again.
    // To who was never here it may be so new that not all of them know it yet.
    private async miss(): Promise<void> {
        this.set({ missing: true });
        void recall(this);
        const known = storage.read(this.id).run !== undefined;
        if (!known && this.misses++ === unheardOfTries) return;
        await pause(known ? between(...missingMs) : between(...unheardOfMs));
        await this.start();
    }

    // ---- the connection ----
    private over(): boolean {
        return this.state.missing || this.state.seat === 'superseded' || this.state.seat === 'left';
    }
    private connect(): void {
        if (this.socket || this.over()) return;
        const url = new URL(`/v1/sales/${this.id}/queue`, location.href);
        url.protocol = url.protocol.replace('http', 'ws');
        const socket = new WebSocket(url, 'waitroom.v1');
        this.socket = socket;
        this.opened = false;
        const impatience = setTimeout(() => this.poller.start(), pollingAfterMs);
        const watchdog = setTimeout(() => socket.close(), openPatienceMs);
        const open = (): void => {
            this.opened = true;
            clearTimeout(impatience);
            clearTimeout(watchdog);
            this.failures = 0;
            this.joined = false;
            this.poller.stop();
            this.set({ link: 'open' });
            this.recallOrder();
        };
        socket.onmessage = (event) => {
            if (this.socket !== socket) return;
            if (!this.opened) open();
            this.silence.heard();
            this.receive(JSON.parse(event.data as string) as ServerMessage);
        };
        socket.onclose = () => {
            clearTimeout(impatience);
            clearTimeout(watchdog);
            if (this.socket === socket) this.lose(this.opened);
        };
    }
    private recallOrder(): void {
        const order = currentOrder(this.state);
        if (!order || !isOpen(order)) return;
        this.ordersTold = false;
        void recall(this, recallAfterMs);
    }
    private wake(): void {
        if (this.state.link === 'open') this.silence.look();
        else this.connectIn(0);
    }
    private drop(): void {
        this.socket?.close(); // its end is not waited for: the other side may never answer
        this.lose(true);
    }
    private lose(opened: boolean): void {
        this.silence.stop();
        this.socket = null;
        if (!this.over()) this.onLost(opened);
    }
    private onLost(opened: boolean): void {
        if (opened) {
            this.joined = false;
            clearTimeout(this.joinTimer);
            if (this.state.seat === 'refused') this.set({ seat: 'outside' }); // the next connection asks anew
        } else if (++this.failures >= failuresBeforePolling) {
            this.poller.start();
        }
        if (!this.poller.works) this.set({ link: 'lost' });
        this.connectIn(this.poller.works ? between(...probeMs) : opened ? Math.random() * this.reconnectWithinS * 1000 : backoff(this.failures));
    }
    private connectIn(ms: number): void {
        clearTimeout(this.connectTimer);
        this.connectTimer = window.setTimeout(() => this.connect(), ms);
    }
    private say(message: ClientMessage): void {
        if (this.opened && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
        else if (this.poller.on) this.poller.say(message);
    }

    // ---- joining ----
    private async join(): Promise<void> {
        if (this.joined || this.over()) return;
        this.joined = true;
        if (!storage.read(this.id).ticket) {
            this.set({ seat: 'joining' });
            this.unlock();
            this.unlock = await lock(this.id); // another tab may bring the ticket meanwhile
        }
        const { ticket, worker, secret } = storage.read(this.id);
        if (ticket) this.unlock();
        this.say({ type: 'join', ...(ticket && { ticket }), ...(worker && { was: worker }), ...(secret && { secret }) });
    }
    private joinIn(ms: number): void {
        clearTimeout(this.joinTimer);
        this.joinTimer = window.setTimeout(() => {
            this.joined = false;
            void this.join();
        }, ms);
    }
    private joinAtStart(startsAt: number): void {
        clearTimeout(this.joinTimer);
        const wait = Math.max(0, startsAt - clock.serverNow()) + Math.random() * joinSpreadMs;
        // Timers are 32 bits wide and sleep with the phone: look again at least once a minute.
        this.joinTimer = window.setTimeout(() => {
            if (clock.serverNow() >= startsAt) void this.join();
            else this.joinAtStart(startsAt);
        }, Math.min(wait, 60_000));
    }

    // ---- what the server says ----
    private receive(message: ServerMessage): void {
        const before = this.state;
        if (before.seat === 'left' && message.type !== 'sale' && message.type !== 'order') return; // it was on its way
        this.set(onMessage(this.state, message, Date.now()));
        switch (message.type) {
        case 'sale':
            clock.hint(message.now);
            if (message.phase === 'scheduled' || message.phase === 'lobby') this.joinAtStart(message.starts_at);
            else if (before.seat === 'refused') { if (before.mode === 'reject' && message.mode !== 'reject') this.joinIn(Math.random() * joinSpreadMs); }
            else if (storage.read(this.id).ticket || message.phase !== 'ended') void this.join();
            break;
        case 'ticket':
            this.reconnectWithinS = message.reconnect_within_s;
            storage.keep(this.id, { ticket: message.ticket, worker: message.worker, place: message.place });
            this.unlock();
            break;
        case 'position':
            storage.keep(this.id, { ahead: this.state.ahead ?? undefined, aheadAtFirst: this.state.aheadAtFirst ?? undefined });
            break;
        case 'order':
            this.ordersTold = true;
            this.keepOrder();
            break;
        case 'called':
            if (!message.again) this.say({ type: 'here' });
            break;
        case 'admitted':
            this.say({ type: 'entered' });
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
        this.unlock();
        if (code === 'ticket-invalid') { // forged, of another run or of another browser's secret: start anew
            storage.keep(this.id, nothingKept);
            this.joinIn(0);
        } else if (code === 'not-open') {
            this.joined = false; // if the start is late, `sale` says when it came
            const startsAt = this.state.sale?.starts_at ?? 0;
            if (clock.serverNow() < startsAt) this.joinAtStart(startsAt);
        } else if (code === 'unauthenticated') {
            void openSession(this.id, () => undefined).then(() => {
                if (this.socket) this.socket.close(); // the cookie comes with the next one
                else this.joinIn(0);
            });
        } else if (this.state.missing) {
            this.poller.stop();
            void this.miss();
        } else if (this.state.seat === 'refused') {
            this.joinIn(this.state.mode === 'reject' ? between(...rejectedMs) : between(...againMs));
        } else if (code === 'line-closed' && this.state.seat === 'joining' && this.poller.on) {
            this.joinIn(between(...againMs)); // on a socket the server keeps the wish
        }
    }

    // ---- what the shopper does ----
    accepted(order: OrderMessage): void {
        const seat = this.state.seat === 'superseded' ? 'superseded' : 'spent'; // what becomes of it is told in the other tab
        this.take(order);
        this.set({ seat });
    }
    take(order: OrderMessage): void {
        this.set({ orders: withOrder(this.state.orders, order) });
        this.keepOrder();
    }
    private keepOrder(): void {
        storage.keep(this.id, { order: currentOrder(this.state)?.queue_ticket_id });
    }
    hereAgain(): void {
        this.say({ type: 'here', again: true });
        this.set({ seat: 'waiting' });
    }
    useHere(): void {
        const { putAway = [] } = storage.read(this.id); // by the other tab, meanwhile
        this.set({ seat: 'joining', putAway });
        this.connectIn(0);
    }
    leave(): void {
        this.say({ type: 'leave' });
        storage.keep(this.id, { ...nothingKept, ...noPurchase });
        this.set({ ...nowhere, seat: 'left', admission: null });
        this.socket?.close(1000);
    }
    joinAnew(): void {
        const putAway = closedOrders(this.state);
        storage.keep(this.id, { ...nothingKept, ...noPurchase, putAway });
        this.set({ ...nowhere, seat: 'joining', admission: null, problem: null, uncancelled: null, putAway });
        if (this.state.orders.length) this.keepOrder();
        if (this.socket || this.poller.on) this.joinIn(0);
        else this.connectIn(0);
    }
}
