/* What the steps in sight did, in a line each: fetched in pages, for those rows only. */
import { useEffect, useState } from 'preact/hooks';
import { list } from '../core/api.js';

const PAGE = 200;

/** brief(step), '' until its page is there; what was asked for while drawing is fetched afterwards. */
export function useBriefs(id) {
        const [pages, set] = useState(new Map());
        const wanted = new Set();
        const brief = (s) => {
                const page = Math.floor((s - 1) / PAGE);
                if (pages.has(page))
                        return pages.get(page)[(s - 1) % PAGE]?.brief;
                wanted.add(page);
                return '';
        };
        useEffect(() => {
                for (const page of wanted) {
                        if (pages.has(page))
                                continue;
                        pages.set(page, []);
                        list(`traces/${id}/steps`, { from: page * PAGE + 1, limit: PAGE })
                                .then(({ rows }) => set((old) => new Map(old).set(page, rows)), () => {});
                }
        });
        return brief;
}
