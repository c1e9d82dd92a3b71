// A figure that is promised on a machine that does nothing else: held to where that was so, and widened, saying so, where others worked.
//
//   const load = new Load(() => [process.pid, stack.supervisor()]);    whose processes, and those below them, are not others
//   ...                                                                what is measured
//   load.holds(t, 'second start, ms', 5400, 8000, 40_000);
//
// Others' share is what all processors did meanwhile without what was ours, so that neither our own work nor that of a minute ago counts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { below } from './scripts.mjs';

const MOST = 0.15; // of all processors, for others
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
export class Load {
    // `roots` is asked at the end again; `before`: those of them that are there already, where others will be by then.
    constructor(roots, before = roots) {
        this.roots = roots;
        this.machine = machine();
        this.ours = this.sum(before());
    }
    sum(roots) { return roots.flatMap((pid) => below(pid)).reduce((sum, { pid }) => sum + ticksOf(pid), 0); }
    others() {
        const { used, all } = machine();
        return Math.max(0, used - this.machine.used - (this.sum(this.roots()) - this.ours)) / (all - this.machine.all);
    }
    holds(t, what, value, bar, wide) {
        const share = this.others(), most = share > MOST ? wide : bar;
        t.diagnostic(`${what}: ${Number(value.toFixed(2))}; others had ${Math.round(share * 100)} % of the processors, so the limit was ${most === bar ? `the bar, ${bar}` : `${wide}, not the bar of ${bar}`}`);
        assert.ok(value < most, `${what}: ${value}, and ${most} is the limit`);
    }
}
