import type { JSX } from 'preact';
import { currentOrder, hasPiece, type State } from './state';
import type { Sale } from './messages';
import { price, text } from './text';

export function Article({ sale, state }: { sale: Sale; state: State }): JSX.Element {
    const cheapest = Math.min(...sale.skus.map((sku) => sku.unit_price));
    return (
        <header class="article">
            {sale.image_url ? <img class="picture" src={sale.image_url} alt="" /> : <Cover />}
            <div>
                <h1 dir="auto">{sale.title}</h1>
                {sale.description && <p class="quiet" dir="auto">{sale.description}</p>}
                <p class="facts">
                    {sale.skus.length > 0 && <strong>{sale.skus.length > 1 && `${text.from} `}{price(cheapest, sale.currency)}</strong>}
                    {!hasPiece(currentOrder(state)) && <Stock sale={sale} state={state} />}
                </p>
            </div>
        </header>
    );
}

function Stock({ sale, state: { remaining, phase } }: { sale: Sale; state: State }): JSX.Element | null {
    if (remaining === null || phase === 'ended') return null;
    if (remaining <= 0) return <span class="chip chip-out">{text.waitingForReturns}</span>;
    const total = sale.skus.reduce((sum, sku) => sum + sku.total, 0);
    if (phase === 'scheduled' || phase === 'lobby') return <span class="chip">{text.pieces(remaining)}</span>;
    const few = remaining <= 10 && remaining < total / 2;
    return <span class={few ? 'chip chip-few' : 'chip'}>{few ? text.lastFew(remaining) : text.left(remaining, Math.max(total, remaining))}</span>;
}

// Stands where the merchant gave no picture.
function Cover(): JSX.Element {
    return (
        <svg class="picture" viewBox="0 0 96 96" aria-hidden="true">
            <rect width="96" height="96" class="cover-ground" />
            {[40, 31, 22].map((r) => <circle key={r} cx="48" cy="48" r={r} class="cover-ring" />)}
            <circle cx="48" cy="48" r="12" class="cover-heart" />
            <circle cx="48" cy="48" r="2.5" class="cover-ground" />
        </svg>
    );
}
