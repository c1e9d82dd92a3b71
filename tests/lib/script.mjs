// Lua scripts as the daemons run them: expanded by the build's own cmake/embed.py, with the number of keys it read.
//
//   const use = script('checkout/use.lua');
//   await use(redis, [key, ...], [argument, ...]);
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { root } from './servers.mjs';

const expand = `
import json, sys
sys.path.insert(0, 'cmake')
sys.dont_write_bytecode = True
import embed
text, _, keys, args, more = embed.lua(sys.argv[1], '.')
print(json.dumps({'text': text, 'keys': len(keys), 'args': args, 'more': more}))`;

export function script(path) {
    const { text, keys, args, more } = JSON.parse(execFileSync('python3', ['-c', expand, path], { cwd: root }));
    const sha1 = createHash('sha1').update(text).digest('hex');
    return async (redis, keyNames, values) => {
        if (keyNames.length !== keys) throw new Error(`${path} takes ${keys} keys, not ${keyNames.length}`);
        if (more ? values.length < args : values.length !== args) throw new Error(`${path} takes ${args} arguments, not ${values.length}`);
        const call = [keys, ...keyNames, ...values];
        return redis.evalsha(sha1, ...call).catch((error) => (/NOSCRIPT/.test(error.message) ? redis.eval(text, ...call) : Promise.reject(error)));
    };
}
