// Where the shopper stands: before the start, in line, at their turn, or outside.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { buy } from './buy';
import { serverNow } from './clock';
import type { Line } from './line';
import type { State } from './state';
import { clockTime, count, countdown, dateAndTime, text, waitRange } from './text';
import { Confirm } from './confirm';

export function Stage({ line, state }: { line: Line; state: State }): JSX.Element {
    const { seat, phase } = state;
    if (seat === 'admitted' && state.admission) return <Turn line={line} state={state} />;
    if (seat === 'superseded') return <Card title={text.superseded} detail={text.supersededDetail} action={[text.useHere, () => line.useHere()]} />;
    if (seat === 'dozing') return <Card title={text.dozing} detail={text.dozingDetail} action={[text.here, () => line.hereAgain()]} />;
    if (seat === 'blocked') return <Card title={text.blocked} detail={text.blockedDetail} />;
    if (phase === 'ended') return <Card title={text.ended} detail={text.endedDetail} />;
    if (seat === 'left') return <Card title={text.leftLine} action={[text.joinAgain, () => line.joinAnew()]} />;
    if (seat === 'spent') return <Card title={text.spent} detail={text.spentDetail} action={[text.joinAgain, () => line.joinAnew()]} />;
    if (seat === 'passed') return <Card title={text.passed} detail={text.passedDetail} action={[text.joinAgain, () => line.joinAnew()]} />;
    if (phase === 'scheduled' || phase === 'lobby') return <Countdown startsAt={state.sale!.starts_at} />;
    return <Waiting line={line} state={state} />;
}

export function Card({ title, detail, action, children }: {
    title: string; detail?: string; action?: [string, () => void]; children?: ComponentChildren;
}): JSX.Element {
    return (
        <section class="stage">
            <h2>{title}</h2>
            {detail && <p class="quiet">{detail}</p>}
            {children}
            {action && <button class="primary" onClick={action[1]}>{action[0]}</button>}
        </section>
    );
}

// Renders again every `ms`, aligned to nothing: for what counts down.
export function useTick(ms: number): void {
    const [, again] = useState(0);
    useEffect(() => {
        const timer = setInterval(() => again((n) => n + 1), ms);
        return () => clearInterval(timer);
    }, [ms]);
}

function Countdown({ startsAt }: { startsAt: number }): JSX.Element {
    useTick(100);
    return (
        <section class="stage">
            <h2 class="label">{text.startsIn}</h2>
            <p class="big" role="timer" aria-label={`${text.startsAt} ${dateAndTime(startsAt)}`}>{countdown(startsAt - serverNow())}</p>
            <p class="quiet">{text.startsAt} {dateAndTime(startsAt)}</p>
            <p class="hint">{text.startNote}</p>
        </section>
    );
}

function Waiting({ line, state }: { line: Line; state: State }): JSX.Element {
    const { ahead, aheadAtFirst, eta, phase } = state;
    if (phase === 'sold_out' && state.remaining === 0) {
        return (
            <section class="stage">
                <h2>{text.waitingForReturns}</h2>
                <p class="quiet">{text.waitingForReturnsDetail}</p>
                {ahead !== null && ahead > 0 && <p class="quiet"><strong>{count(ahead)}</strong> {text.ahead(ahead)}</p>}
                <LeaveButton line={line} />
            </section>
        );
    }
    if (ahead === null) return <section class="stage"><h2 class="label">{state.seat === 'joining' || state.seat === 'outside' ? text.joining : text.connecting}</h2><Ring share={0} busy /></section>;
    const share = aheadAtFirst ? 1 - ahead / aheadAtFirst : 1;
    return (
        <section class="stage">
            <Ring share={share}>
                {ahead === 0
                    ? <h2>{text.next}</h2>
                    : <h2 class="ahead"><span class="big">{count(ahead)}</span> <span class="label">{text.ahead(ahead)}</span></h2>}
            </Ring>
            {ahead > 0 && eta && state.mode === 'queue' && <p class="eta"><Eta eta={eta} at={state.etaAt} /></p>}
            <p class="hint">{ahead === 0 ? text.nextDetail : text.keepOpen}</p>
            <LeaveButton line={line} />
        </section>
    );
}

function Eta({ eta, at }: { eta: [number, number]; at: number }): JSX.Element {
    useTick(1000); // counts down between two pushes
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
    const sale = state.sale!;
    const [sku, setSku] = useState(sale.skus[0]?.sku ?? '');
    const [quantity, setQuantity] = useState(1);
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => heading.current?.focus(), []);
    const { admission, buying, problem } = state;
    useTick(1000);
    if (admission!.expiresAt <= serverNow()) return <Card title={text.spent} detail={text.spentDetail} action={[text.joinAgain, () => line.joinAnew()]} />;
    return (
        <section class="stage stage-turn">
            <h2 ref={heading} tabIndex={-1}>{text.yourTurn}</h2>
            <p class="quiet">{text.turnDetail(clockTime(admission!.expiresAt))}</p>
            {admission!.checkoutUrl ? <a class="primary" href={admission!.checkoutUrl}>{text.goToShop}</a> : (
                <form onSubmit={(event) => { event.preventDefault(); void buy(line, sku, quantity); }}>
                    {sale.skus.length > 1 && (
                        <fieldset>
                            {sale.skus.map((s) => (
                                <label key={s.sku} class="choice">
                                    <input type="radio" name="sku" value={s.sku} checked={s.sku === sku} onChange={() => setSku(s.sku)} /> {s.name}
                                </label>
                            ))}
                        </fieldset>
                    )}
                    {sale.per_shopper > 1 && (
                        <label class="choice">{text.quantity}
                            <input type="number" min={1} max={sale.per_shopper} value={quantity} inputMode="numeric"
                                onInput={(event) => setQuantity(Math.max(1, Math.min(sale.per_shopper, Number(event.currentTarget.value) || 1)))} />
                        </label>
                    )}
                    <button class="primary" type="submit" aria-disabled={buying} disabled={buying}>{buying ? text.buying : text.buy}</button>
                </form>
            )}
            {problem && <p class="problem" role="alert">{text.problems[problem.type.split('/').pop() ?? ''] ?? text.problem}</p>}
        </section>
    );
}
