import type { JSX } from 'preact';
import type { Phase, Sale } from './messages';
import { price, text } from './text';

export function Article({ sale, remaining, phase }: { sale: Sale; remaining: number | null; phase: Phase | null }): JSX.Element {
    const cheapest = Math.min(...sale.skus.map((sku) => sku.unit_price));
    const one = sale.skus.length === 1;
    return (
        <header class="article">
            {sale.image_url ? <img class="picture" src={sale.image_url} alt="" /> : <Cover />}
            <div>
                <h1>{sale.title}</h1>
                {sale.description && <p class="quiet">{sale.description}</p>}
                <p class="facts">
                    {sale.skus.length > 0 && <strong>{!one && 'from '}{price(cheapest, sale.currency)}</strong>}
                    <Stock remaining={remaining} phase={phase} />
                </p>
            </div>
        </header>
    );
}

function Stock({ remaining, phase }: { remaining: number | null; phase: Phase | null }): JSX.Element | null {
    if (remaining === null || phase === 'ended') return null;
    if (remaining <= 0) return <span class="chip chip-out">{phase === 'scheduled' ? text.soldOut : text.waitingForReturns}</span>;
    return <span class={remaining <= 10 ? 'chip chip-few' : 'chip'}>{remaining <= 10 ? text.lastFew(remaining) : text.left(remaining)}</span>;
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
