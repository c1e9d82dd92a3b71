// tick.lua, join.lua and presence.lua on a real Redis. `World` seeds a line on whose clock nothing passes but what a test lets
// pass; `Worker` is a worker as ADMISSION describes it, and checks every answer against what it knows.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { startRedis, stopAll } from '../lib/servers.mjs';
import { script } from '../lib/script.mjs';

const tick = script('waitroom/tick.lua'), join = script('waitroom/join.lua'), presence = script('waitroom/presence.lua');
let server, redis, sales = 0;
before(async () => {
    server = await startRedis(['--appendfsync', 'no']);
    redis = new Redis(server.port);
});
after(async () => {
    redis.disconnect();
    await stopAll();
});

function random(seed) { // mulberry32: runs repeat
    return () => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}
const shopperOf = (place) => `shopper${place}`;
const pairs = (list) => list.reduce((out, v, i) => (i % 2 ? out.at(-1).push(v) : out.push([v]), out), []);

class World {
    constructor(fields) {
        this.sale = `s${++sales}`;
        this.gen = 1;
        this.rate = 6000;
        this.fields = fields;
        this.ready = new Map(); // place -> worker, as the script must see it
        this.heard = new Map(); // worker -> {clock, low, first}
        this.issued = new Map(); // jti -> {place, granted}
        this.grants = [];
        this.entered = new Set();
        this.living = new Map(); // place -> {jti, until}
        this.fallen = new Set(); // places that let a token fall, and no person said so since
    }
    key(name) { return `wr:{${this.sale}}:${name}`; }
    get keys() {
        return [...['line', 'ready', 'owners', 'workers', 'points', 'inside', 'admissions', 'fallen', 'vouched', 'fronts', 'blocked'].map((k) => this.key(k)), this.key('spent:7:0')];
    }
    async open() {
        const now = this.began = Date.now();
        await redis.hset(this.key('line'), {
            run: 7, gen: this.gen, run_id: 'x', phase: 'live', mode: 'queue', message: '', rate: this.rate, burst_ms: 500, level: '0.000000', level_at: now,
            clock: now, time: now, live_at: now - 1000, called: 0, called_at: now - 1000, asked: 0, answered: 0, front: 0, front_at: 0, counter: 0, ceiling: 1e6,
            cap: 0, factor: 100, admission_s: 600, away_limit_s: 60, left: -1, left_at: 0, version: 1, table_version: 0,
            granted_total: 0, joined_total: 0, entered_total: 0, finished_total: 0, returned_total: 0, ...this.fields,
        });
        const line = await this.line();
        this.rate = Number(line.rate);
        this.burst = 1 + Number(line.burst_ms) / 1000 * this.rate / 60;
        return this;
    }
    line() { return redis.hgetall(this.key('line')); }
    set(fields) { return redis.hset(this.key('line'), fields); }
    pass(ms) { return redis.hincrby(this.key('line'), 'clock', ms); }
    // The time of day goes on by `ms`, or is set: the next script sees it.
    step(ms) {
        this.stepped = true;
        return this.set({ time: Date.now() - ms });
    }
    async call(a) {
        if (!this.stepped) await this.set({ time: Date.now() + 3_600_000 }); // set back by an hour: what passes for us is no time on the line
        this.stepped = false;
        const flat = (list) => (list ?? []).flat();
        a.add = a.add?.map(([place, shopper, readyFor = 0, vouched = 0]) => [place, shopper, readyFor, vouched]);
        const counts = [a.add, a.del, a.entered, a.expired, a.left, a.handed].map((l) => (l ?? []).length);
        return tick(redis, this.keys, [a.gen ?? this.gen, 7, a.me ?? 'w', a.full ? 1 : 0, a.called ?? 0, a.clock ?? 0, a.low ?? 0, a.first ?? 0, a.waiting ?? 0,
            a.held ?? 0, a.asked ?? 0, a.answered ?? 0, a.stride ?? 1, a.uncalled ?? 0, (a.next ?? []).join(' '), a.unhanded ?? 0, ...counts,
            ...flat(a.add), ...flat(a.del), ...flat(a.entered), ...flat(a.expired), ...flat(a.left), ...flat(a.handed)]).then((reply) => {
            if (reply[0] === 'closed') return { closed: true };
            const [called, stride, target, resync, clock, yield_, grants, again, refused, limit] = reply;
            const rows = [];
            for (let i = 0; i < again.length; i += 5) rows.push({ place: Number(again[i]), jti: again[i + 1], granted: Number(again[i + 2]), expires: Number(again[i + 3]), entered: again[i + 4] === '1' });
            return { called, stride, target, resync, clock, yield: yield_, limit, grants: pairs(grants).map(([p, jti]) => [Number(p), jti]), again: rows, refused: pairs(refused).map(([p, why]) => [Number(p), why]) };
        });
    }
    ceilingHolds() {
        // In any window from grant i to grant j at most rate x t + burst.
        const at = this.grants.map((g) => g.granted).sort((a, b) => a - b);
        let least = Infinity, worst = 0;
        for (let j = 0; j < at.length; j++) {
            least = Math.min(least, j - (at[j] - at[0]) * this.rate / 60000);
            worst = Math.max(worst, j + 1 - (at[j] - at[0]) * this.rate / 60000 - least);
        }
        assert.ok(worst <= this.burst + 1e-6, `${worst} in a window that allows ${this.burst}`);
    }
}

class Worker {
    constructor(world, name) {
        Object.assign(this, { world, name, shoppers: new Map(), called: 0, clock: 0, stride: 2, target: 32, full: true, asked: 0, answered: 0, now: 0 });
        this.reset();
    }
    reset() {
        this.exposed = new Set();
        this.entered = [];
        this.expired = [];
    }
    arrive(place) {
        this.shoppers.set(place, place <= this.called ? { state: 'asked' } : { state: 'uncalled' });
    }
    answer(place) {
        const s = this.shoppers.get(place);
        if (s.waits && this.now - s.waits < 300) this.answered++;
        if (s.state === 'asked') Object.assign(s, { state: 'ready', waits: 0 });
    }
    in(state) { return [...this.shoppers].filter(([, s]) => s.state === state).map(([p]) => p).sort((a, b) => a - b); }
    async tick(lost = false) {
        const { world } = this;
        const ready = this.in('ready'), exposed = new Set(ready.slice(0, this.target)), uncalled = this.in('uncalled');
        const waits = [...this.shoppers].filter(([, s]) => s.state === 'asked' && s.waits && this.now - s.waits < 300).map(([p]) => p);
        const next = [];
        for (let i = this.stride - 1; next.length < 16 && i < uncalled.length; i += this.stride) next.push(uncalled[i]);
        if (next.length < 16 && uncalled.length && next.at(-1) !== uncalled.at(-1)) next.push(uncalled.at(-1));
        const full = this.full;
        const add = [...exposed].filter((p) => full || !this.exposed.has(p)), del = full ? [] : [...this.exposed].filter((p) => !exposed.has(p));
        const low = waits.length ? Math.min(...waits) : 0, first = uncalled[0] ?? 0;
        const answer = await world.call({
            me: this.name, full, called: this.called, clock: this.clock, low, first, waiting: waits.length, held: ready.length - exposed.size, asked: this.asked,
            answered: this.answered, stride: this.stride, uncalled: uncalled.length, next, add: add.map((p) => [p, shopperOf(p), 0, this.shoppers.get(p).vouched ? 1 : 0]), del, entered: this.entered, expired: this.expired,
        });
        // The model of the shared state, in the script's order.
        for (const [worker, h] of world.heard) if (answer.clock - h.clock > 500) world.forget(worker);
        if (full) world.forget(this.name);
        const known = world.heard.get(this.name)?.synced || full;
        assert.equal(answer.resync === 0, known);
        for (const [p, jti] of this.entered) if (world.living.get(p)?.jti === jti) world.enter(p, answer.clock);
        for (const [p, jti] of this.expired) if (world.living.get(p)?.jti === jti && !world.entered.has(p)) world.fall(p);
        for (const [p, row] of world.living) if (row.until <= answer.clock) world.fall(p);
        if (known) {
            for (const p of del) if (world.ready.get(p) === this.name) world.ready.delete(p);
            const refused = new Map(answer.refused), again = new Map(answer.again.map((r) => [r.place, r]));
            for (const p of add) {
                if (world.living.has(p)) assert.equal(again.get(p)?.jti, world.living.get(p).jti, 'a living admission is the same one');
                else if (world.entered.has(p)) assert.equal(refused.get(p), 'spent');
                else if (world.fallen.has(p) && !this.shoppers.get(p).vouched) assert.match(refused.get(p), /^(fell|spent)$/, 'only a person is believed');
                else if (!refused.has(p)) {
                    world.fallen.delete(p);
                    world.ready.set(p, this.name);
                }
            }
        }
        const order = [...world.ready.keys()].sort((a, b) => a - b);
        const level = Number((await world.line()).level), n = Math.floor(level + answer.grants.length + 1e-6);
        const door = Math.min(...[...world.heard].filter(([w]) => w !== this.name).flatMap(([, h]) => [h.low || Infinity, h.first && h.first <= this.seen ? h.first : Infinity]), low || Infinity);
        for (const [place, jti] of answer.grants) {
            assert.ok(order.indexOf(place) >= 0 && order.indexOf(place) < n, `${place} is not among the ${n} lowest ready`);
            assert.equal(world.ready.get(place), this.name, 'granted to its owner');
            assert.ok(place < door, `${place} passed the door ${door}`);
            assert.ok(!world.issued.has(jti), `${jti} was issued before`);
            assert.ok(!world.living.has(place) && !world.entered.has(place), `${place} was given twice`);
            world.issued.set(jti, { place, granted: answer.clock });
            world.grants.push({ place, granted: answer.clock, worker: this.name });
            world.living.set(place, { jti, until: answer.clock + 10000, granted: answer.clock });
            world.ready.delete(place);
        }
        world.heard.set(this.name, { clock: answer.clock, synced: known, low: known ? low : 0, first: known ? first : 0 });
        if (lost) { // the answer never came: what it gave is found out by a full call
            this.full = true;
            return answer;
        }
        this.reset();
        this.exposed = answer.resync ? new Set() : exposed;
        this.full = answer.resync === 1;
        this.asked = this.answered = 0;
        Object.assign(this, { called: Math.max(this.called, answer.called), clock: answer.clock, stride: answer.stride, target: answer.target });
        for (const p of uncalled) {
            if (p > this.called || !this.shoppers.has(p)) continue;
            Object.assign(this.shoppers.get(p), { state: 'asked', waits: answer.resync ? 0 : this.now, called: this.now });
            if (!answer.resync) this.asked++;
        }
        for (const [p, jti] of [...answer.grants, ...answer.again.map((r) => [r.place, r.jti])]) {
            this.exposed.delete(p);
            if (this.shoppers.has(p)) Object.assign(this.shoppers.get(p), { state: 'given', jti, since: this.now, vouched: false });
        }
        for (const [p, why] of answer.refused) {
            this.exposed.delete(p);
            if (!this.shoppers.has(p)) continue;
            if (why === 'spent') this.shoppers.delete(p);
            else if (why === 'fell') Object.assign(this.shoppers.get(p), { state: 'quiet', vouched: false });
            else Object.assign(this.shoppers.get(p), { state: why === 'entered' ? 'inside' : 'quiet' });
        }
        return answer;
    }
}
World.prototype.forget = function (worker) {
    this.heard.delete(worker);
    for (const [p, w] of this.ready) if (w === worker) this.ready.delete(p);
};
World.prototype.fall = function (place) {
    if (!this.entered.has(place)) this.fallen.add(place);
    this.living.delete(place);
};
World.prototype.enter = function (place) {
    this.entered.add(place);
    const row = this.living.get(place);
    row.until = row.granted + 600_000;
};

// One run: workers tick every 100 ms of line time; shoppers answer, leave, come back elsewhere, take up or let fall.
async function run({ seed, workers = 3, places = 400, steps = 250, rate = 6000, chaos = {}, fields = {} }) {
    const rnd = random(seed), world = await new World({ rate, ...fields }).open();
    const list = Array.from({ length: workers }, (_, i) => new Worker(world, `w${i}`));
    const pick = () => list[Math.floor(rnd() * list.length)];
    let next = 1, now = 0, crashed = 0;
    const join_ = () => pick().arrive(next++);
    for (let i = 0; i < places; i++) join_();
    for (let step = 0; step < steps; step++) {
        now += 100;
        for (let i = 0; i < rate / 600; i++) join_();
        const order = list.map((w) => [rnd(), w]).sort((a, b) => a[0] - b[0]).map(([, w]) => w);
        for (const w of order) {
            if (w.dead && now - w.dead < 900) continue;
            w.dead = 0;
            w.now = now;
            for (const [p, s] of [...w.shoppers]) {
                if (s.state === 'asked' && rnd() < (chaos.answers ?? 0.8)) w.answer(p);
                else if (s.state === 'given' && now - s.since > 9000) { w.expired.push([p, s.jti]); s.state = 'quiet'; }
                else if (s.state === 'given' && rnd() < (chaos.takes ?? 0.5)) { w.entered.push([p, s.jti]); s.state = 'inside'; }
                else if (s.state === 'quiet' && rnd() < 0.1) Object.assign(s, { state: 'ready', vouched: true }); // a person
                else if (rnd() < (chaos.moves ?? 0.002)) { // refresh: another worker; sometimes the old tab stays open
                    if (rnd() < 0.7) w.shoppers.delete(p);
                    pick().arrive(p);
                } else if (rnd() < (chaos.leaves ?? 0.001)) w.shoppers.delete(p);
            }
            if (rnd() < (chaos.crash ?? 0)) { // kill -9: everything it knew is gone; its shoppers come back elsewhere
                const fresh = new Worker(world, `w${list.length}x${++crashed}`);
                const places_ = [...w.shoppers.keys()];
                Object.assign(w, fresh, { dead: now });
                for (const p of places_) { const other = pick(); if (other !== w) other.arrive(p); }
                continue;
            }
            let dt = Math.round(100 / list.length);
            if (rnd() < (chaos.stall ?? 0)) dt = 450;
            if (chaos.steps) await world.step(rnd() < chaos.steps ? (rnd() < 0.5 ? 3_600_000 : -30_000) : dt);
            else await world.pass(dt);
            w.seen = Number((await world.line()).called);
            await w.tick(rnd() < (chaos.lost ?? 0));
        }
    }
    world.ceilingHolds();
    const { granted_total, entered_total } = await world.line();
    assert.equal(Number(granted_total), world.grants.length);
    assert.equal(Number(entered_total), world.entered.size);
    return world;
}

test('calm: the ceiling holds, the order is kept, and at least 99 % of the rate is granted', async () => {
    const world = await run({ seed: 1, chaos: { leaves: 0, moves: 0 } });
    const first = world.grants[0].granted, last = world.grants.at(-1).granted;
    const due = (last - first) * world.rate / 60000;
    assert.ok(world.grants.length >= 0.99 * due, `${world.grants.length} of ${due}`);
});
for (const seed of [11, 12, 13]) {
    test(`two workers, refreshes, tabs left open, lost answers: one owner, nothing given twice (seed ${seed})`, () =>
        run({ seed, workers: 2, chaos: { moves: 0.05, lost: 0.1, takes: 0.2 } }));
    test(`workers crash and stall: their places are free after half a second (seed ${seed})`, () =>
        run({ seed, workers: 4, chaos: { crash: 0.02, stall: 0.02, lost: 0.05, answers: 0.4 } }));
    test(`clock steps give no token more and throw nobody out (seed ${seed})`, async () => {
        const began = performance.now(), world = await run({ seed, workers: 3, chaos: { steps: 0.05, moves: 0.01 } }), passed = Number((await world.line()).clock) - world.began;
        assert.ok(passed > 12_000 && passed <= 25_000 + performance.now() - began, `${passed} ms of the 25 s between the steps`);
    });
}
test('one a minute: a slow drip gives one token at a time', async () => {
    const world = await run({ seed: 5, rate: 60, workers: 2, places: 80, steps: 120 });
    assert.ok(world.grants.length >= 11 && world.grants.length <= 13, `${world.grants.length}`);
});

test('nothing happens for a worker of another generation or run', async () => {
    const world = await new World().open();
    await world.call({ full: true });
    const before_ = await world.line(), keys = await redis.keys(world.key('*'));
    assert.ok((await world.call({ gen: 2, full: true, add: [[1, 's']] })).closed);
    assert.ok((await tick(redis, world.keys, [1, 8, 'w', 1, 9, 9, 0, 0, 0, 0, 0, 0, 1, 0, '', 0, 0, 0, 0, 0, 0, 0])).includes('closed'));
    const after_ = await world.line();
    for (const field of ['clock', 'time']) delete before_[field], delete after_[field];
    assert.deepEqual(after_, before_);
    assert.deepEqual((await redis.keys(world.key('*'))).sort(), keys.sort());
});
test('an unknown worker is asked for its whole list before anything of it counts', async () => {
    const world = await new World({ level: '5' }).open();
    const first = await world.call({ add: [[1, 'a']] });
    assert.equal(first.resync, 1);
    assert.deepEqual(first.grants, []);
    assert.equal((await world.call({ add: [[1, 'a']] })).resync, 1, 'a partial list again does not make it known');
    const full = await world.call({ full: true, add: [[1, 'a']] });
    assert.deepEqual(full.grants, [[1, '7-1-0-1-0']]);
});
test('the last worker to add a place owns it; the older one can neither take it off nor be given it', async () => {
    const world = await new World({ rate: 0 }).open();
    await world.call({ me: 'a', full: true, add: [[5, 's5']] });
    await world.call({ me: 'b', full: true, add: [[5, 's5']] });
    await world.call({ me: 'a', del: [5] });
    assert.deepEqual(await redis.zrange(world.key('ready'), 0, -1), ['5']);
    await world.set({ level: '1' });
    assert.deepEqual((await world.call({ me: 'a' })).grants, []);
    assert.deepEqual((await world.call({ me: 'b' })).grants.map(([p]) => p), [5]);
    const again = await world.call({ me: 'a', full: true, add: [[5, 's5']] });
    assert.equal(again.again[0].jti, '7-1-0-5-0');
    assert.equal((await world.call({ me: 'a', add: [[5, 'somebody else']] })).refused[0][1], 'moved');
});
test('expired names a jti and never removes who has entered; three tokens let fall spend the place', async () => {
    const world = await new World({ rate: 0, level: '1', burst_ms: 1000 }).open();
    const grant = async () => {
        await world.set({ level: '1' });
        const { grants } = await world.call({ full: true, add: [[3, 's']] });
        return grants[0]?.[1];
    };
    const jti = await grant();
    assert.equal((await world.call({ expired: [[3, 'another']] })).refused.length, 0);
    assert.equal(await redis.zcard(world.key('inside')), 1);
    await world.call({ me: 'other', full: true, entered: [[3, jti]] });
    assert.deepEqual((await world.call({ expired: [[3, jti]] })).refused, [[3, 'entered']]);
    assert.equal(await redis.zcard(world.key('inside')), 1);
    assert.equal(await redis.getbit(world.key('spent:7:0'), 3), 1);
    await world.call({ left: [[3, jti]] });
    assert.equal(await redis.zcard(world.key('inside')), 0);
    assert.deepEqual((await world.call({ full: true, add: [[3, 's']] })).refused, [[3, 'spent']]);

    const seen = new Set();
    for (let i = 0; i < 3; i++) {
        await world.set({ level: '1' });
        const { grants } = await world.call({ full: true, add: [[4, 's', 0, i && 1]] });
        assert.equal(grants.length, 1);
        seen.add(grants[0][1]);
        await world.call({ expired: [[4, grants[0][1]]] });
    }
    assert.equal(seen.size, 3);
    await world.set({ level: '1' });
    assert.deepEqual((await world.call({ full: true, add: [[4, 's']] })).refused, [[4, 'spent']]);
    assert.equal((await world.line()).entered_total, '1');
});
test('a row not entered falls back after 10 s of the line, cap or no cap, and its token cannot be entered late', async () => {
    const world = await new World({ rate: 0, level: '1' }).open();
    const { grants: [[, jti]] } = await world.call({ full: true, add: [[9, 's']] });
    for (let i = 0; i < 24; i++) {
        await world.pass(430);
        await world.call({});
    }
    assert.equal(await redis.hlen(world.key('admissions')), 0);
    assert.deepEqual((await world.call({ entered: [[9, jti]] })).refused, [[9, 'late']]);
    assert.equal(await redis.hget(world.key('fallen'), '9'), '1');
});
test('who let a token fall is granted none at any worker until a person says so at one of them', async () => {
    const world = await new World({ rate: 0, burst_ms: 1000 }).open();
    const call = async (me, vouched) => {
        await world.set({ level: '1' });
        return world.call({ me, full: true, add: [[9, 's', 0, vouched]] });
    };
    for (let fell = 0; fell < 2; fell++) {
        const { grants: [[, jti]] } = await call('a', fell);
        await world.call({ me: 'a', expired: [[9, jti]] });
        for (const me of ['a', 'b', 'b']) {
            const { grants, refused } = await call(me, 0);
            assert.deepEqual([grants, refused], [[], [[9, 'fell']]]);
        }
        assert.equal(await redis.zcard(world.key('ready')), 0);
    }
    await world.set({ mode: 'hold' });
    assert.deepEqual((await call('b', 1)).refused, []);
    await world.set({ mode: 'queue' });
    assert.deepEqual((await call('c', 0)).grants, [[9, '7-1-0-9-2']], 'the word goes with the place');
});
test('the third token entered too late is refused like the others, though it spent the place; after its order it is not', async () => {
    const world = await new World({ rate: 0, level: '1' }).open();
    await redis.hset(world.key('fallen'), 9, 2);
    const { grants: [[, jti]] } = await world.call({ full: true, add: [[9, 's', 0, 1]] });
    await world.call({ me: 'other', full: true, expired: [[9, jti]] });
    assert.equal(await redis.getbit(world.key('spent:7:0'), 9), 1);
    assert.deepEqual((await world.call({ entered: [[9, jti]] })).refused, [[9, 'late']]);
    await world.set({ level: '1' });
    const { grants: [[, bought]] } = await world.call({ full: true, add: [[8, 's']] });
    await world.call({ entered: [[8, bought]] });
    await redis.multi().hdel(world.key('admissions'), 8).zrem(world.key('inside'), 8).exec();
    assert.deepEqual((await world.call({ entered: [[8, bought]] })).refused, [], 'its answer was lost, so it was said again');
});
test('entered a moment before its end, heard a moment after it, still counts; then it lives as long as the sale says', async () => {
    const world = await new World({ rate: 0, level: '1', admission_s: 30 }).open();
    const { grants: [[, jti]], clock } = await world.call({ full: true, add: [[9, 's']] });
    await world.set({ clock: clock + 10_050 });
    await world.call({ entered: [[9, jti]] });
    assert.equal(Number(await redis.zscore(world.key('inside'), '9')), clock + 30_000);
    await world.call({ entered: [[9, jti]] });
    assert.equal((await world.line()).entered_total, '1');
    await world.set({ clock: clock + 30_100 });
    await world.call({});
    assert.equal(await redis.zcard(world.key('inside')), 0);
    assert.equal(await redis.hlen(world.key('fallen')), 0);
});
test('cap, stock, stale stock, mode and phase close the drip; a pause earns nothing', async () => {
    const world = await new World({ rate: 0, level: '20', burst_ms: 1000 }).open();
    await world.set({ rate: 6000 });
    const list = Array.from({ length: 60 }, (_, i) => [i + 1, `s${i + 1}`]);
    const granted = async (fields) => {
        await redis.del(world.key('spent:7:0'), world.key('fallen'));
        await world.set({ level: '20', ...fields });
        const { grants } = await world.call({ full: true, add: list });
        await world.call({ full: true, left: grants });
        return grants.length;
    };
    const fresh = async () => ({ left_at: (await world.line()).clock });
    assert.equal(await granted({ cap: 7 }), 7);
    assert.equal(await granted({ cap: 0, left: 3, factor: 150, ...(await fresh()) }), 4);
    assert.equal(await granted({ left: 3, left_at: Number((await world.line()).clock) - 2100 }), 0);
    assert.equal(await granted({ left: 0, ...(await fresh()) }), 0);
    assert.equal(await granted({ left: -1, mode: 'hold' }), 0);
    await world.set({ level: '0', mode: 'hold' });
    await world.pass(400);
    await world.call({ full: true, add: list });
    assert.equal(Number((await world.line()).level), 0);
    assert.equal(await granted({ mode: 'reject' }), 0);
    assert.equal(await granted({ mode: 'queue', phase: 'sold_out' }), 0);
    assert.equal(await granted({ phase: 'live', live_at: (await world.line()).clock }), 0, 'the first half second only listens');
    assert.ok(await granted({ live_at: 0 }) >= 20);
});
test('passthrough lets everybody in and leaves the bucket alone', async () => {
    const world = await new World({ rate: 60, level: '0', mode: 'passthrough' }).open();
    const list = Array.from({ length: 500 }, (_, i) => [i + 1, `s${i + 1}`]);
    assert.equal((await world.call({ full: true, add: list })).grants.length, 500);
});
test('who was passed longer ago than the limit is refused; a block is refused and never granted', async () => {
    const world = await new World({ rate: 0, level: '1', away_limit_s: 60 }).open();
    await world.call({ full: true, add: [[50, 's50']] });
    const open = Number((await world.line()).open_ms);
    assert.equal((await world.call({ add: [[20, 's20']] })).refused.length, 0);
    await world.call({ del: [20] });
    await world.set({ open_ms: open + 59_000 });
    await world.call({ full: true });
    assert.equal((await world.call({ add: [[20, 's20']] })).refused.length, 0);
    await world.call({ del: [20] });
    await world.set({ open_ms: open + 60_100 });
    await world.call({ full: true });
    assert.deepEqual((await world.call({ add: [[20, 's20'], [51, 's51']] })).refused, [[20, 'passed']]);
    await redis.hset(world.key('blocked'), '51', 'fraud');
    await world.set({ level: '1' });
    const answer = await world.call({});
    assert.deepEqual([answer.grants, answer.refused], [[], [[51, 'blocked']]]);
});
test('who came back in time is not passed later: not by the next whole list, nor by another worker\'s', async () => {
    const world = await new World({ rate: 0, level: '1', away_limit_s: 60 }).open();
    await world.call({ full: true, add: [[50, 's50']] });
    const open = Number((await world.line()).open_ms);
    await world.set({ open_ms: open + 50_000 });
    assert.deepEqual((await world.call({ full: true, add: [[20, 's20', 0]] })).refused, [], 'away for 50 s');
    await world.set({ open_ms: open + 600_000 });
    for (const call of [{}, { me: 'other' }])
        assert.deepEqual((await world.call({ ...call, full: true, add: [[20, 's20', 550_000], [21, 's21', 545_000], [22, 's22', 530_000]] })).refused, [[22, 'passed']]);
    await world.set({ level: '1' });
    assert.deepEqual((await world.call({ me: 'other' })).grants.map(([p]) => p), [20]);
});
test('nobody is passed by time in which nobody is let in: a hold, no units, a full cap, no rate, no worker', async () => {
    const closings = [{ mode: 'hold' }, { mode: 'reject' }, { phase: 'sold_out' }, { left: 0, left_at: 'now' }, { left: 5, left_at: 0 }, { cap: 1 }, { rate: 0 }, { live_at: 'now' }];
    const back = async (fields) => {
        const world = await new World({ rate: 600, level: '1', away_limit_s: 10 }).open();
        assert.equal((await world.call({ full: true, add: [[50, 's50']] })).grants.length, 1);
        for (let i = 0; i < 12; i++) { // 12 s, in steps that a working drip makes
            for (let step = 0; step < 10; step++) {
                const { clock } = await world.line();
                await world.set({ clock: Number(clock) + 100, ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === 'now' ? clock : value])) });
                await world.call({});
            }
        }
        return (await world.call({ add: [[20, 's20']] })).refused;
    };
    assert.deepEqual(await back({}), [[20, 'passed']]);
    for (const fields of closings) assert.deepEqual(await back(fields), [], JSON.stringify(fields));
    const world = await new World({ rate: 600, level: '1', away_limit_s: 10 }).open();
    await world.call({ full: true, add: [[50, 's50']] });
    await world.set({ clock: Number((await world.line()).clock) + 3_600_000 });
    assert.deepEqual((await world.call({ full: true, add: [[20, 's20']] })).refused, [], 'nobody ticked for an hour');
});
test('the door: nobody is granted behind a place that was called a moment ago on any worker', async () => {
    const world = await new World({ rate: 0, level: '5', burst_ms: 1000, called: 100 }).open();
    await world.set({ rate: 600 });
    await world.call({ me: 'a', full: true, low: 10, waiting: 1 });
    const { grants } = await world.call({ me: 'b', full: true, add: [[8, 's8'], [12, 's12']] });
    assert.deepEqual(grants.map(([p]) => p), [8]);
    await world.call({ me: 'a', first: 11, uncalled: 1, next: [11] });
    assert.deepEqual((await world.call({ me: 'b' })).grants, []);
    await world.call({ me: 'a', first: 101, uncalled: 1, next: [101] });
    assert.deepEqual((await world.call({ me: 'b' })).grants.map(([p]) => p), [12]);
});
test('a new generation takes in the admissions that still live, with their bits, and the highest clock and call', async () => {
    const world = await new World({ gen: 2, called: 5 }).open();
    world.gen = 2;
    const { clock } = await world.line();
    await world.set({ live_at: clock });
    const ahead = Number(clock) + 5000;
    const handed = [[1, 's1', '7-1-0-1-0', ahead - 100, ahead + 9900, 0], [2, 's2', '7-1-0-2-0', ahead - 9000, ahead + 591_000, 1],
        [3, 's3', '7-1-0-3-0', ahead - 90_000, ahead - 1, 1], [4, 's4', '7-2-0-4-0', ahead, ahead + 9000, 0],
        [5, 's5', '7-1-0-5-0', ahead, ahead + 9000, 0]];
    await redis.hset(world.key('fallen'), 5, 1);
    const answer = await world.call({ full: true, called: 40, clock: ahead, handed, add: [[1, 's1']] });
    assert.equal(answer.called, 40);
    assert.ok(answer.clock >= ahead);
    assert.deepEqual((await redis.hkeys(world.key('admissions'))).sort(), ['1', '2'], 'neither the dead, nor a row this generation removed, nor a token that was let fall');
    assert.equal(await redis.getbit(world.key('spent:7:0'), 2), 1);
    assert.equal(answer.again[0].jti, '7-1-0-1-0');
});
test('after an outage who had entered in time stays, whichever worker is heard first; who had not lets it fall', async () => {
    const world = await new World({ rate: 600, level: '2' }).open();
    const { grants, clock } = await world.call({ me: 'b', full: true, add: [[1, 's1'], [2, 's2']] });
    assert.deepEqual(grants.map(([p]) => p), [1, 2]);
    world.gen = 2;
    const back = clock + 15_000; // as open_generation.lua leaves it
    await world.set({ gen: 2, clock: back, level_at: back, time: Date.now(), live_at: back + 1000 });
    await world.call({ me: 'a', full: true });
    const handed = grants.map(([p, jti]) => [p, `s${p}`, jti, clock, clock + 10_000, p === 1 ? 1 : 0]);
    assert.deepEqual((await world.call({ me: 'b', full: true, handed, entered: [[1, grants[0][1]]] })).refused, []);
    assert.deepEqual((await redis.hkeys(world.key('admissions'))).sort(), ['1', '2']);
    await world.set({ live_at: back - 500 });
    await world.call({ me: 'a' });
    assert.deepEqual([await redis.hkeys(world.key('admissions')), await redis.hgetall(world.key('fallen'))], [['1'], { 2: '1' }]);
});
test('the yield that is told is that of the last 250 asked, however slowly they are asked', async () => {
    const world = await new World({ rate: 0 }).open(), told = { asked: 0, answered: 0 };
    await world.call({ full: true });
    const ask = async (times, asked, answered) => {
        for (let i = 0; i < times; i++) {
            await world.pass(450);
            for (const [name, n] of Object.entries({ asked, answered })) told[name] = told[name] * Math.exp(-asked / 250) + n;
            const answer = await world.call({ asked, answered });
            assert.ok(Math.abs(answer.yield - Math.min(1000, 1000 * (told.answered + 1) / (told.asked + 1))) < 1.01, `${answer.yield} after ${JSON.stringify(told)}`);
        }
    };
    await ask(40, 5, 2);
    await ask(60, 0, 0); // nobody was asked for a while: that says nothing
    assert.equal(Math.round(told.answered / told.asked * 10), 4);
    await ask(1, 0, 1); // an answer that comes late
    await ask(100, 10, 9);
    assert.equal(Math.round(told.answered / told.asked * 10), 9);
    await ask(20, 50, 60); // answers to earlier calls, too
    assert.equal((await world.call({ asked: 0, answered: 0 })).yield, 1000);
});
test('a place that another worker has ready when its admission is handed in gets no second one', async () => {
    const world = await new World({ gen: 2, rate: 0 }).open();
    world.gen = 2;
    const { clock } = await world.line(), until = Number(clock) + 9000;
    await world.call({ me: 'newer tab', full: true, add: [[5, 's5'], [6, 's6'], [7, 's7']] });
    await world.call({ me: 'older tab', full: true, handed: [[5, 's5', '7-1-0-5-0', clock, until, 0], [6, 'another', '7-1-0-6-0', clock, until, 0]] });
    await world.set({ level: '1' });
    const [first, second, third] = [await world.call({ me: 'newer tab' }), await world.call({ me: 'newer tab' }), await world.call({ me: 'newer tab' })];
    assert.deepEqual(first.again, [{ place: 5, jti: '7-1-0-5-0', granted: Number(clock), expires: until, entered: false }]);
    assert.deepEqual(second.refused, [[6, 'moved']]);
    assert.deepEqual([first.grants, second.grants, third.grants], [[], [], [[7, '7-2-0-7-0']]], 'and the credit is still there');
    assert.deepEqual((await redis.zrange(world.key('inside'), 0, -1)).sort(), ['5', '6', '7']);
    assert.equal(await redis.zcard(world.key('ready')), 0);
});
test('a first list that comes late in a generation does not make the clock leap', async () => {
    const world = await new World({ gen: 2, level: '5' }).open();
    world.gen = 2;
    const { clock } = await world.line();
    await world.set({ live_at: clock - 500, left: 9, left_at: clock });
    const late = await world.call({ full: true, called: 40, clock: Number(clock) + 60_000 }); // Redis was frozen for a minute since
    assert.ok(late.clock < Number(clock) + 500, `${late.clock - clock} ms`);
    assert.equal(late.called, 40);
    const line = await world.line();
    assert.deepEqual([Number(line.live_at), Number(line.left_at)], [clock - 500, Number(clock)]);
});
test('the limit: what lets in fewer than the rate would and are ready', async () => {
    const wait = (n) => Array.from({ length: n }, (_, i) => [i + 1, `s${i + 1}`]);
    for (const [fields, limit] of [[{ cap: 2 }, 1], [{ left: 2, left_at: 'now' }, 1], [{ left: 9, left_at: 0 }, 2], [{ cap: 9 }, 0], [{}, 0], [{ cap: 2, mode: 'hold' }, 0], [{ cap: 2, live_at: 'now' }, 0], [{ cap: 2, level: '1', rate: 60 }, 0]]) {
        const world = await new World({ rate: 6000, level: '6' }).open(), { clock } = await world.line();
        await world.set(Object.fromEntries(Object.entries({ cap: 0, ...fields }).map(([name, value]) => [name, value === 'now' ? clock : value])));
        assert.equal((await world.call({ full: true, add: wait(6) })).limit, limit, JSON.stringify(fields));
    }
    const world = await new World({ rate: 6000, level: '6', cap: 2 }).open();
    await world.call({ full: true, add: wait(2) });
    assert.equal((await world.call({})).limit, 0, 'nobody waits');
});
test('what workers have yet to hand in is inside for all of them, under the cap and by the stock', async () => {
    for (const limit of [{ cap: 10 }, { left: 5, factor: 200 }]) {
        const world = await new World({ gen: 2, rate: 6000, ...limit }).open();
        world.gen = 2;
        const { clock } = await world.line(), until = Number(clock) + 90_000, list = Array.from({ length: 30 }, (_, i) => [i + 100, `s${i}`]);
        const handed = (from, n) => Array.from({ length: n }, (_, i) => [from + i, 'x', `7-1-0-${from + i}-0`, clock, until, 1]);
        const call = async (fields) => {
            await world.set({ level: '20', ...(limit.left && { left_at: (await world.line()).clock }) });
            return (await world.call(fields)).grants.length;
        };
        assert.equal(await call({ me: 'a', full: true, add: list, handed: handed(1, 2), unhanded: 8 }), 0, 'its own');
        assert.equal(await call({ me: 'b', full: true, handed: handed(50, 1), unhanded: 1 }), 0);
        assert.equal(await call({ me: 'a', unhanded: 3 }), 3, 'some of it lived no longer: 10 - 3 - 3 - 1');
        assert.equal(await call({ me: 'a', handed: handed(3, 3) }), 0);
        assert.equal(await call({ me: 'b' }), 0);
        assert.equal(await call({ me: 'a' }), 1, 'what was kept free for the other one');
        assert.equal(await redis.zcard(world.key('inside')), 10);
    }
});
test('what is handed in and has left by the same call is gone at its end', async () => {
    const world = await new World({ gen: 2 }).open();
    world.gen = 2;
    const { clock } = await world.line(), until = Number(clock) + 90_000;
    const handed = [[1, 's1', '7-1-0-1-0', clock, until, 1], [2, 's2', '7-1-0-2-0', clock, until, 1]];
    await world.call({ full: true, handed, left: [[1, '7-1-0-1-0']] });
    assert.deepEqual(await redis.hkeys(world.key('admissions')), ['2']);
    assert.deepEqual(await redis.zrange(world.key('inside'), 0, -1), ['2']);
    await world.call({ handed, left: [[2, '7-1-0-2-1'], [1, '7-1-0-1-0'], [3, '7-1-0-3-0']] }); // no such row: nothing
    assert.deepEqual(await redis.hkeys(world.key('admissions')), ['2']);
    assert.deepEqual(await redis.hgetall(world.key('fallen')), { 1: '1' });
});
test('a token given up after it was entered is not handed in again by whoever has not heard', async () => {
    const world = await new World({ rate: 0, level: '1' }).open();
    const { grants: [[, jti]], clock } = await world.call({ full: true, add: [[9, 's']] });
    await world.call({ entered: [[9, jti]] });
    await world.call({ left: [[9, jti]] });
    assert.equal(await redis.hget(world.key('fallen'), '9'), '1', 'verify and use look there, once its generation is over');
    await world.set({ gen: 2 });
    world.gen = 2;
    await world.call({ full: true, handed: [[9, 's', jti, clock, clock + 600_000, 1]] });
    assert.equal(await redis.hlen(world.key('admissions')), 0);
    assert.equal((await world.line()).entered_total, '1');
});
test('4,000 places in one call', async () => {
    const world = await new World({ rate: 6_000_000, level: '5000' }).open();
    const list = Array.from({ length: 4000 }, (_, i) => [i + 1, shopperOf(i + 1)]);
    assert.equal((await world.call({ full: true, add: list })).grants.length, 2000);
    await world.call({ del: list.map(([p]) => p) });
    assert.equal(await redis.zcard(world.key('ready')), 0);
});

test('join gives numbers under the ceiling, each once, and says why it gives none', async () => {
    const world = await new World({ ceiling: 10 }).open();
    const ask = (n, gen = 1, run_ = 7) => join(redis, [world.key('line')], [gen, run_, n]);
    assert.deepEqual(await ask(4), [1, 4]);
    assert.deepEqual(await ask(9), [5, 6]);
    assert.deepEqual(await ask(1), [11, 0]);
    assert.deepEqual(await ask(1, 2), ['closed']);
    assert.deepEqual(await ask(1, 1, 8), ['closed']);
    for (const [fields, answer] of [[{ mode: 'reject' }, 'reject'], [{ phase: 'ended' }, 'ended'], [{ phase: 'scheduled' }, 'not-open']]) {
        await world.set(fields);
        assert.deepEqual(await ask(1), [answer]);
    }
    const line = await world.line();
    assert.deepEqual([line.counter, line.joined_total], ['10', '10']);
});
test('a million who join weigh in Redis what ten weigh', async () => {
    const world = await new World({ ceiling: 2_000_000 }).open();
    const weight = async () => {
        const keys = await redis.keys(`wr:{${world.sale}}*`), bytes = await Promise.all(keys.map((key) => redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)));
        return { keys: keys.length, bytes: bytes.reduce((a, b) => a + Number(b), 0) };
    };
    const ask = (n) => join(redis, [world.key('line')], [1, 7, n]);
    await ask(10);
    const ten = await weight();
    for (let i = 0; i < 1000; i++) await ask(1000);
    const million = await weight();
    assert.equal((await world.line()).counter, '1000010');
    assert.equal(million.keys, ten.keys);
    assert.ok(ten.keys > 0 && million.bytes - ten.bytes < 100, `${ten.bytes} bytes, then ${million.bytes}`);
});
test('presence puts the time before the packed blocks, returns the table only when it is another, and goes', async () => {
    const world = await new World().open();
    const keys = [world.key('line'), world.key('presence'), world.key('table')];
    const blocks = Buffer.from('40' + 'df00000001' + '07' + 'ce0000012c', 'hex'), [from] = await redis.time();
    assert.deepEqual(await presence(redis, keys, [1, 'w1', 0, blocks]), ['0']);
    const record = await redis.hgetBuffer(world.key('presence'), 'w1');
    assert.equal(record.subarray(0, 2).toString('hex'), '93ce');
    const [until] = await redis.time();
    assert.ok(record.readUInt32BE(2) >= from && record.readUInt32BE(2) <= until, 'the time is that of Redis');
    assert.equal(record.subarray(6).toString('hex'), blocks.toString('hex'));
    await redis.set(world.key('table'), 'a table');
    await world.set({ table_version: 4 });
    assert.deepEqual(await presence(redis, keys, [1, 'w1', 0, blocks]), ['4', 'a table']);
    assert.deepEqual(await presence(redis, keys, [1, 'w1', 4, '']), ['4']);
    assert.equal(await redis.hlen(world.key('presence')), 0);
    assert.deepEqual(await presence(redis, keys, [2, 'w1', 4, blocks]), ['closed']);
});
