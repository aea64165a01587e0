/*
 * Answers fetched before they are asked for, so that the next run of a queue is there when one turns to it. Each is used
 * once: what is asked for again is asked anew.
 */
const kept = new Map();
const KEPT_MAX = 24;

/** Takes the promise that was kept under a name, or undefined. */
export function take(name) {
        const promise = kept.get(name);
        kept.delete(name);
        return promise;
}

/** Keeps what `ask` gives under a name; an answer that failed is forgotten. */
export function prepare(name, ask) {
        if (kept.has(name))
                return;
        if (kept.size >= KEPT_MAX)
                kept.delete(kept.keys().next().value);
        const promise = ask();
        promise.catch(() => kept.delete(name));
        kept.set(name, promise);
}
