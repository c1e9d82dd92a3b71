// What a screen reader is told. `urgent` sentences are said at once, the others at most every 20 s.
import { currentOrder, type State } from './state';
import { count, orderText, text, waitRange } from './text';

export function announcement(state: State): { sentence: string; urgent: boolean } {
    const order = currentOrder(state);
    if (state.seat === 'admitted' && state.admission) return { sentence: text.yourTurn, urgent: true };
    if (order) return { sentence: `${orderText[order.status].title}. ${orderText[order.status].detail}`, urgent: true };
    if (state.seat === 'dozing') return { sentence: `${text.dozing} ${text.dozingDetail}`, urgent: true };
    if (state.phase === 'sold_out') return { sentence: text.waitingForReturns, urgent: true };
    if (state.phase === 'ended') return { sentence: text.ended, urgent: true };
    if (state.link === 'lost') return { sentence: text.lost, urgent: false };
    if (state.seat === 'waiting' && state.ahead !== null) {
        const wait = state.eta ? ` ${waitRange(state.eta)}.` : '';
        return { sentence: state.ahead === 0 ? text.next : `${count(state.ahead)} ${text.ahead(state.ahead)}.${wait}`, urgent: false };
    }
    return { sentence: '', urgent: false };
}
