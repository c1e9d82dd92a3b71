// Draws the scene: before the start, in line, at one's turn, what became of an order, or outside.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { buy } from './buy';
import type { Line } from './line';
import type { Sale } from './messages';
import type { Card, Scene } from './scene';
import { currentOrder, moves, type State } from './state';
import { cards, count, countdown, dateAndTime, price, problemWords, text, waitingHint, waitRange } from './text';
import { Confirm } from './confirm';
import { Order } from './order';
import { shopAddress } from './shop';
import { TimeLeft, useTimeLeft } from './timer';

export function Stage({ line, state, scene }: { line: Line; state: State; scene: Scene }): JSX.Element {
    switch (scene) {
    case 'turn': return <Turn line={line} state={state} />;
    case 'countdown': return <Countdown startsAt={state.sale!.starts_at} />;
    case 'sold-out': return <SoldOut line={line} ahead={state.ahead} />;
    case 'joining': case 'connecting': return <Arriving title={text[scene]} />;
    case 'waiting': return <Waiting line={line} state={state} ahead={state.ahead!} />;
    case 'order': return <Order line={line} state={state} order={currentOrder(state)!} />;
    case 'opening': return <p class="quiet">{text.opening}</p>;
    default: return <Words line={line} card={scene} />;
    }
}

const buttons: { [card in Card]?: [string, (line: Line) => void] } = {
    superseded: [text.useHere, (line) => line.useHere()],
    dozing: [text.here, (line) => line.hereAgain()],
    left: [text.joinAgain, (line) => line.joinAnew()],
    spent: [text.joinAgain, (line) => line.joinAnew()],
    passed: [text.joinAgain, (line) => line.joinAnew()],
};
function Words({ line, card }: { line: Line; card: Card }): JSX.Element {
    const { title, detail } = cards[card], button = buttons[card];
    const Heading = card === 'missing' ? 'h1' : 'h2'; // else the article's name is above
    return (
        <section class="stage">
            <Heading>{title}</Heading>
            {detail && <p class="quiet">{detail}</p>}
            {card === 'busy' && <Ring share={0} busy />}
            {button && <button class="primary" onClick={() => button[1](line)}>{button[0]}</button>}
        </section>
    );
}

function Countdown({ startsAt }: { startsAt: number }): JSX.Element {
    const left = useTimeLeft(startsAt);
    return (
        <section class="stage">
            <h2 class="label">{text.startsIn}</h2>
            <p class="big" role="timer" aria-label={`${text.startsAt} ${dateAndTime(startsAt)}`}>{countdown(left)}</p>
            <p class="quiet">{text.startsAt} {dateAndTime(startsAt)}</p>
            <p class="hint">{text.startNote}</p>
        </section>
    );
}

function SoldOut({ line, ahead }: { line: Line; ahead: number | null }): JSX.Element {
    return (
        <section class="stage">
            <h2>{text.waitingForReturns}</h2>
            <p class="quiet">{text.waitingForReturnsDetail}</p>
            {ahead !== null && <p><strong>{ahead > 0 ? text.stillAhead(ahead) : text.firstInLine}</strong></p>}
            <LeaveButton line={line} />
        </section>
    );
}

function Arriving({ title }: { title: string }): JSX.Element {
    return <section class="stage"><h2 class="label">{title}</h2><Ring share={0} busy /></section>;
}

function Waiting({ line, state, ahead }: { line: Line; state: State; ahead: number }): JSX.Element {
    const { aheadAtFirst, eta } = state;
    const share = aheadAtFirst ? 1 - ahead / aheadAtFirst : 1;
    return (
        <section class="stage">
            <Ring share={share}>
                {ahead === 0
                    ? <h2>{text.next}</h2>
                    : <h2 class="ahead"><span class="big">{count(ahead)}</span> <span class="label">{text.ahead(ahead)}</span></h2>}
            </Ring>
            {ahead > 0 && eta && moves(state) && <p class="eta"><Eta eta={eta} at={state.etaAt} /></p>}
            <p class="hint">{waitingHint(ahead, moves(state), state.limit === 'full')}</p>
            <LeaveButton line={line} />
        </section>
    );
}

function Eta({ eta, at }: { eta: [number, number]; at: number }): JSX.Element {
    const [, again] = useState(0);
    useEffect(() => { // counts down between two pushes
        const timer = setInterval(() => again((n) => n + 1), 1000);
        return () => clearInterval(timer);
    }, []);
    const gone = (Date.now() - at) / 1000;
    return <>{waitRange([Math.max(0, eta[0] - gone), Math.max(1, eta[1] - gone)])}</>;
}

function Ring({ share, busy, children }: { share: number; busy?: boolean; children?: ComponentChildren }): JSX.Element {
    const length = 2 * Math.PI * 46;
    return (
        <div class={busy ? 'ring ring-busy' : 'ring'}>
            <svg viewBox="0 0 100 100" aria-hidden="true">
                <circle cx="50" cy="50" r="46" class="ring-track" />
                <circle cx="50" cy="50" r="46" class="ring-done" stroke-dasharray={length} stroke-dashoffset={length * (1 - (busy ? 0.25 : Math.min(1, Math.max(0.02, share))))} />
            </svg>
            <div class="ring-inside">{children}</div>
        </div>
    );
}

function LeaveButton({ line }: { line: Line }): JSX.Element {
    return <Confirm label={text.leave} question={text.leaveSure} yes={text.leaveYes} no={text.leaveNo} onYes={() => line.leave()} />;
}

function Turn({ line, state }: { line: Line; state: State }): JSX.Element {
    const { problem } = state, admission = state.admission!;
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => heading.current?.focus(), []);
    return (
        <section class="stage stage-turn">
            <h2 ref={heading} tabIndex={-1}>{text.yourTurn}</h2>
            <TimeLeft until={admission.expiresAt} label={text.turnLeft} />
            {admission.checkoutUrl ? <a class="primary" href={shopAddress(admission, location.href)}>{text.goToShop}</a> : <Purchase line={line} sale={state.sale!} buying={state.buying} />}
            {problem && <p class="problem" role="alert">{problemWords(text.problems, problem)}</p>}
        </section>
    );
}

// The browser checks the quantity, and refuses one that is out of bounds: nobody buys what they did not type.
function Purchase({ line, sale, buying }: { line: Line; sale: Sale; buying: boolean }): JSX.Element {
    const [sku, setSku] = useState(sale.skus[0]?.sku ?? '');
    const [typed, type] = useState('1');
    const quantity = Number(typed);
    const article = sale.skus.find((s) => s.sku === sku);
    return (
        <form onSubmit={(event) => { event.preventDefault(); void buy(line, sku, quantity); }}>
            {sale.skus.length > 1 && (
                <fieldset>
                    <legend class="unseen">{text.article}</legend>
                    {sale.skus.map((s) => (
                        <label key={s.sku} class="choice">
                            <input type="radio" name="sku" value={s.sku} checked={s.sku === sku} onChange={() => setSku(s.sku)} /> <span><bdi>{s.name}</bdi><br /><span class="quiet">{price(s.unit_price, sale.currency)}</span></span>
                        </label>
                    ))}
                </fieldset>
            )}
            {sale.per_shopper > 1 && (
                <label class="choice">{text.quantity} <span class="quiet">{text.upTo(sale.per_shopper)}</span>
                    <input type="number" required min={1} max={sale.per_shopper} value={typed} inputMode="numeric"
                        onClick={(event) => event.currentTarget.select()} onInput={(event) => type(event.currentTarget.value)} />
                </label>
            )}
            {article && quantity > 1 && quantity <= sale.per_shopper && <p class="quiet">{text.total} <strong>{price(quantity * article.unit_price, sale.currency)}</strong></p>}
            <button class="primary" type="submit" aria-disabled={buying}>{buying ? text.buying : text.buy}</button>
        </form>
    );
}
