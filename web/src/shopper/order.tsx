// What became of an order: every change arrives on the socket; nothing here reloads.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { cancel } from './buy';
import { serverNow } from './clock';
import { Confirm } from './confirm';
import type { Line } from './line';
import type { OrderMessage } from './messages';
import { canCancel, isOver, type State } from './state';
import { orderWords, price, problemWords, text } from './text';
import { TimeLeft } from './timer';

const steps = ['queued', 'pending_payment', 'confirmed'] as const;

export function Order({ line, state, order }: { line: Line; state: State; order: OrderMessage }): JSX.Element {
    const { title, detail } = orderWords(order);
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => heading.current?.focus(), [order.status]);
    const at = steps.indexOf(order.status === 'expiring' ? 'pending_payment' : (order.status as (typeof steps)[number]));
    const article = state.sale?.skus.find((sku) => sku.sku === order.sku);
    const over = at < 0;
    return (
        <section class={order.status === 'confirmed' ? 'stage stage-turn' : 'stage'} data-status={order.status}>
            {!over && (
                <ol class="steps">
                    {text.steps.map((name, i) => (
                        <li key={name} class={i < at || order.status === 'confirmed' ? 'done' : i === at ? 'now' : ''} aria-current={i === at ? 'step' : undefined}>{name}</li>
                    ))}
                </ol>
            )}
            {order.status === 'confirmed' && <Check />}
            <h2 ref={heading} tabIndex={-1}>{title}</h2>
            <p class="quiet">{detail}</p>
            {order.status === 'pending_payment' && order.payment_url && <Pay order={order} url={order.payment_url} />}
            <p class="hint">
                {order.quantity} × <bdi>{article?.name ?? order.sku}</bdi>{article && ` · ${price(order.quantity * article.unit_price, state.sale!.currency)}`}
                <br />{text.orderNumber} <code>{order.queue_ticket_id.slice(-8)}</code>
            </p>
            {state.uncancelled && <p class="problem" role="alert">{problemWords(text.cancelProblems, state.uncancelled)}</p>}
            {canCancel(order) && <Confirm label={text.cancel} question={text.cancelSure} yes={text.cancelYes} no={text.cancelNo} onYes={() => void cancel(line, order)} />}
            {over && !isOver(state, serverNow()) && !state.missing &&
                <button class="secondary" onClick={() => line.joinAnew()}>{text.joinAgain}</button>}
        </section>
    );
}

function Pay({ order, url }: { order: OrderMessage; url: string }): JSX.Element {
    return (
        <>
            {order.expires_at !== undefined && <TimeLeft until={order.expires_at} label={text.payLeft} />}
            <a class="primary" href={url} target="_blank" rel="noopener">{text.pay}</a>
            <p class="hint">{text.payTab}</p>
        </>
    );
}

function Check(): JSX.Element {
    return (
        <svg class="check" viewBox="0 0 48 48" aria-hidden="true">
            <circle cx="24" cy="24" r="24" />
            <path d="M14 25l7 7 13-15" />
        </svg>
    );
}
