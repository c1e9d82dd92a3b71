// The page: the article above, one stage below it that says where the shopper stands, and what they can do now.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { Line } from './line';
import { Article } from './article';
import { Stage } from './stage';
import { announcement, type Announcement } from './announce';
import { serverNow } from './clock';
import { noticesOf, type Notices } from './notice';
import { sceneOf, type Scene } from './scene';
import { currentOrder, initial, type State } from './state';
import { text } from './text';
import { useTimeLeft } from './timer';

const figureEveryMs = 20_000;

export function App({ id }: { id: string }): JSX.Element {
    const [state, setState] = useState<State>(initial);
    const line = useMemo(() => new Line(id, setState), [id]);
    useEffect(() => { void line.start(); }, [line]);
    useTimeLeft(state.admission?.expiresAt ?? 0); // a turn ends by itself
    const scene = sceneOf(state, serverNow());
    useTitle(state, scene);
    return (
        <main class="page">
            <Notice {...noticesOf(state, scene)} />
            {state.sale && <Article sale={state.sale} state={state} />}
            <Stage line={line} state={state} scene={scene} />
            <Announcer {...announcement(state, scene)} />
        </main>
    );
}

function Notice({ ours, merchant }: Notices): JSX.Element | null {
    if (!ours && !merchant) return null;
    return (
        <aside class="notice">
            {ours && <p>{ours}</p>}
            {merchant && <p class="merchant" dir="auto">{merchant}</p>}
        </aside>
    );
}

// Screen readers hear what changed, politely and not with every step of the number.
function Announcer({ lead, figure }: Announcement): JSX.Element {
    const [said, say] = useState('');
    const last = useRef({ lead: '', figure: '', at: 0 });
    useEffect(() => {
        const news = lead !== last.current.lead;
        if (!news && figure === last.current.figure) return undefined;
        const timer = setTimeout(() => {
            last.current = { lead, figure, at: performance.now() };
            say(news ? `${lead} ${figure}` : figure);
        }, news ? 0 : Math.max(0, last.current.at + figureEveryMs - performance.now()));
        return () => clearTimeout(timer);
    }, [lead, figure]);
    return <p class="unseen" role="status" aria-live="polite">{said}</p>;
}

function useTitle(state: State, scene: Scene): void {
    const lead = scene === 'turn' ? text.yourTurn
        : scene === 'order' && currentOrder(state)!.status === 'pending_payment' ? text.pay
        : scene === 'waiting' ? `${state.ahead}`
        : scene === 'sold-out' ? text.waitingForReturns
        : null;
    useEffect(() => {
        const name = state.sale?.title ?? 'Waiting room';
        document.title = lead ? `${lead} · ${name}` : name;
    }, [lead, state.sale?.title]);
}
