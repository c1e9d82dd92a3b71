// What a screen reader is told, scene by scene and notice by notice. Compiled from the shipped TypeScript.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'shopper');
const out = mkdtempSync(join(tmpdir(), 'waitroom-web-'));
await build({ entryPoints: ['state.ts', 'scene.ts', 'announce.ts'].map((name) => join(source, name)), outdir: out, bundle: true, format: 'esm', outExtension: { '.js': '.mjs' } });
const load = (name) => import(pathToFileURL(join(out, `${name}.mjs`)));
const [{ initial }, { sceneOf }, { announcement }] = await Promise.all(['state', 'scene', 'announce'].map(load));

const now = 1_000_000;
const live = { ...initial, link: 'open', sale: { starts_at: Date.UTC(2031, 4, 6, 10) }, phase: 'live', remaining: 5 };
const inLine = { ...live, seat: 'waiting', place: 9, ahead: 5, eta: [120, 310] };
const next = { ...inLine, ahead: 0 };
const soldOut = { ...inLine, phase: 'sold_out', remaining: 0 };
const admitted = (expiresAt) => ({ ...inLine, ahead: 0, seat: 'admitted', admission: { token: 't', expiresAt, checkoutUrl: '' } });
const ordered = (status, reason) => ({ ...live, seat: 'spent', orders: [{ queue_ticket_id: 'o', event: 1, status, reason }] });

const keep = 'This page updates by itself. You can switch apps or lock your phone: your place is kept.';
const goesOn = 'You are next. Keep this page open: it will be your turn at any moment.';
const crowded = 'As many people as possible are choosing right now. As soon as one of them makes room, the next in line is let in.';
const held = 'You are next. Nobody is being let in right now. You keep your place until the line moves again.';
const returns = 'Sold out for now. Unpaid pieces come back. Stay in line: if one does, it is offered to those waiting, in order.';
const again = 'You can join again at the end of the line.';
// What the page knows, what is said at once, and what counts on.
const table = {
    'no sale yet': [initial, 'Opening the waiting room…'],
    'no such sale': [{ ...initial, missing: true }, 'There is no such sale. Check the address you were given.'],
    'before the start': [{ ...live, phase: 'scheduled' }, /^Opens .*May.* 2031.*\. Stay on this page\. When the sale opens/],
    'on the way in': [{ ...live, seat: 'joining' }, 'Joining the line…'],
    'back, and not yet told': [{ ...inLine, ahead: null }, 'Connecting…'],
    'in the line': [inLine, keep, '5 people ahead of you. About 2 to 6 minutes.'],
    'in the line, one ahead, no estimate': [{ ...inLine, ahead: 1, eta: null }, keep, '1 person ahead of you.'],
    'next': [next, goesOn],
    'next, but as many as may be are inside': [{ ...next, eta: null, limit: 'full' }, `You are next. ${crowded}`],
    'in the line, and as many as may be are inside': [{ ...inLine, eta: null, limit: 'full' }, crowded, '5 people ahead of you.'],
    'next, and nobody is let in': [{ ...next, eta: null, limit: 'stopped' }, held],
    'sold out': [soldOut, returns, '5 people ahead of you.'],
    'sold out, at the front': [{ ...soldOut, ahead: 0 }, returns, 'You are first in line.'],
    'the turn': [admitted(now + 1), 'It is your turn.'],
    'the turn, run out here': [admitted(now), `Your turn is over. ${again}`],
    'the turn, run out there': [{ ...next, seat: 'spent' }, `Your turn is over. ${again}`],
    'called, without an answer': [{ ...next, seat: 'dozing' }, 'Are you still there? It was your turn, but this page did not answer.'],
    'passed': [{ ...inLine, seat: 'passed' }, `You were away for too long. Others have been let in meanwhile. ${again}`],
    'blocked': [{ ...inLine, seat: 'blocked' }, 'This place was blocked. Please contact the shop.'],
    'left': [{ ...live, seat: 'left' }, 'You left the line.'],
    'in another tab': [{ ...inLine, seat: 'superseded' }, 'The line is open in another tab. What happens next is shown there.'],
    'in another tab, with an order': [{ ...ordered('pending_payment'), seat: 'superseded' }, /^The line is open in another tab/],
    'refused by the shop': [{ ...live, mode: 'reject', seat: 'refused' }, /^The line is closed for now\. The shop is not letting anyone join/],
    'refused, since many arrive': [{ ...live, seat: 'refused' }, /^Many people are arriving\. There was no room for you just now/],
    'ended': [{ ...inLine, phase: 'ended' }, 'This sale has ended. Thank you for coming.'],
    'sold out, with units held, after its end': [{ ...soldOut, sale: { ...live.sale, ends_at: now } }, 'This sale has ended. Thank you for coming.'],
    'sold out, before its end': [{ ...soldOut, sale: { ...live.sale, ends_at: now + 1 } }, returns, '5 people ahead of you.'],
    'blocked in a sale that is sold out': [{ ...soldOut, seat: 'blocked' }, 'This place was blocked. Please contact the shop.'],
    'passed in a sale that is sold out': [{ ...soldOut, seat: 'passed' }, /^You were away for too long/],
    'ordered': [ordered('queued'), 'Reserved for you. We are preparing your payment. This takes a moment.'],
    'to be paid': [ordered('pending_payment'), 'Ready to pay. Your piece is set aside.'],
    'time is up': [ordered('expiring'), 'Time is up. We are checking whether your payment arrived.'],
    'being cancelled': [ordered('expiring', 'cancelled'), 'Cancelling the order. We are closing the payment.'],
    'bought': [ordered('confirmed'), 'It is yours. Paid and confirmed. Thank you! You can close this page.'],
    'expired': [ordered('expired'), /^The reservation expired\. The payment did not arrive in time/],
    'cancelled': [ordered('cancelled'), 'Order cancelled. The piece went back to the shop.'],
    'failed': [ordered('failed'), 'We are sorry. This order could not be fulfilled. You have not been charged.'],
    'oversold': [ordered('failed', 'oversold'), 'We are sorry. Somebody was faster: it is sold out. If a piece comes back, you can try again here.'],
    'refunded': [ordered('refunded'), 'Refunded. Your payment is on its way back to you.'],
    'notice: nobody there': [{ ...initial, link: 'lost' }, 'We cannot reach the waiting room at the moment and keep trying. Opening the waiting room…'],
    'notice: lost': [{ ...next, link: 'lost' }, `Connection lost. Your place is safe; we are reconnecting. ${goesOn}`],
    'notice: closed': [{ ...next, closed: true }, `One moment: the line is paused for a technical reason. Your place is safe. ${goesOn}`],
    'notice: polling': [{ ...next, link: 'polling' }, `Your network allows no live connection: this page is updated every few seconds. ${goesOn}`],
    'notice: held': [{ ...next, mode: 'hold' }, `The shop has paused the line. Your place is safe. ${held}`],
    'notice: held, in the line': [{ ...inLine, mode: 'hold' }, /^The shop has paused the line\. .* until the line moves again\.$/, '5 people ahead of you.'],
    'notice: rejected': [{ ...next, mode: 'reject' }, `The shop has closed the line for now. If you have a place, it is safe. ${held}`],
    'notice: the merchant\'s message': [{ ...next, message: 'Back at noon' }, `Back at noon. ${goesOn}`],
    'notice: held, with a message': [{ ...next, mode: 'hold', message: 'The van is late!' }, `The shop has paused the line. Your place is safe. The van is late! ${held}`],
    'no pause for whom the line brings nowhere any more': [{ ...inLine, mode: 'hold', phase: 'ended' }, 'This sale has ended. Thank you for coming.'],
    'nor for whom it has brought somewhere': [{ ...admitted(now + 1), mode: 'hold' }, 'It is your turn.'],
    'but who is to buy hears that the line is closed': [{ ...admitted(now + 1), closed: true }, 'One moment: the line is paused for a technical reason. Your place is safe. It is your turn.'],
    'no notice that this tab would hear no end of': [{ ...inLine, seat: 'superseded', mode: 'hold', message: 'Back at noon' }, /^The line is open in another tab/],
};
test('what the eye sees is what is said, at every seat and with every notice', () => {
    for (const [what, [state, lead, figure = '']] of Object.entries(table)) {
        const said = announcement(state, sceneOf(state, now));
        if (lead instanceof RegExp) assert.match(said.lead, lead, what);
        else assert.equal(said.lead, lead, what);
        assert.equal(said.figure, figure, what);
    }
});
