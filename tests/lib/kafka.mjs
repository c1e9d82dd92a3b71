// A real Kafka broker for one test, which may kill it: `const kafka = await startKafka();  kafka.bootstrap, kafka.kill(), kafka.start()`.
// It makes topics when asked for, and has that of reservations, unless its `properties` say `auto.create.topics.enable: false`.
// Its jars are those that script/up fetches, which is asked to where they are not here yet (or KAFKA_HOME's).
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Server, freePort, root, temporaryFolder } from './servers.mjs';
import { waitFor } from './wait.mjs';

const java = process.env.WR_JAVA ?? 'java'; // script/test says which
function fetchJars() {
    execFileSync(join(root, 'script', 'up'), ['--install-only'], { env: { ...process.env, WR_RUN_DIR: temporaryFolder('run'), KAFKA_BOOTSTRAP: '' }, stdio: 'pipe' });
}

export async function startKafka(properties = {}) {
    const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'waitroom', 'kafka-4.1.0');
    const jars = process.env.KAFKA_HOME ? join(process.env.KAFKA_HOME, 'libs') : join(cache, 'jars');
    if (!process.env.KAFKA_HOME && !existsSync(join(jars, '.complete'))) fetchJars();
    const folder = temporaryFolder('kafka'), port = await freePort(), settings = join(folder, 'server.properties');
    const values = { PORT: port, CONTROLLER_PORT: await freePort(), DATA: join(folder, 'data') };
    const ours = readFileSync(join(root, 'deploy/kafka/server.properties.in'), 'utf8').replace(/@(\w+)@/g, (_, name) => values[name]);
    writeFileSync(settings, ours + Object.entries(properties).map(([name, value]) => `${name}=${value}\n`).join('')); // the last one counts
    const archive = process.env.KAFKA_HOME ? undefined : readdirSync(cache).find((name) => name.endsWith('.jsa'));
    const options = ['-Xms128m', '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', ...(archive ? [`-XX:SharedArchiveFile=${join(cache, archive)}`] : []),
        `-Dlog4j2.configurationFile=${join(root, 'deploy/kafka/log4j2.properties')}`,
        '-cp', readdirSync(jars).filter((name) => name.endsWith('.jar')).sort().map((name) => join(jars, name)).join(':')];
    execFileSync(java, [...options, 'kafka.tools.StorageTool', 'format', '-t', 'waitroomdevelopmentAAA', '-c', settings], { stdio: 'pipe' });
    const bootstrap = `127.0.0.1:${port}`;
    const server = new Server('kafka', java, [...options, 'kafka.Kafka', settings], {
        folder, serves: () => { execFileSync('kcat', ['-b', bootstrap, '-L', '-m', '2'], { stdio: 'pipe' }); return true; },
    });
    await server.start();
    // Asking for the topic makes it, a little later.
    if (properties['auto.create.topics.enable'] !== false) await waitFor('the topic', () => /with 8 partitions/.test(execFileSync('kcat', ['-b', bootstrap, '-L', '-t', 'waitroom.reservations', '-X', 'allow.auto.create.topics=true'], { stdio: 'pipe' })), { timeout: 60_000 });
    // Every message of a topic so far, as parsed JSON.
    const messages = (topic) => execFileSync('kcat', ['-b', bootstrap, '-C', '-t', topic, '-e', '-q', '-o', 'beginning'], { stdio: 'pipe', maxBuffer: 1 << 26 })
        .toString().split('\n').filter(Boolean).map((line) => JSON.parse(line));
    return Object.assign(server, { port, bootstrap, messages });
}
