// What the page shows now. The stage draws it, the announcer says it, the title names it: all three ask here.
import { currentOrder, isOver, type State } from './state';

export type Card = 'missing' | 'superseded' | 'dozing' | 'blocked' | 'ended' | 'left' | 'spent' | 'passed' | 'refused' | 'busy';
export type Scene = Card | 'opening' | 'turn' | 'order' | 'countdown' | 'sold-out' | 'joining' | 'connecting' | 'waiting';

// `now` is the server's: a turn ends by it, whether or not the server's word of it has come.
export function sceneOf(state: State, now: number): Scene {
    const order = currentOrder(state);
    if (state.missing) return order ? 'order' : 'missing';
    if (!state.sale) return 'opening';
    // A tab that hears nothing any more shows no order that may change, but what was bought is kept in sight.
    if (state.seat === 'superseded') return order?.status === 'confirmed' ? 'order' : 'superseded';
    if (state.admission && state.seat === 'admitted' && now < state.admission.expiresAt) return 'turn';
    return order ? 'order' : outsideOf(state, now) ?? inLine(state);
}

// Who has no place in a line that moves.
function outsideOf(state: State, now: number): Scene | null {
    const { seat, phase, mode } = state;
    if (seat === 'dozing' || seat === 'blocked') return seat;
    if (isOver(state, now)) return 'ended';
    if (seat === 'left' || seat === 'spent' || seat === 'passed') return seat;
    if (seat === 'admitted') return 'spent';
    if (phase === 'scheduled' || phase === 'lobby') return 'countdown';
    if (seat === 'refused') return mode === 'reject' ? 'refused' : 'busy';
    return null;
}

function inLine({ seat, phase, remaining, ahead }: State): Scene {
    if (phase === 'sold_out' && remaining === 0) return 'sold-out';
    if (ahead !== null) return 'waiting';
    return seat === 'waiting' ? 'connecting' : 'joining';
}
