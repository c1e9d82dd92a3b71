// The network between a browser and the system, as an HTTP proxy: one that lets no WebSocket through (they need CONNECT, which many
// a company's proxy refuses), or one that fails: cut, it refuses; frozen, it keeps every connection and passes nothing on.
//
//   const network = await openNetwork({ webSockets: false });    openShopper(..., { network });
//   network.cut(); network.mend();                               network.freeze(); network.thaw();
import { createServer, request } from 'node:http';
import { connect } from 'node:net';

export async function openNetwork({ webSockets = true } = {}) {
    const sockets = new Set(), tunnels = new Set();
    let up = true, flows = Promise.resolve(), flow;
    const join = (ends) => ends.forEach((end, i) => end.pipe(ends[1 - i]));
    const part = (ends) => ends.forEach((end, i) => end.unpipe(ends[1 - i]).pause());
    const hold = (socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
        return socket;
    };
    const proxy = createServer(async (req, res) => {
        await flows;
        const onward = request(req.url, { method: req.method, headers: req.headers }, (answer) => {
            res.writeHead(answer.statusCode, answer.headers);
            answer.pipe(res);
        });
        onward.on('error', () => res.destroy());
        req.pipe(onward);
    });
    proxy.on('connection', (socket) => {
        if (up) return hold(socket);
        network.missed++;
        return socket.destroy();
    });
    proxy.on('connect', async (req, socket) => {
        await flows;
        if (!webSockets) {
            network.refused++;
            socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
            return;
        }
        const [host, port] = req.url.split(':');
        const onward = hold(connect(Number(port), host, () => {
            socket.write('HTTP/1.1 200 OK\r\n\r\n');
            tunnels.add(ends);
            join(ends);
        }));
        const ends = [onward, socket];
        socket.on('close', () => { onward.destroy(); tunnels.delete(ends); });
        onward.on('close', () => socket.destroy());
    });
    await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
    const network = {
        refused: 0, // tunnels asked for and not given
        missed: 0, // connections tried while it was cut
        settings: { server: `http://127.0.0.1:${proxy.address().port}`, bypass: '<-loopback>' },
        cut() { up = false; for (const socket of sockets) socket.destroy(); },
        mend() { up = true; },
        freeze() { flows = new Promise((done) => { flow = done; }); tunnels.forEach(part); },
        thaw() { flow(); tunnels.forEach(join); },
        async close() { network.cut(); await new Promise((done) => proxy.close(done)); },
    };
    return network;
}
