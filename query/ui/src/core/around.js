/* The list that was seen last: what `n` and `p` walk through, and where Escape leads back to. Kept for this tab only. */
import { shared } from './shared.js';

const KEY = 'clew.around';

/** Called by a page that lists runs, when one of them is opened. */
export function remember(ids, address) {
        try {
                sessionStorage.setItem(KEY, JSON.stringify({ ids, address }));
        } catch {
                // No place: the keys n and p do nothing then.
        }
}

/** { place, of, before, after, address } of a run in that list; `of` is 0 when it is not in it. */
export function beside(id) {
        if (shared)
                return { of: 0 };
        let kept = null;
        try {
                kept = JSON.parse(sessionStorage.getItem(KEY));
        } catch {
                // Not ours.
        }
        const at = kept?.ids?.indexOf(id) ?? -1;
        if (at < 0)
                return { of: 0 };
        return { place: at + 1, of: kept.ids.length, before: kept.ids[at - 1], after: kept.ids[at + 1], address: kept.address };
}
