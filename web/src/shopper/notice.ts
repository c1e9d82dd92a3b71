// What stands above everything else: how the connection is, what pauses the line, and the merchant's message.
import type { Scene } from './scene';
import type { State } from './state';
import { text } from './text';

export interface Notices { ours: string; merchant: string }

// Where the line still has to bring somebody somewhere: there it matters that the shop paused it.
const inLine = new Set<Scene>(['countdown', 'joining', 'connecting', 'waiting', 'sold-out', 'dozing', 'refused', 'busy']);
// Where something is still asked of the servers: there it matters that they cannot.
const served = new Set<Scene>([...inLine, 'turn', 'order']);

export function noticesOf(state: State, scene: Scene): Notices {
    if (state.seat === 'superseded' || state.seat === 'left') return { ours: '', merchant: '' }; // hears of no end of them
    return { ours: trouble(state, scene) || (inLine.has(scene) && pause(state)) || (state.link === 'polling' ? text.polling : ''), merchant: state.message };
}

function trouble({ link, place, closed }: State, scene: Scene): string {
    if (link === 'lost') return place === null ? text.unreachable : text.lost;
    return closed && served.has(scene) ? text.closed : '';
}
function pause({ mode, seat }: State): string {
    if (mode === 'hold') return text.held;
    return mode === 'reject' && seat !== 'refused' ? text.rejected : '';
}
