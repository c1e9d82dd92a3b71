// The page: the article above, one stage below it that says where the shopper stands, and what they can do now.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { Line } from './line';
import { Article } from './article';
import { Order } from './order';
import { Stage } from './stage';
import { currentOrder, initial, type State } from './state';
import { announcement } from './announce';
import { text } from './text';

export function App({ id }: { id: string }): JSX.Element {
    const [state, setState] = useState<State>(initial);
    const line = useMemo(() => new Line(id, setState), [id]);
    useEffect(() => { void line.start(); }, [line]);
    const order = currentOrder(state);
    const buyable = state.seat === 'admitted' && state.admission !== null;
    useTitle(state);

    if (state.missing) {
        return <main class="page"><h1>{text.missing}</h1><p class="quiet">{text.missingDetail}</p></main>;
    }
    return (
        <main class="page">
            <Notice state={state} />
            {state.sale ? <Article sale={state.sale} remaining={state.remaining} phase={state.phase} /> : <p class="quiet">{text.connecting}</p>}
            {order && !buyable ? <Order line={line} state={state} order={order} /> : state.sale && <Stage line={line} state={state} />}
            <Announcer state={state} />
        </main>
    );
}

function Notice({ state }: { state: State }): JSX.Element | null {
    const connection =
        state.link === 'lost' && state.sale ? text.lost
        : state.closed ? text.closed
        : state.link === 'polling' ? text.polling
        : state.mode === 'hold' ? text.held
        : state.mode === 'reject' ? text.rejected
        : null;
    if (!connection && !state.message) return null;
    return (
        <aside class="notice">
            {connection && <p>{connection}</p>}
            {state.message && <p class="merchant">{state.message}</p>}
        </aside>
    );
}

// Screen readers hear what changed, politely and not with every step of the number.
function Announcer({ state }: { state: State }): JSX.Element {
    const [said, say] = useState('');
    const last = useRef({ text: '', at: 0 });
    const { sentence, urgent } = announcement(state);
    useEffect(() => {
        const wait = urgent ? 0 : Math.max(0, last.current.at + 20_000 - Date.now());
        const timer = setTimeout(() => {
            if (sentence !== last.current.text) {
                last.current = { text: sentence, at: Date.now() };
                say(sentence);
            }
        }, wait);
        return () => clearTimeout(timer);
    }, [sentence, urgent]);
    return <p class="unseen" role="status" aria-live="polite">{said}</p>;
}

function useTitle(state: State): void {
    const order = currentOrder(state);
    const lead = state.seat === 'admitted' && state.admission ? text.yourTurn
        : order?.status === 'pending_payment' ? text.pay
        : state.seat === 'waiting' && state.ahead !== null ? `${state.ahead}`
        : null;
    useEffect(() => {
        const name = state.sale?.title ?? 'Waiting room';
        document.title = lead ? `${lead} · ${name}` : name;
    }, [lead, state.sale?.title]);
}
