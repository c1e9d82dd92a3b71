// A page that holds every message, in both directions, against docs/asyncapi.yaml, for all tests of a file.
//
//   const witnesses = new Witnesses();
//   const s = witnesses.open(url, sale, { secret });                   a Shopper (lib/door.mjs)
//   after(() => witnesses.close());
//   test(..., () => { witnesses.areSound(); witnesses.seen.get('error') });
import { checkMessage, clientTypes } from './contract.mjs';
import { Shopper } from './door.mjs';

export class Witnesses {
    seen = new Map(); // what servers said, by type
    opened = [];
    note(m) { this.seen.set(m.type, [...this.seen.get(m.type) ?? [], m]); }
    open(...given) {
        const all = this, s = new class extends Shopper {
            receive(m) {
                try { checkMessage(m); } catch (error) { this.wrong ??= error; }
                all.note(m);
                super.receive(m);
            }
            send(message) {
                if (typeof message === 'object') checkMessage(message, clientTypes);
                super.send(message);
            }
        }(...given);
        this.opened.push(s);
        return s;
    }
    areSound() { for (const s of this.opened) if (s.wrong) throw s.wrong; }
    close() { for (const s of this.opened) s.socket?.terminate(); }
}
