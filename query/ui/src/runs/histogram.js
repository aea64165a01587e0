/*
 * Runs and failures over time. Long times without a run are squeezed into a gap that says how long it is, so that one
 * old run does not push all others into one bar. Dragging selects a time.
 */
import { html } from '../core/html.js';
import { useRef, useState } from 'preact/hooks';
import { plural, took, minute, when } from '../core/format.js';
import { change } from '../core/route.js';

const BARS = 72, GAP_SHARE = 0.12, GAP_WIDE = 1.6, BARS_LEAST = 3, BARS_EVEN = 12;

/** Where the points lie `step` ms apart, each bar is as many whole steps as all of them need, so that none stays empty by rounding. */
const even = (lengths, step) => {
        const steps = lengths.map((length) => Math.round(length / step) + 1);
        const all = steps.reduce((a, b) => a + b, 0);
        return all < BARS_EVEN ? null : { wide: step * Math.ceil(all / BARS), steps };
};

/** `points`: { at (ms), runs, failed }, any order; of statistics `step` ms apart. Bars { low, high, runs, failed } and gaps { low, high, gap } in order. */
export function bins(points, step) {
        const sorted = [...points].sort((a, b) => a.at - b.at);
        const span = sorted[sorted.length - 1].at - sorted[0].at;
        const parts = [[sorted[0]]];
        for (let i = 1; i < sorted.length; i++) {
                if (span > 0 && sorted[i].at - sorted[i - 1].at > span * GAP_SHARE)
                        parts.push([]);
                parts[parts.length - 1].push(sorted[i]);
        }
        const lengths = parts.map((part) => part[part.length - 1].at - part[0].at);
        const total = lengths.reduce((a, b) => a + b, 0);
        const room = BARS - parts.length * BARS_LEAST;
        const grid = step > 0 && even(lengths, step);
        const bars = [];
        parts.forEach((part, k) => {
                const many = grid ? Math.ceil((grid.steps[k] * step) / grid.wide) : total ? BARS_LEAST + Math.floor((room * lengths[k]) / total) : Math.floor(BARS / parts.length);
                const low = part[0].at - (lengths[k] || grid ? 0 : many / 2); // a single time stands in the middle
                const wide = grid ? grid.wide : ((lengths[k] || many) + 1) / many;
                if (k)
                        bars.push({ gap: true, low: bars[bars.length - 1].high, high: low });
                const first = bars.length;
                for (let i = 0; i < many; i++)
                        bars.push({ low: low + i * wide, high: low + (i + 1) * wide, runs: 0, failed: 0 });
                for (const point of part) {
                        const bar = bars[first + Math.min(many - 1, Math.floor((point.at - low) / wide))];
                        bar.runs += point.runs;
                        bar.failed += point.failed;
                }
        });
        return bars;
}

const weight = (bar) => (bar.gap ? GAP_WIDE : 1);

/** The time at a share of the width. */
function timeAt(bars, share) {
        let left = share * bars.reduce((sum, bar) => sum + weight(bar), 0);
        for (const bar of bars) {
                if (left <= weight(bar))
                        return bar.low + (left / weight(bar)) * (bar.high - bar.low);
                left -= weight(bar);
        }
        return bars[bars.length - 1].high;
}

const STEPS = [['1m', 60], ['5m', 300], ['10m', 600], ['20m', 1200], ['1h', 3600], ['2h', 7200], ['6h', 21600], ['12h', 43200], ['1d', 86400], ['7d', 604800], ['30d', 2592000]];
const WINDOWS = { '1h': 3600, '24h': 86400, '7d': 604800, '30d': 2592000 };

/** The length of a bar for a window of time, as the statistics take it: some seventy in all. */
export function stepFor({ since, until }, now = Date.now()) {
        const span = WINDOWS[since] || (/^\d{4}-/.test(since) ? ((until ? Date.parse(until) : now) - Date.parse(since)) / 1000 : 0);
        return span > 0 ? (STEPS.find(([, s]) => span / s <= BARS + 2) || STEPS[STEPS.length - 1])[0] : '1d';
}

/** The same in ms. */
export const stepMs = (chosen) => STEPS.find(([name]) => name === stepFor(chosen))[1] * 1000;

const iso = (ms) => new Date(ms).toISOString();
const told = (bar) => (bar.gap ? `no run for ${took((bar.high - bar.low) * 1e6)}` : `${when(iso(bar.low))}: ${plural(bar.runs, 'run')}, ${bar.failed} failed`);

export function Histogram({ points, step, whole, note }) {
        const bars = bins(points, step);
        const most = Math.max(...bars.map((bar) => bar.runs || 0));
        const [drag, set] = useState(null);
        const box = useRef();
        const place = (event) => {
                const edge = box.current.getBoundingClientRect();
                return Math.max(0, Math.min(1, (event.clientX - edge.left) / edge.width));
        };
        const done = () => {
                if (drag && Math.abs(drag[1] - drag[0]) > 0.01)
                        change({ since: iso(timeAt(bars, Math.min(...drag))), until: iso(timeAt(bars, Math.max(...drag))) }, false);
                set(null);
        };
        const sum = (name) => points.reduce((all, point) => all + point[name], 0);
        return html`<figure class="hist-all"><div class="hist" ref=${box} role="img" aria-label=${`${plural(sum('runs'), 'run')} over time, ${sum('failed')} failed`}
                onPointerDown=${(e) => { set([place(e), place(e)]); box.current.setPointerCapture(e.pointerId); }}
                onPointerMove=${(e) => drag && set([drag[0], place(e)])} onPointerUp=${done} onPointerCancel=${() => set(null)}>
                ${bars.map((bar) => html`<i class=${bar.gap ? 'gap' : ''} title=${told(bar)}>${bar.runs > 0 && html`<b style=${{ height: `${Math.max(6, (bar.runs / most) * 100)}%` }}>
                        <u style=${{ height: `${(bar.failed / bar.runs) * 100}%` }}></u></b>`}</i>`)}
                ${drag && html`<s style=${{ left: `${Math.min(...drag) * 100}%`, width: `${Math.abs(drag[1] - drag[0]) * 100}%` }}></s>`}
                </div><figcaption class="dim"><span>${minute(iso(bars[0].low))}</span><span class="mid">${whole ? 'drag to select' : 'of the runs shown; drag to select'}${note}</span><span>${minute(iso(bars[bars.length - 1].high))}</span></figcaption></figure>`;
}
