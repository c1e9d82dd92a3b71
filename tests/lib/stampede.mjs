// Runs build/bench/stampede against a stack and reads its report.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { build, temporaryFolder } from './servers.mjs';

// The report, as scripts read it: every figure is there, and none beside them.
const count = { type: 'integer', minimum: 0 }, amount = { type: 'number', minimum: 0 }, counts = { type: 'object', additionalProperties: count, minProperties: 10 };
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });
const all = (schema, ...names) => Object.fromEntries(names.map((name) => [name, schema]));
export const checkReport = new Ajv().compile(object({
    sale: { type: 'string', minLength: 1 }, ...all(amount, 'seconds', 'cpu_seconds'), timed_out: { type: 'boolean' },
    joins: object({ count, ...all(amount, 'per_s', 'p50_ms', 'p99_ms') }),
    drip: object({ ...all(count, 'rate_per_minute', 'granted', 'tokens', 'measured', 'windows_above'), ...all(amount, 'burst', 'measured_s', 'percent_of_rate', 'net_percent', 'ran_over', 'taken_up_percent') }),
    looks: object({ ...all(count, 'count', 'above', 'granted'), ...all(amount, 'fullest', 'granted_s', 'net_percent', 'ran_over') }),
    acknowledgement: object({ count, ...all(amount, 'p50_ms', 'p99_ms') }),
    places: object({ ...all(count, 'returns', 'kept', 'changed', 'refused', 'kept_out', 'given_twice'), ...all(amount, 'return_p50_ms', 'return_worst_ms') }),
    stock: object(all(count, 'before', 'free', 'held', 'sold', 'voided', 'committed')),
    ...all(count, 'sold', 'oversold', 'lost', 'undersold'),
    orders: { type: 'array', items: object({ status: { type: 'string', minLength: 1 }, reason: { type: 'string' }, orders: count, units: count }) },
    ends: counts, counts,
    refusals: { type: 'array', items: object({ what: { type: 'string', minLength: 1 }, count: { type: 'integer', minimum: 1 } }) },
    invariants: { type: 'object', additionalProperties: { type: 'boolean' }, minProperties: 10 },
}));

export function startStampede(stack, args) {
    const file = join(temporaryFolder('stampede'), 'report.json');
    const child = spawn(join(build, 'bench', 'stampede'), [...args.map(String), '--json', file], { env: { ...process.env, ...stack.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => { output += text; });
    child.stderr.on('data', (text) => { output += text; });
    const ended = new Promise((done) => child.once('close', (code, signal) => {
        let report = null;
        try { report = JSON.parse(readFileSync(file, 'utf8')); } catch { /* it ended before its report: the code says so */ }
        done({ code, signal, report, output });
    }));
    return { ended, running: () => child.exitCode === null && child.signalCode === null, kill: () => child.kill('SIGKILL') };
}
