// Every sentence the page says, in one place, so that a language is one more table.
import type { OrderStatus } from './messages';

const language = 'en';
const number = new Intl.NumberFormat(language);
export const count = (n: number): string => number.format(n);
export const price = (minor: number, currency: string): string => {
    const format = new Intl.NumberFormat(language, { style: 'currency', currency });
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
    return format.format(minor / 10 ** digits);
};
export const dateAndTime = (ms: number): string =>
    new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' }).format(ms);
export const clockTime = (ms: number): string => new Intl.DateTimeFormat(undefined, { timeStyle: 'short' }).format(ms);

export function duration(seconds: number): string {
    const s = Math.max(0, Math.round(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.round(s / 60)} min`;
    const hours = Math.floor(s / 3600), minutes = Math.round((s % 3600) / 60);
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
    lost: 'Connection lost. Your place is safe; we are reconnecting.',
    polling: 'Slow connection: your place is updated every few seconds.',
    closed: 'One moment: the line is paused for a technical reason. Your place is safe.',
    held: 'The shop has paused the line. Your place is safe.',
    rejected: 'The shop is not letting anyone in at the moment.',
    missing: 'There is no such sale', missingDetail: 'Check the address you were given.',
    startsIn: 'Starts in', startsAt: 'Opens', startNote: 'Stay on this page. When the sale opens you join the line by yourself; arriving early gives no advantage over arriving on time.',
    joining: 'Joining the line…',
    ahead: (n: number) => (n === 1 ? 'person ahead of you' : 'people ahead of you'),
    next: 'You are next', nextDetail: 'Keep this page open: it will be your turn at any moment.',
    keepOpen: 'You can switch apps or lock your phone: your place is kept.',
    left: (n: number) => `${count(n)} left`, lastFew: (n: number) => `Only ${count(n)} left`,
    waitingForReturns: 'Sold out for now', waitingForReturnsDetail: 'Unpaid pieces come back. Stay in line: if one does, it is offered to those waiting, in order.',
    soldOut: 'Sold out', soldOutDetail: 'Every piece has found an owner. If one comes back, the line moves again by itself.',
    ended: 'This sale has ended', endedDetail: 'Thank you for coming.',
    yourTurn: 'It is your turn', turnDetail: (until: string) => `Your turn lasts until ${until}.`,
    buy: 'Reserve now', buying: 'Reserving…', goToShop: 'Continue to the shop', quantity: 'Quantity',
    dozing: 'Are you still there?', dozingDetail: 'It was your turn, but your phone did not answer.', here: 'Yes, I am here',
    spent: 'Your turn is over', spentDetail: 'You can join again at the end of the line.',
    passed: 'You were away for too long', passedDetail: 'Others have been let in meanwhile. You can join again at the end of the line.',
    joinAgain: 'Join the line again',
    blocked: 'This place was blocked', blockedDetail: 'Please contact the shop.',
    superseded: 'The line is open in another tab', supersededDetail: 'Your place is shown there.', useHere: 'Show it here',
    leave: 'Leave the line', leaveSure: 'Leave the line and give up your place?', leaveYes: 'Leave', leaveNo: 'Stay',
    leftLine: 'You left the line',
    pay: 'Pay now', payNote: (time: string) => `Reserved for you until ${time}.`, payTab: 'Opens in a new tab. This page follows by itself.',
    cancel: 'Cancel the order', cancelSure: 'Cancel this order and give the piece back?', cancelYes: 'Cancel the order', cancelNo: 'Keep it',
    orderNumber: 'Order',
    problems: {
        'sold-out': 'Somebody was faster: it is sold out. If a piece comes back, you can try again here.',
        'over-limit': 'That is more than one person may buy.',
        'not-admitted': 'Your turn is over.', 'token-expired': 'Your turn is over.', 'token-used': 'You have already reserved with this turn.',
        'outcome-unknown': 'We do not know yet whether your reservation arrived. Press the button again: you will not be charged twice.',
    } as Record<string, string>,
    problem: 'That did not work. Please try again.',
};
export const orderText: Record<OrderStatus, { title: string; detail: string }> = {
    queued: { title: 'Reserved for you', detail: 'We are preparing your payment. This takes a moment.' },
    pending_payment: { title: 'Ready to pay', detail: 'Your piece is set aside.' },
    expiring: { title: 'Time is up', detail: 'We are checking whether your payment arrived.' },
    confirmed: { title: 'It is yours', detail: 'Paid and confirmed. Thank you!' },
    expired: { title: 'The reservation expired', detail: 'The payment did not arrive in time, so the piece was offered to the next in line.' },
    cancelled: { title: 'Order cancelled', detail: 'The piece went back to the shop.' },
    failed: { title: 'We are sorry', detail: 'This order could not be fulfilled. You have not been charged.' },
    refunded: { title: 'Refunded', detail: 'Your payment is on its way back to you.' },
};
