// Runs build/bench/stampede against a stack and reads its report.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, temporaryFolder } from './servers.mjs';

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
