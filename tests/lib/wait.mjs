// Waiting for a condition with a deadline: the only way a test here lets time pass.
export async function waitFor(what, condition, { timeout = 10_000, every = 20 } = {}) {
    const deadline = performance.now() + timeout;
    for (let last; ; ) {
        try {
            const value = await condition();
            if (value) return value;
            last = value;
        } catch (error) {
            last = error;
        }
        if (performance.now() > deadline) throw new Error(`waited ${timeout} ms for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
        await new Promise((done) => setTimeout(done, every));
    }
}
