// The scripts as somebody calls them: with nothing of ours in the environment but what the test gives.
//
//   const { code, out, err, ms } = await run('up', ['--detach'], { WR_RUN_DIR: ... });
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './servers.mjs';
import { waitFor } from './wait.mjs';

const ours = /^(WR_|KAFKA_)/;
export const clean = (env = {}) => ({ ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))), ...env });

export function call(command, args, env) {
    const began = performance.now();
    return new Promise((done) => {
        execFile(command, args, { env: clean(env), maxBuffer: 1 << 24 }, (error, out, err) => done({ code: error ? error.code : 0, out, err, ms: Math.round(performance.now() - began) }));
    });
}
export const run = (name, args, env) => call(join(root, 'script', name), args, env);

// Every process below `pid`, as {pid, ppid, started, command}: a pid alone may be somebody else's later.
export function processes() {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, 'latin1'), fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
            if (fields[0] === 'Z') return [];
            return [{ pid: Number(pid), ppid: Number(fields[1]), started: fields[19], command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
        } catch {
            return []; // it ended while we read
        }
    });
}
export function below(pid) {
    const all = processes(), found = all.filter((p) => p.pid === pid);
    for (const parent of found) found.push(...all.filter((p) => p.ppid === parent.pid));
    return found;
}
export const alive = (list) => {
    const now = new Map(processes().map((p) => [p.pid, p.started]));
    return list.filter((p) => now.get(p.pid) === p.started);
};
export const gone = (what, list, timeout = 20_000) => waitFor(`${what} to be gone`, () => {
    const left = alive(list);
    if (left.length) throw new Error(left.map((p) => p.command).join('\n'));
    return true;
}, { timeout, every: 50 });

// What a run folder says: its supervisor, and the address of its public origin and its key.
export const supervisor = (folder) => Number(readFileSync(join(folder, 'up.pid'), 'utf8'));
export const service = (folder, name) => Number(readFileSync(join(folder, 'pids', name), 'utf8'));
export const isUp = (folder) => existsSync(join(folder, 'up.pid'));
export async function merchant(folder, method, path, body) {
    const text = readFileSync(join(folder, 'env'), 'utf8'), value = (name) => text.match(new RegExp(`^export ${name}=(.*)$`, 'm'))[1];
    const answer = await fetch(`${value('WR_PUBLIC_URL')}/v1/admin${path}`, {
        method, headers: { authorization: `Bearer ${value('WR_MERCHANT_KEY')}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
}
