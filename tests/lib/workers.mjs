// All workers that share a port: the kernel gives each connection to one of them, and enough in a row have met them all.
import { request } from 'node:http';
import { waitFor } from './wait.mjs';

// The body of a 200 on a connection of its own; any other answer is an error.
export const once = (url, options, text) => new Promise((done, failed) => {
    request(url, { ...options, agent: false }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part)).on('end', () => (answer.statusCode === 200 ? done(parts.join('')) : failed(new Error(parts.join('')))));
    }).on('error', failed).end(text);
});
// Each worker looks for itself: until all have the sale at `url`, and it fulfils `condition` for each.
export const everyWorkerKnows = (url, sale, condition = () => true) => waitFor('all workers to know the sale', async () => {
    for (let i = 0; i < 24; i++) if (!condition(JSON.parse(await once(`${url}/v1/sales/${sale.id}`)))) return false;
    return true;
});
