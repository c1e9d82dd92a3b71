// Every sentence the page says, in one place, so that a language is one more table.
import { problemCode, type OrderStatus, type Problem } from './messages';
import type { Card } from './scene';

export interface Words { title: string; detail: string }

const language = 'en';
// The reader's own English, where they have one: their dates and hours in the language of the page.
const locale = globalThis.navigator?.languages?.find((l) => l.startsWith(language)) ?? language;
const number = new Intl.NumberFormat(locale);
export const count = (n: number): string => number.format(n);
export const price = (minor: number, currency: string): string => {
    const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return format.format(minor / 10 ** digits);
};
export const dateAndTime = (ms: number): string =>
    new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(ms);

export function duration(seconds: number): string {
    const s = Math.max(0, Math.round(seconds));
    if (s < 60) return `${s} s`;
    const whole = Math.round(s / 60), hours = Math.floor(whole / 60), minutes = whole % 60;
    if (!hours) return `${minutes} min`;
    return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
}
export function waitRange([low, high]: [number, number]): string {
    if (high < 20) return 'Less than half a minute';
    if (high < 90) return `About ${Math.max(10, Math.round(low / 10) * 10)} to ${Math.ceil(high / 10) * 10} seconds`;
    const from = Math.max(1, Math.floor(low / 60)), to = Math.ceil(high / 60);
    if (to < 90) return from === to ? `About ${to} minutes` : `About ${from} to ${to} minutes`;
    return `About ${duration(low)} to ${duration(high)}`;
}
const two = (n: number): string => String(n).padStart(2, '0');
export const timeLeft = (ms: number): string => {
    const s = Math.max(0, Math.ceil(ms / 1000));
    return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : countdown(ms);
};
export const countdown = (ms: number): string => {
    const s = Math.max(0, Math.ceil(ms / 1000));
    const days = Math.floor(s / 86_400);
    const clock = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
    return days ? `${days} d ${clock}` : clock;
};

export const text = {
    connecting: 'Connecting…',
    unreachable: 'We cannot reach the waiting room at the moment and keep trying.',
    lost: 'Connection lost. Your place is safe; we are reconnecting.',
    polling: 'Your network allows no live connection: this page is updated every few seconds.',
    closed: 'One moment: the line is paused for a technical reason. Your place is safe.',
    held: 'The shop has paused the line. Your place is safe.',
    rejected: 'The shop has closed the line for now. If you have a place, it is safe.',
    opening: 'Opening the waiting room…',
    startsIn: 'Starts in', startsAt: 'Opens', startNote: 'Stay on this page. When the sale opens you join the line automatically; arriving early gives no advantage over arriving on time.',
    joining: 'Joining the line…',
    ahead: (n: number) => (n === 1 ? 'person ahead of you' : 'people ahead of you'),
    next: 'You are next', nextDetail: 'Keep this page open: it will be your turn at any moment.',
    fullDetail: 'As many people as possible are choosing right now. As soon as one of them makes room, the next in line is let in.',
    heldDetail: 'Nobody is being let in right now. You keep your place until the line moves again.',
    keepOpen: 'This page updates by itself. You can switch apps or lock your phone: your place is kept.',
    pieces: (n: number) => (n === 1 ? 'A single piece' : `${count(n)} pieces`), left: (n: number, of: number) => `${count(n)} of ${count(of)} left`, lastFew: (n: number) => `Only ${count(n)} left`, from: 'from',
    waitingForReturns: 'Sold out for now', waitingForReturnsDetail: 'Unpaid pieces come back. Stay in line: if one does, it is offered to those waiting, in order.',
    firstInLine: 'You are first in line.', stillAhead: (n: number) => `${count(n)} ${n === 1 ? 'person' : 'people'} ahead of you.`,
    yourTurn: 'It is your turn', turnLeft: 'left to reserve',
    buy: 'Reserve now', buying: 'Reserving…', article: 'Article', total: 'Total', goToShop: 'Continue to the shop', quantity: 'Quantity', upTo: (n: number) => `up to ${count(n)}`,
    here: 'Yes, I am here', joinAgain: 'Join the line again', useHere: 'Show it here',
    leave: 'Leave the line', leaveSure: 'Leave the line and give up your place?', leaveYes: 'Leave', leaveNo: 'Stay',
    pay: 'Pay now', payLeft: 'left to pay', payTab: 'Opens in a new tab. This page follows automatically.',
    steps: ['Reserved', 'Payment', 'Confirmed'],
    cancel: 'Cancel the order', cancelSure: 'Cancel this order and give the piece back?', cancelYes: 'Cancel the order', cancelNo: 'Keep it',
    orderNumber: 'Order',
    problems: {
        'sale-ended': 'The sale has ended. Nothing was reserved.', 'blocked': 'This place was blocked. Nothing was reserved.',
        'sold-out': 'Somebody was faster: it is sold out. If a piece comes back, you can try again here.',
        'over-limit': 'That is more than one person may buy.',
        'not-admitted': 'Your turn is over.', 'token-expired': 'Your turn is over.', 'token-used': 'You have already reserved with this turn.',
        'outcome-unknown': 'We do not know yet whether your reservation arrived. Press the button again: you will not be charged twice.',
    } as Record<string, string>,
    cancelProblems: {
        conflict: 'This order can no longer be cancelled: it was paid or closed just now. In a moment you see here how it ended.',
        'outcome-unknown': 'We do not know yet whether your cancellation arrived. If nothing changes here, cancel again: that does no harm.',
    } as Record<string, string>,
    fewer: (n: number) => `Somebody was faster: only ${count(n)} left. Choose a smaller quantity.`,
    problem: 'That did not work. Please try again.',
};
export const problemWords = (table: Record<string, string>, { type, remaining }: Problem): string =>
    remaining ? text.fewer(remaining) : table[problemCode(type)] ?? text.problem;
export const waitingHint = (ahead: number, moves: boolean, full: boolean): string =>
    (!moves ? text.heldDetail : full ? text.fullDetail : ahead === 0 ? text.nextDetail : text.keepOpen);
// The scenes that are only words, with a button at most.
export const cards: Record<Card, Words> = {
    missing: { title: 'There is no such sale', detail: 'Check the address you were given.' },
    superseded: { title: 'The line is open in another tab', detail: 'What happens next is shown there.' },
    dozing: { title: 'Are you still there?', detail: 'It was your turn, but this page did not answer.' },
    blocked: { title: 'This place was blocked', detail: 'Please contact the shop.' },
    ended: { title: 'This sale has ended', detail: 'Thank you for coming.' },
    left: { title: 'You left the line', detail: '' },
    spent: { title: 'Your turn is over', detail: 'You can join again at the end of the line.' },
    passed: { title: 'You were away for too long', detail: 'Others have been let in meanwhile. You can join again at the end of the line.' },
    refused: { title: 'The line is closed for now', detail: 'The shop is not letting anyone join at the moment. Keep this page open: you join automatically when it does.' },
    busy: { title: 'Many people are arriving', detail: 'There was no room for you just now. Keep this page open: we try again for you every few seconds.' },
};
const orderText: Record<OrderStatus, Words> = {
    queued: { title: 'Reserved for you', detail: 'We are preparing your payment. This takes a moment.' },
    pending_payment: { title: 'Ready to pay', detail: 'Your piece is set aside.' },
    expiring: { title: 'Time is up', detail: 'We are checking whether your payment arrived.' },
    confirmed: { title: 'It is yours', detail: 'Paid and confirmed. Thank you! You can close this page.' },
    expired: { title: 'The reservation expired', detail: 'The payment did not arrive in time, so the piece was offered to the next in line.' },
    cancelled: { title: 'Order cancelled', detail: 'The piece went back to the shop.' },
    failed: { title: 'We are sorry', detail: 'This order could not be fulfilled. You have not been charged.' },
    refunded: { title: 'Refunded', detail: 'Your payment is on its way back to you.' },
};

const cancelling = { title: 'Cancelling the order', detail: 'We are closing the payment.' };
export function orderWords({ status, reason }: { status: OrderStatus; reason?: string }): Words {
    if (status === 'expiring' && reason === 'cancelled') return cancelling;
    return reason === 'oversold' ? { ...orderText[status], detail: text.problems['sold-out']! } : orderText[status];
}
