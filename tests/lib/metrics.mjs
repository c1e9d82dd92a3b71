// What a daemon counts: `await metric(url, 'wr_refusals_total{problem="busy"}')`. A metric that is not there is a mistake of the test, not 0.
export async function metrics(url, names) {
    const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
    return names.map((name) => {
        const line = lines.find((l) => l.startsWith(`${name} `));
        if (!line) throw new Error(`${url} has no metric ${name}`);
        return Number(line.slice(name.length + 1));
    });
}
export const metric = async (url, name) => (await metrics(url, [name]))[0];
export const refusals = (url, slug) => metric(url, `wr_refusals_total{problem="${slug}"}`);
