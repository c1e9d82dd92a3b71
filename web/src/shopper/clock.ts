// The server's time: the device's clock and an offset. The offset comes from the answer with the shortest round trip
// (GET /v1/time), and is found anew when the device's clock was set or the device slept.
import { ask, backoff, pause } from './wait';

const watchMs = 2000;
const movedMs = 100;
const lateMs = 1000;
const tooLateMs = 10_000;

let offset = 0;
let error = Infinity; // half the round trip of the best answer
let apart = 0;        // how far the device's two clocks were apart then: the other one is never set, and may stand still in sleep

export const serverNow = (): number => Date.now() + offset;
const apartNow = (): number => Date.now() - performance.now();
const moved = (): boolean => Math.abs(apartNow() - apart) > movedMs;

async function sample(): Promise<void> {
    try {
        const sent = performance.now();
        const { answer, body } = await ask('/v1/time', { cache: 'no-store' }, 3000);
        const half = (performance.now() - sent) / 2;
        if (answer.ok && half < error) {
            error = half;
            offset = (body as { now: number }).now + half - Date.now();
            apart = apartNow();
        }
    } catch {
        // the socket tells the time as well
    }
}
async function watch(corrected: () => void): Promise<never> {
    for (let tries = 0; ; tries = error === Infinity ? tries + 1 : 0) {
        await pause(Math.max(watchMs, backoff(tries)));
        if (!moved()) continue;
        error = Infinity;
        await sample();
        if (error < Infinity) corrected();
    }
}
// Done with the first answer, so that nothing counts down from a wrong clock; two more make it better. `corrected` runs whenever the
// time was found anew: what was over may not be, and the other way round.
export async function synchronise(corrected: () => void): Promise<void> {
    await sample();
    void sample().then(sample).then(() => watch(corrected));
}
// A pushed time is late by an unknown part of a round trip, and never early: it corrects a clock that is behind it, and any that is
// clearly off while nothing better is known. One that seems later than a push can be is reason to ask anew.
export function hint(now: number): void {
    const behind = now - serverNow();
    if (error === Infinity ? Math.abs(behind) > lateMs : behind > error) offset = now - Date.now();
    else if (behind < -tooLateMs) apart = Infinity;
}
