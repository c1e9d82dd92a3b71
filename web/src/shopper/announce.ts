// What a screen reader is told: what the eye sees. `lead` is for saying as soon as it changes; `figure` goes on counting.
import { noticesOf } from './notice';
import type { Scene } from './scene';
import { currentOrder, moves, type State } from './state';
import { cards, count, dateAndTime, orderWords, text, waitingHint, waitRange } from './text';

export interface Announcement { lead: string; figure: string }

export function announcement(state: State, scene: Scene): Announcement {
    const { ours, merchant } = noticesOf(state, scene);
    return { lead: sentences(ours, merchant, ...words(state, scene)), figure: figure(state, scene) };
}

const sentences = (...parts: string[]): string => parts.filter(Boolean).map((part) => (/[.?!…]$/.test(part) ? part : `${part}.`)).join(' ');

function words(state: State, scene: Scene): string[] {
    switch (scene) {
    case 'opening': case 'joining': case 'connecting': return [text[scene]];
    case 'countdown': return [`${text.startsAt} ${dateAndTime(state.sale!.starts_at)}`, text.startNote];
    case 'sold-out': return [text.waitingForReturns, text.waitingForReturnsDetail];
    case 'waiting': return [state.ahead === 0 ? text.next : '', waitingHint(state.ahead!, moves(state), state.limit === 'full')];
    case 'turn': return [text.yourTurn];
    case 'order': return both(orderWords(currentOrder(state)!));
    default: return both(cards[scene]);
    }
}
const both = ({ title, detail }: { title: string; detail: string }): string[] => [title, detail];

function figure(state: State, scene: Scene): string {
    const { ahead, eta } = state;
    if (ahead === null) return '';
    if (scene === 'sold-out') return ahead > 0 ? text.stillAhead(ahead) : text.firstInLine;
    if (scene !== 'waiting' || ahead === 0) return '';
    return sentences(`${count(ahead)} ${text.ahead(ahead)}`, eta && moves(state) ? waitRange(eta) : '');
}
