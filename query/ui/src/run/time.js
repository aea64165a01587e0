/*
 * Where a time stands in the waterfall, as a share of its width. Long times in which no leaf was at work may be squeezed:
 * the map is then piecewise linear. Zooming shows a part of it.
 */
const IDLE_LEAST = 0.02; // of the run; a shorter pause stays
const SQUEEZED = 0.012; // what is left of a pause
export const IDLE_OFFER = 0.6; // from this idle share on squeezing is offered

/** The pauses of a run: [from, to] in which nothing without children was at work, and their share. */
export function pauses(tree) {
        const work = [];
        for (let s = 1; s <= tree.length; s++)
                if (!tree.hasChildren(s))
                        work.push([tree.at(s), tree.took(s) < 0 ? tree.total : tree.at(s) + tree.took(s)]);
        work.sort((a, b) => a[0] - b[0]);
        const found = [];
        let end = 0, idle = 0;
        for (const [from, to] of work) {
                if (from - end > tree.total * IDLE_LEAST) {
                        found.push([end, from]);
                        idle += from - end;
                }
                end = Math.max(end, to);
        }
        if (tree.total - end > tree.total * IDLE_LEAST) {
                found.push([end, tree.total]);
                idle += tree.total - end;
        }
        return { found, share: tree.total ? idle / tree.total : 0 };
}

/** place(time) and time(place), both ways, with the pauses squeezed. */
export function scale(total, squeezed) {
        const pieces = [];
        let at = 0;
        for (const [from, to] of squeezed) {
                if (from > at)
                        pieces.push([at, from, from - at]);
                pieces.push([from, to, total * SQUEEZED]);
                at = to;
        }
        if (total > at)
                pieces.push([at, total, total - at]);
        const all = pieces.reduce((sum, piece) => sum + piece[2], 0) || 1;
        let low = 0;
        for (const piece of pieces) {
                piece.push(low / all, piece[2] / all);
                low += piece[2];
        }
        const clamp = (x, a, b) => Math.max(a, Math.min(b, x));
        return {
                place(time) {
                        const piece = pieces.find((p) => time <= p[1]) || pieces[pieces.length - 1];
                        return piece ? clamp(piece[3] + piece[4] * ((time - piece[0]) / (piece[1] - piece[0] || 1)), 0, 1) : 0;
                },
                time(place) {
                        const piece = pieces.find((p) => place <= p[3] + p[4]) || pieces[pieces.length - 1];
                        return piece ? piece[0] + (piece[1] - piece[0]) * ((place - piece[3]) / (piece[4] || 1)) : 0;
                },
        };
}

/** The part of the width that is seen, [from, to] of 0..1, after a zoom about a place. */
export function zoomed([from, to], factor, about) {
        const wide = Math.max(0.0005, Math.min(1, (to - from) * factor));
        const share = (about - from) / (to - from);
        const low = Math.max(0, Math.min(1 - wide, about - wide * Math.max(0, Math.min(1, share))));
        return [low, low + wide];
}
