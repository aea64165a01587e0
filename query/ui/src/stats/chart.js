/* Curves over time, one line a group; all charts of the page share the cursor, dragging selects a time. */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { when } from '../core/format.js';

const HIGH = 156;
export const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [2, 5], [10, 4]]; // a group is told by more than its colour

let loading;
const plot = () => (loading ||= import('/plot.js').then((module) => module.default));

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A tick of the time axis: a clock within days, else a day, else a month; local time. */
function stamp(seconds, step) {
        const t = new Date(seconds * 1000), day = `${MONTHS[t.getMonth()]} ${t.getDate()}`;
        if (step >= 86400 * 27)
                return `${MONTHS[t.getMonth()]} ${t.getFullYear()}`;
        if (step >= 86400 || (t.getHours() === 0 && t.getMinutes() === 0))
                return day;
        return `${String(t.getHours()).padStart(2, '0')}:${String(t.getMinutes()).padStart(2, '0')}`;
}

function options(uPlot, { width, series, form, share, steps, moved, chosen }) {
        const faint = variable('--faint'), line = variable('--line'), font = '11px system-ui, sans-serif';
        const axis = { stroke: faint, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
        return {
                width, height: HIGH, legend: { show: false }, padding: [8, 22, 0, 0],
                cursor: { sync: { key: 'stats' }, points: { size: 6 }, drag: { x: true, y: false, setScale: false } },
                scales: { x: { time: true }, y: { range: (u, low, high) => [0, share ? Math.min(1, Math.max(0.05, high * 1.1)) : high > 0 ? high * 1.1 : 1] } },
                axes: [{ ...axis, size: 24, space: 64, grid: { show: false }, values: (u, ticks, axisIndex, space, step) => ticks.map((tick) => stamp(tick, step)) }, { ...axis, size: 58, values: (u, ticks) => ticks.map((tick) => form(tick)), space: 34, ...(steps ? { incrs: steps } : {}) }],
                series: [{}, ...series.map((one, i) => ({ label: one.name, stroke: variable(`--s${i + 1}`), width: 1.6, dash: DASHES[i], spanGaps: false, points: { show: true, size: 4, fill: variable(`--s${i + 1}`) } }))],
                hooks: {
                        setCursor: [(u) => moved(u.cursor.idx ?? null)],
                        setSelect: [(u) => {
                                if (u.select.width > 4)
                                        chosen(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
                        }],
                },
        };
}

/** `times`: seconds; `series`: [{ name, values }]; `form`: a value as people read it. */
export function Chart({ title, times, series, form, share = false, steps, chosen }) {
        const box = useRef(), drawn = useRef();
        const [at, move] = useState(null);
        const [failed, fail] = useState(null);
        useEffect(() => {
                let late = false, waiting = 0;
                const make = (uPlot) => {
                        if (late || !box.current)
                                return;
                        drawn.current?.destroy();
                        const width = box.current.clientWidth;
                        drawn.current = new uPlot(options(uPlot, { width, series, form, share, steps, chosen, moved: (idx) => {
                                cancelAnimationFrame(waiting);
                                waiting = requestAnimationFrame(() => !late && move(idx));
                        } }), [times, ...series.map((one) => one.values)], box.current);
                };
                const dark = matchMedia('(prefers-color-scheme: dark)');
                let again = () => {}, watch;
                plot().then((uPlot) => {
                        if (late || !box.current)
                                return;
                        again = () => make(uPlot);
                        make(uPlot);
                        watch = new ResizeObserver(() => box.current && drawn.current?.setSize({ width: box.current.clientWidth, height: HIGH }));
                        watch.observe(box.current);
                        dark.addEventListener('change', again);
                }, (error) => fail(error));
                return () => {
                        late = true;
                        watch?.disconnect();
                        dark.removeEventListener('change', again);
                        drawn.current?.destroy();
                        drawn.current = null;
                };
        }, [times, series]);
        const shown = at !== null && times[at] !== undefined;
        const told = shown ? series.map((one, i) => one.values[at] !== null && one.values[at] !== undefined && html`<span class="value"><i class=${`swatch s${i + 1}`}></i>${form(one.values[at])}</span>`) : null;
        return html`<figure class="chart"><figcaption><b>${title}</b> ${shown && html`<span class="dim">${when(new Date(times[at] * 1000).toISOString())}</span> ${told}`}</figcaption>
                <div ref=${box} class="canvas" role="img" aria-label=${`${title} over time; the table below has the numbers`}></div>${failed && html`<p class="bad">${failed.message}</p>`}</figure>`;
}
