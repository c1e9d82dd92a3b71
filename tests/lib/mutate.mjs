// Broken input from a seeded generator: bytes, texts, JSON field by field. The same seed breaks in the same way.

// xorshift32: small, seeded, the same everywhere.
export function generator(seed) {
    let x = seed >>> 0 || 1;
    const next = () => { x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0; return x; };
    const below = (n) => next() % n;
    return { below, chance: (percent) => below(100) < percent, pick: (list) => list[below(list.length)], bytes: (n) => Buffer.from(Array.from({ length: n }, () => below(256))) };
}

// Flips, cuts, repeats and inserts.
export function mutateBytes(random, bytes) {
    let out = Buffer.from(bytes);
    for (let i = 1 + random.below(3); i > 0 && out.length; i--) {
        const at = random.below(out.length);
        const how = random.below(4);
        if (how === 0) out[at] ^= 1 << random.below(8);
        else if (how === 1) out = out.subarray(0, at);
        else if (how === 2) out = Buffer.concat([out.subarray(0, at), random.bytes(random.below(20)), out.subarray(at)]);
        else out = Buffer.concat([out, out.subarray(at)]);
    }
    return out;
}
// What may stand in a header or an address.
export const mutateText = (random, text) => mutateBytes(random, Buffer.from(String(text), 'latin1')).toString('latin1').replace(/[^\x21-\x7e]/g, '~');

const odd = [null, true, false, 0, -1, 1, 0.5, -0.0, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63), 2 ** 64, '', '0', ' ', '\0', '\u{1f600}', '\ud800', '../..', '%00', '{}', '[]', [], {}, [[]], { type: {} }, 'x'.repeat(17), 'x'.repeat(300), 'x'.repeat(3000)];
function places(value, at = []) {
    const inner = value && typeof value === 'object' ? Object.keys(value).flatMap((key) => places(value[key], [...at, key])) : [];
    return [at, ...inner];
}
function change(random, root, at) {
    if (!at.length) return random.pick([structuredClone(random.pick(odd)), [root], { ...root, unknown: 1 }]);
    const last = at.at(-1), owner = at.slice(0, -1).reduce((value, key) => value[key], root), value = owner[last];
    const how = random.below(6);
    if (how === 0) Array.isArray(owner) ? owner.splice(last, 1) : delete owner[last];
    else if (how === 1) owner[last] = [value, structuredClone(value)];
    else if (how === 2 && typeof value === 'string') owner[last] = mutateText(random, value);
    else if (how === 3 && typeof value === 'number') owner[last] = random.pick([value + 1, value - 1, -value, String(value), value * 1e9, value + 0.5]);
    else if (how === 4 && !Array.isArray(owner)) owner[mutateText(random, last)] = structuredClone(value);
    else owner[last] = structuredClone(random.pick(odd));
    return root;
}
// A JSON text of `value` with one or two of its fields broken; now and then the text is.
export function mutateJson(random, value) {
    let root = structuredClone(value);
    for (let i = 1 + random.below(2); i > 0; i--) root = change(random, root, random.pick(places(root)));
    let text = JSON.stringify(root) ?? 'undefined';
    if (random.chance(5)) text = text.replace(/"(\w+)":/, '"$1":1,"$1":');
    if (random.chance(5)) text = `${'['.repeat(random.pick([2, 40, 900]))}${text}`;
    return random.chance(12) ? mutateBytes(random, Buffer.from(text)) : Buffer.from(text);
}
