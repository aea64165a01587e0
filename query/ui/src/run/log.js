/* The steps as a list in order of time: for screen readers, and for those who read logs. */
import { html } from '../core/html.js';
import { useMemo } from 'preact/hooks';
import { took } from '../core/format.js';
import { VirtualList } from '../core/list.js';
import { kindClass } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { useBriefs } from './briefs.js';

export function Log({ id, tree, selected, choose }) {
        const brief = useBriefs(id);
        const order = useMemo(() => Array.from({ length: tree.length }, (_, i) => i + 1).sort((a, b) => tree.at(a) - tree.at(b) || a - b), [tree]);
        return html`<${VirtualList} count=${order.length} height=${24} label="steps in order of time" shown=${order.indexOf(selected)} row=${(i, top, slot) => {
                const s = order[i];
                return html`<div key=${slot} role="listitem" aria-posinset=${i + 1} aria-setsize=${order.length} class=${`logline ${s === selected ? 'sel' : ''}`} style=${{ transform: `translateY(${top}px)` }} onClick=${() => choose(s)}>
                        <span class="num m dim">${took(tree.at(s)) || '0 ms'}</span><span class="n">#${s}</span><span class=${`k ${kindClass(tree.kind(s))}`}>${tree.kind(s)}</span>
                        <span class="nm">${visible(tree.name(s))}</span>${tree.failed(s) && html`<span class="e">✗ failed</span>`}<span class="t">${visible((brief(s) || '').slice(0, 400).replace(/\s+/g, ' '))}</span></div>`;
        }} />`;
}
