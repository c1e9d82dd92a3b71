// Admissions as the line makes them and tokens as waitroomd signs them, for tests of admissiond alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT, importPKCS8 } from 'jose';

export const issuer = 'waitroom';
const pack = "redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack({ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), 0, 'w', ''})) redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])";

// A token for `place` of the sale `id`, signed with the key `kid` of the folder `keys`; its row too, unless `row` is false. `claims` change the token only.
export async function admit({ redis, keys, kid }, id, place, { claims = {}, row = true } = {}) {
    const l = await redis.hgetall(`wr:{${id}}:line`), now = Math.floor(Date.now() / 1000), granted = Number(l.clock), jti = `${l.run}-${l.gen}-0-${place}-0`, sub = 'ab'.repeat(16);
    if (row) await redis.eval(pack, 2, `wr:{${id}}:admissions`, `wr:{${id}}:inside`, place, jti, sub, granted, granted + 600_000);
    const pem = await importPKCS8(readFileSync(join(keys, `${kid}.pem`), 'utf8'), 'EdDSA');
    return new SignJWT({ run: Number(l.run), gen: Number(l.gen), lane: 0, place, granted, jti, sub, aud: id, iss: issuer, iat: now, nbf: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid }).sign(pem);
}
