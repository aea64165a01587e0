/*
 * A list of which only the rows in sight are mounted. All rows have one height; the list itself
 * scrolls. Up to 60,000 rows of 27 px stay under the height that browsers can lay out.
 */
import { html } from '../core/html.js';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const OVER = 12; // rows mounted beyond each edge
const JUMP = 2; // a row that is further away than so many is no next one

/** `row(i, top, slot)` draws row i at so many pixels; a slot is a row's place on the screen, a key that lets rows that come take over those that go. `shown`: an index to bring into sight when it changes. */
export function VirtualList({ count, height, row, shown, label, role = 'list', tail, active = null }) {
        const box = useRef();
        const [view, set] = useState({ top: 0, high: 800 });
        useLayoutEffect(() => {
                const measure = () => set({ top: box.current.scrollTop, high: box.current.clientHeight || 800 });
                measure();
                const watch = new ResizeObserver(measure);
                watch.observe(box.current);
                return () => watch.disconnect();
        }, []);
        useEffect(() => {
                if (shown === null || shown === undefined || shown < 0)
                        return;
                const top = shown * height, end = top + height, at = box.current.scrollTop, high = box.current.clientHeight;
                if (top < at - JUMP * height || end > at + high + JUMP * height) // far away: with what is around it
                        box.current.scrollTop = Math.max(0, top - Math.round(high * 0.4));
                else if (top < at + height)
                        box.current.scrollTop = Math.max(0, top - height);
                else if (end > at + high - height)
                        box.current.scrollTop = end - high + height;
        }, [shown, count, view.high]);
        const first = Math.max(0, Math.floor(view.top / height) - OVER);
        const last = Math.min(count, Math.ceil((view.top + view.high) / height) + OVER);
        const slots = useRef(0), rows = [];
        slots.current = Math.max(slots.current, last - first);
        for (let i = first; i < last; i++)
                rows.push(row(i, i * height, i % slots.current));
        return html`<div class="virtual" ref=${box} role=${role} aria-label=${label} aria-activedescendant=${active} aria-rowcount=${role === 'list' ? null : count} tabindex="0"
                onScroll=${() => set({ top: box.current.scrollTop, high: box.current.clientHeight })}>
                <div class="virtual-all" style=${{ height: `${count * height}px` }}>${rows}</div>
                ${tail}
        </div>`;
}
