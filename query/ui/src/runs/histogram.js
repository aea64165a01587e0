/* Runs and failures over time, of the rows that are shown. Bars are drawn on one canvas-free strip. */
import { html } from '../core/html.js';
import { useRef, useState } from 'preact/hooks';
import { plural, when } from '../core/format.js';
import { change } from '../core/route.js';
import { isFailed } from '../parts/marks.js';

const BARS = 72;

export function bins(rows) {
        const times = rows.map((run) => Date.parse(run.start));
        const low = Math.min(...times), high = Math.max(...times) + 1;
        const all = Array.from({ length: BARS }, () => ({ runs: 0, failed: 0 }));
        rows.forEach((run, i) => {
                const bar = all[Math.min(BARS - 1, Math.floor(((times[i] - low) / (high - low)) * BARS))];
                bar.runs++;
                bar.failed += isFailed(run.outcome);
        });
        return { low, high, all };
}

export function Histogram({ rows, whole }) {
        const { low, high, all } = bins(rows);
        const most = Math.max(...all.map((bar) => bar.runs));
        const [drag, set] = useState(null);
        const box = useRef();
        const place = (event) => {
                const edge = box.current.getBoundingClientRect();
                return Math.max(0, Math.min(1, (event.clientX - edge.left) / edge.width));
        };
        const iso = (share) => new Date(low + share * (high - low)).toISOString();
        const done = () => {
                if (drag && Math.abs(drag[1] - drag[0]) > 0.01)
                        change({ since: iso(Math.min(...drag)), until: iso(Math.max(...drag)) }, false);
                set(null);
        };
        const failed = rows.filter((run) => isFailed(run.outcome)).length;
        return html`<figure class="hist-all"><div class="hist" ref=${box} role="img" aria-label=${`${plural(rows.length, 'run')} over time, ${failed} failed`}
                onPointerDown=${(e) => { set([place(e), place(e)]); box.current.setPointerCapture(e.pointerId); }}
                onPointerMove=${(e) => drag && set([drag[0], place(e)])} onPointerUp=${done} onPointerCancel=${() => set(null)}>
                ${all.map((bar) => html`<i style=${{ height: `${bar.runs ? Math.max(2, (bar.runs / most) * 44) : 0}px` }} title=${`${bar.runs} runs, ${bar.failed} failed`}>
                        <u style=${{ height: `${bar.runs ? (bar.failed / bar.runs) * 100 : 0}%` }}></u></i>`)}
                ${drag && html`<b style=${{ left: `${Math.min(...drag) * 100}%`, width: `${Math.abs(drag[1] - drag[0]) * 100}%` }}></b>`}
                </div><figcaption class="dim"><span>${when(new Date(low).toISOString())}</span><span class="mid">${whole ? 'runs and failures over time; drag to select' : 'of the runs shown; drag to select'}</span><span>${when(new Date(high).toISOString())}</span></figcaption></figure>`;
}
