/* The list that was seen last: what `n` and `p` walk through, where Escape leads back to, and at which of its runs. Kept for this tab only. */
import { shared } from './shared.js';

const KEY = 'clew.around';

function read() {
        try {
                return JSON.parse(sessionStorage.getItem(KEY));
        } catch {
                return null; // Not ours.
        }
}

function write(kept) {
        try {
                sessionStorage.setItem(KEY, JSON.stringify(kept));
        } catch {
                // No place: the keys n and p do nothing then.
        }
}

/** Called by a page that lists runs, when one of them is opened. */
export function remember(ids, address) {
        write({ ids, address, id: leftAt(address) });
}

/** The run is looked at: its list goes on from there. */
export function visit(id) {
        const kept = shared ? null : read();
        if (kept?.ids?.includes(id))
                write({ ...kept, id });
}

/** Which run of the list at that address was looked at last; undefined: none of it. */
export function leftAt(address) {
        const kept = read();
        return kept?.address === address ? kept.id : undefined;
}

/** { place, of, before, after, address } of a run in that list; `of` is 0 when it is not in it. */
export function beside(id) {
        if (shared)
                return { of: 0 };
        const kept = read();
        const at = kept?.ids?.indexOf(id) ?? -1;
        if (at < 0)
                return { of: 0 };
        return { place: at + 1, of: kept.ids.length, before: kept.ids[at - 1], after: kept.ids[at + 1], address: kept.address };
}
