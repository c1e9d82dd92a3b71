// Notices a socket that leads nowhere: of a network that swallows everything a browser hears nothing, and of pings its page hears
// nothing, but the server says something at least every 40 s (docs/asyncapi.yaml). Hidden pages listen too: they wait as well.
const silenceMs = 60_000;
const graceMs = 2000; // what came while the page slept is handed over now

export class Silence {
    private timer = 0;
    private heardMs = 0;

    constructor(private readonly onSilent: () => void) {}

    heard(): void {
        this.heardMs = Date.now();
        this.wait(silenceMs, () => this.doubt());
    }
    stop(): void {
        clearTimeout(this.timer);
    }
    // When the device wakes up: its timers slept as well.
    look(): void {
        if (Date.now() - this.heardMs >= silenceMs) this.doubt();
    }
    private doubt(): void {
        this.wait(graceMs, this.onSilent);
    }
    private wait(ms: number, then: () => void): void {
        clearTimeout(this.timer);
        this.timer = window.setTimeout(then, ms);
    }
}
