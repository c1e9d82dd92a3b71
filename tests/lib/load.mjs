// A figure that is promised on a machine that does nothing else: held to where that was so, and widened, saying so, where others worked
// or where the processor or the disk was slow.
//
//   const load = new Load(() => [process.pid, stack.supervisor()]);    whose processes, and those below them, are not others
//   ...                                                                what is measured
//   load.holds(t, 'second start, ms', 5400, 8000, 40_000);             the first one ends the measuring
//
// Others' share is what all processors did meanwhile without what was ours, so that neither our own work nor that of a minute ago counts.
// A slower processor, a quota and a neighbour on the same hardware do not show there, but in the time that a piece of work takes; a disk
// that stalls shows in the time until a line is on it, and a machine that stood still in how late a timer is.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { below } from './scripts.mjs';
import { temporaryFolder } from './servers.mjs';

const OTHERS = 0.15; // of all processors
const WORK_MS = 100, SLOWER = 1.3; // the piece of work on the two cores of docs/MEASUREMENTS.md, and by how much more it may take
const WRITE_MS = 100; // a hundred times what those take
const LOOK_MS = 200, LATE_MS = 100;
function machine() {
    const [user, nice, system, idle, iowait, irq, softirq, steal] = readFileSync('/proc/stat', 'latin1').match(/^cpu +(.*)$/m)[1].split(' ').map(Number);
    const used = user + nice + system + irq + softirq + steal;
    return { used, all: used + idle + iowait };
}
// With those that have ended and were waited for.
function ticksOf(pid) {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
    } catch {
        return 0; // it ended while we read
    }
}
function timed(act) {
    const began = performance.now();
    act();
    return performance.now() - began;
}
// A hash for which processors have no instructions of their own; the fastest of three, for our own processes may still work.
const block = Buffer.alloc(1 << 20), work = () => { for (let i = 0; i < 145; i++) createHash('blake2b512').update(block).digest(); };
const workTime = () => Math.min(...Array.from({ length: 3 }, () => timed(work)));

export class Load {
    // `roots` is asked at the end again; `before`: those of them that are there already, where others will be by then.
    constructor(roots, before = roots) {
        const file = openSync(join(temporaryFolder('load'), 'lines'), 'a'), write = () => { writeSync(file, 'a line\n'); fsyncSync(file); };
        Object.assign(this, { roots, file, write: 0, late: 0, work: workTime(), machine: machine(), ours: this.sum(before()) });
        let due = performance.now() + LOOK_MS;
        this.timer = setInterval(() => {
            this.late = Math.max(this.late, performance.now() - due);
            this.write = Math.max(this.write, timed(write));
            due = performance.now() + LOOK_MS;
        }, LOOK_MS).unref();
    }
    sum(roots) { return roots.flatMap((pid) => below(pid)).reduce((sum, { pid }) => sum + ticksOf(pid), 0); }
    end() {
        const { used, all } = machine(), others = Math.max(0, used - this.machine.used - (this.sum(this.roots()) - this.ours)) / (all - this.machine.all);
        clearInterval(this.timer);
        closeSync(this.file);
        return { others, work: Math.max(this.work, workTime()), write: this.write, late: this.late };
    }
    holds(t, what, value, bar, wide) {
        const { others, work, write, late } = this.seen ??= this.end(), most = others > OTHERS || work > SLOWER * WORK_MS || write > WRITE_MS || late > LATE_MS ? wide : bar;
        t.diagnostic(`${what}: ${Number(value.toFixed(2))}; others had ${Math.round(others * 100)} % of the processors, a piece of work of ${WORK_MS} ms took ${Math.round(work)}, the slowest write ${Math.round(write)}, a timer was ${Math.round(late)} late, ` +
            `so the limit was ${most === bar ? `the bar, ${bar}` : `${wide}, not the bar of ${bar}`}`);
        assert.ok(value < most, `${what}: ${value}, and ${most} is the limit`);
    }
}
