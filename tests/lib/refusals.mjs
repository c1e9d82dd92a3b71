// What every refusal is, at whatever door: its problem type and status, a sentence, what to do next, counted once - and nothing changed.
//
//   const watch = new Watch({ url: daemon.url, redis, keys: () => `wr:{${sale.id}*`, database });
//   await watch.still();                                     what goes on by itself after a start has ended
//   await watch.refused(() => fetch(...), { status: 401, type: 'unauthenticated' });
//   await watch.refused(() => p.got('error'), { type: 'ticket-invalid' });       a message `error` of a socket
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { metrics } from './metrics.mjs';
import { root } from './servers.mjs';
import { waitFor } from './wait.mjs';

// The table of common/err.h.
export const problems = new Map([...readFileSync(join(root, 'common', 'err.h'), 'utf8').matchAll(/^ {4}X\((\w+), (\d+), (\d+), "([a-z-]+)", "([^"]*)",\s*(?:\\\n\s*)?"([^"]*)"\)/gm)]
    .map(([, name, status, retry, slug, title, next]) => [slug, { name, status: Number(status), retry: Number(retry), title, next }]));

export function checkProblem(problem, type, status = problems.get(type)?.status) {
    const { title, next } = problems.get(type) ?? assert.fail(`${type} is not in common/err.h`);
    assert.deepEqual({ ...problem, detail: '' }, { ...problem, type: `/problems/${type}`, status, title, detail: '', next }, JSON.stringify(problem));
    assert.ok(problem.detail.length > 3, 'it says what is wrong');
}

// ---- what must not change ----
// Clocks go on by themselves, and so does what workers and instances tell each other about themselves and measure of the line.
const ownLife = /:(relay|workers|points|presence|table|fronts)$/;
const ownTime = new Set(['clock', 'time', 'called_at', 'asked', 'answered', 'asked_recent', 'answered_recent', 'front_at', 'open_ms', 'level', 'level_at', 'left_at', 'table_at', 'table_version']);

const readers = { hash: 'hgetallBuffer', zset: 'zrange', stream: 'xrange', set: 'smembers', string: 'get' }, ranges = { zset: [0, -1, 'WITHSCORES'], stream: ['-', '+'] };
export async function redisState(redis, pattern = '*') {
    const names = (await redis.keys(pattern)).filter((name) => !ownLife.test(name)).sort();
    const types = await Promise.all(names.map((name) => redis.type(name)));
    const values = await Promise.all(names.map((name, i) => redis[readers[types[i]]]?.(name, ...ranges[types[i]] ?? []))); // a key may go meanwhile
    return Object.fromEntries(names.map((name, i) => {
        if (types[i] === 'set') return [name, values[i].sort()];
        if (types[i] !== 'hash') return [name, values[i]];
        const fields = Object.entries(values[i]).map(([field, value]) => [field, value.toString('latin1')]);
        return [name, fields.filter(([field]) => !(name.endsWith(':line') && ownTime.has(field))).sort()];
    }));
}
// Every row of every table, but for when it was looked at last and who leads what.
const questions = new WeakMap();
async function question(database) {
    const { rows } = await database.query(`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'sandbox') and tablename <> 'leases' order by 1`);
    return rows.map(({ name }) => `select '${name}' as name, coalesce((select jsonb_agg(to_jsonb(t) - 'updated_at' order by t::text) from ${name} t), '[]') as content`).join(' union all ');
}
export async function databaseState(database) {
    if (!questions.has(database)) questions.set(database, await question(database));
    const { rows } = await database.query({ name: 'everything', text: questions.get(database) });
    return Object.fromEntries(rows.map(({ name, content }) => [name, content]));
}

// What differs between two states, by key and table: an AssertionError of the whole works out a difference that takes gigabytes.
const only = (here, there) => {
    if (!Array.isArray(here)) return JSON.stringify(here) ?? 'not there';
    const known = new Set(Array.isArray(there) ? there.map((entry) => JSON.stringify(entry)) : []);
    return here.map((entry) => JSON.stringify(entry)).filter((text) => !known.has(text)).slice(0, 3).join(' ');
};
function differences(was, is) {
    const [before, now] = [was, is].map(({ redis, database }) => ({ ...redis, ...database }));
    return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => !isDeepStrictEqual(before[name], now[name]))
        .map((name) => `${name}: ${only(before[name], now[name]).slice(0, 500)} -> ${only(now[name], before[name]).slice(0, 500)}`);
}
export const assertUnchanged = (is, was) => assert.deepEqual(differences(was, is), [], 'nothing changed');

export class Watch {
    // `keys`: a pattern of Redis keys, or what returns one; `database`: a client of pg. Either may be missing.
    constructor({ url, redis, keys = '*', database }) { Object.assign(this, { url, redis, keys, database }); }
    async state(keys = this.keys) {
        const [redis, database] = await Promise.all([this.redis && redisState(this.redis, typeof keys === 'function' ? keys() : keys), this.database && databaseState(this.database)]);
        return { redis, database };
    }
    async still() {
        let last = {};
        await waitFor('everything to be still', async () => {
            const before = last;
            last = await this.state();
            assertUnchanged(last, before);
            return true;
        }, { every: 400 });
    }
    // `act` is done once. `type`: the problem's; `detail`: a pattern of its sentence; `counted`: further counters that rise by one; `keys`: another pattern; `shape`: the answer is not
    // a problem but what a function checks, `null` for none.
    async refused(act, { type, status = problems.get(type).status, detail, counted = [], keys, shape, times = 1 }) {
        const counters = [`wr_refusals_total{problem="${type}"}`, ...counted];
        const counts = () => metrics(this.url, counters);
        const [was, before] = await Promise.all([this.state(keys), counts()]);
        const answer = await act();
        if (answer?.type === 'error') {
            assert.equal(answer.code, type, JSON.stringify(answer));
            assert.ok(answer.detail.length > 3);
            assert.equal(answer.next, problems.get(type).next, 'it says what to do next');
        } else if (shape === undefined) {
            const problem = answer instanceof Response ? await answer.json() : answer.json ?? JSON.parse(answer.text);
            const header = (name) => (answer.headers.get ? answer.headers.get(name) : answer.headers[name]);
            assert.equal(answer.status, status, JSON.stringify(problem));
            assert.equal(header('content-type'), 'application/problem+json');
            assert.equal(header('cache-control'), 'no-store');
            checkProblem(problem, type, status);
            if (problems.get(type).retry) assert.ok(Number(header('retry-after')) >= 1, 'it says when to ask again');
            if (detail) assert.match(problem.detail, detail);
        } else {
            if (answer?.status !== undefined) assert.equal(answer.status, status);
            await shape?.(answer);
        }
        const expected = before.map((n) => n + times);
        await waitFor('it to be counted', async () => { assert.deepEqual(await counts(), expected, counters.join(' ')); return true; }, { every: 10 });
        assertUnchanged(await this.state(keys), was);
        return answer;
    }
}
