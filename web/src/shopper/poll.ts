// The line where WebSockets do not pass: the same ticket, the same messages, at the intervals the server sets.
//
//   no ticket -> the sale's document now and then; `join` is a POST, answered when there is a number
//   a ticket  -> GET: a poll is `here`; what else is said is a POST
//
// Each request may come to another worker. So each names the token that is kept here, which is `entered`, and the worker that answered
// the last one.
// A refusal is handed on as the `error` message that a socket would have brought. Another tab that has come since keeps another worker's
// name: this one stops then, as its socket would have been closed.
import { serverNow } from './clock';
import { problemCode, type ClientMessage, type Problem, type Sale, type ServerMessage } from './messages';
import * as storage from './storage';
import { ask, backoff, between } from './wait';

export class Poller {
    works = false;              // the last poll was answered
    private said: string[] = [];
    private kept?: string;      // of the last `admitted`
    private told: string | undefined; // the worker of the last `ticket`
    private run = 0;            // of this start; 0: stopped
    private runs = 0;
    private wake: () => void = () => undefined;

    constructor(private readonly id: string, private readonly receive: (message: ServerMessage) => void, private readonly changed: () => void) {}

    get on(): boolean { return this.run !== 0; }
    start(): void {
        if (this.on) return;
        this.run = ++this.runs;
        this.told = undefined;
        void this.poll(this.run);
    }
    stop(): void {
        this.run = 0;
        this.works = false;
        this.said = [];
        this.wake();
    }
    say(message: ClientMessage): void {
        const { ticket, worker: was } = storage.read(this.id), who = ticket ? { ticket, was, kept: this.kept } : {};
        if (message.type === 'join') this.said.push(JSON.stringify(who));
        else if (message.type === 'leave') this.said.push(JSON.stringify({ ...who, say: 'leave' }));
        else if (message.type === 'here' && message.again) this.said.push(JSON.stringify({ ...who, again: true }));
        this.wake();
    }

    private async poll(run: number): Promise<void> {
        for (let tries = 0; this.run === run;) {
            const { worker } = storage.read(this.id), said = this.said[0];
            if (this.told && worker && worker !== this.told) {
                this.stop();
                return this.receive({ type: 'superseded' });
            }
            let waitMs: number;
            try {
                const { answer, body } = await this.ask(said);
                if (this.run !== run) return;
                if (said !== undefined) this.said.shift();
                this.works = true;
                tries = answer.ok ? 0 : tries + 1;
                this.changed();
                waitMs = answer.ok ? this.take(body) : Math.max(backoff(tries), Number(answer.headers.get('retry-after')) * 1000);
                if (!answer.ok) this.receive(asMessage(body as Problem));
            } catch {
                this.works = false;
                waitMs = backoff(tries++);
                if (this.run === run) this.changed();
            }
            if (this.works && this.said.length) continue;
            await new Promise<void>((done) => {
                const timer = setTimeout(done, waitMs);
                this.wake = () => { clearTimeout(timer); done(); };
            });
        }
    }
    private ask(said: string | undefined): ReturnType<typeof ask> {
        const { ticket, secret, worker } = storage.read(this.id);
        const url = `/v1/sales/${this.id}`, headers = { 'content-type': 'application/json', ...(secret && { 'waitroom-secret': secret }) };
        if (said !== undefined) return ask(`${url}/queue`, { method: 'POST', headers, body: said, keepalive: true });
        const query = new URLSearchParams({ ...(worker && { was: worker }), ...(this.kept && { kept: this.kept }) });
        if (ticket) return ask(`${url}/queue?${query}`, { headers: { ...headers, authorization: `Ticket ${ticket}` }, cache: 'no-store' });
        return ask(url, { cache: 'no-cache' });
    }
    // Hands the answer on and returns when to ask again.
    private take(body: unknown): number {
        if (typeof body === 'object' && body && 'messages' in body) {
            const { messages, next_s } = body as { messages: ServerMessage[]; next_s: number };
            for (const message of messages) {
                if (message.type === 'admitted') this.kept = nameOf(message.token);
                if (message.type === 'ticket') this.told = message.worker;
                this.receive(message);
            }
            return next_s * 1000;
        }
        const { phase, mode, message, remaining, starts_at, ends_at } = body as Sale;
        this.receive({ type: 'sale', phase, mode, message, remaining, starts_at, ends_at, now: serverNow() });
        return between(4000, 8000);
    }
}

// The `jti` of a token: its claims are the second part, as base64url.
const nameOf = (token: string): string => {
    const claims = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    return (JSON.parse(atob(claims)) as { jti: string }).jti;
};
const asMessage = (problem: Problem): ServerMessage =>
    ({ type: 'error', code: problemCode(problem.type), detail: problem.detail ?? problem.title, next: problem.next ?? '' });
