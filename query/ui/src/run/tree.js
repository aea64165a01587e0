/* Call tree and waterfall in one row: a treegrid of which only what is in sight is mounted. */
import { html } from '../core/html.js';
import { useRef } from 'preact/hooks';
import { ROUND_TIMES, count, took } from '../core/format.js';
import { still } from '../core/still.js';
import { VirtualList } from '../core/list.js';
import { kindClass } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { useBriefs } from './briefs.js';
import { INDENT_MAX } from './skeleton.js';

const ROW = 27;

/** A round time, without digits that say nothing. */
const tick = (ns) => took(ns).replace(/\.0(?= )/, '').replace(/ 00 [sm]$/, '');

/* Words of the server's flags that are worth a place in the row; the others stand in the step. */
const SIGNS = { loop: '↻ loop', retry: '↻ again', stall: '… stall', empty: '∅ empty', truncated: '✂ cut', 'stand-in': '◌ not received', orphan: '◌ no parent' };
const STATUSES = { error: ['e', '✗', 'failed'], 'soft-failure': ['w', '✗', 'failed inside'], open: ['w', '◐', 'open'], 'stand-in': ['w', '◌', 'not received'] };

function Signs({ tree, s }) {
        const status = STATUSES[tree.status(s)];
        const flags = tree.flags(s).filter((flag) => SIGNS[flag] && !(flag === 'stand-in' && status));
        return html`${s === tree.cause && html`<span class="e">▶ cause</span>`}
                ${status && html`<span class=${status[0]} title=${status[2]}><span aria-hidden="true">${status[1]}</span><span class="unseen">${status[2]}</span></span>`}
                ${flags.slice(0, 2).map((flag) => html`<span class="w">${SIGNS[flag]}</span>`)}`;
}

const Row = still(({ tree, s, top, selected, folded, act, brief, frame, hit }) => {
        const depth = tree.depth[s], shown = Math.min(depth, INDENT_MAX);
        const kind = tree.kind(s), tone = kindClass(kind);
        const parent = tree.hasChildren(s);
        const [low, high] = frame.seen, share = (time) => ((frame.place(time) - low) / (high - low)) * 100;
        const begin = tree.at(s), end = tree.took(s) < 0 ? tree.total : begin + tree.took(s);
        const left = Math.max(0, Math.min(100, share(begin))), right = Math.max(0, Math.min(100, share(end)));
        const aside = share(end) < 0 || share(begin) > 100;
        return html`<div class=${`r ${selected ? 'sel' : ''} ${s === tree.cause ? 'iscause' : ''} ${hit ? 'hit' : ''}`} style=${{ transform: `translateY(${top}px)` }} role="row" id=${`step-${s}`}
                aria-level=${depth + 1} aria-rowindex=${s} aria-selected=${selected} aria-expanded=${parent ? String(!folded) : null} onClick=${() => act.current.choose(s)} onDblClick=${() => act.current.fold(s)}>
                <span class="n" role="gridcell">${s}</span>
                <span class="what" role="gridcell">
                ${Array.from({ length: shown }, (_, i) => html`<span key=${i} class="g"></span>`)}${depth > shown && html`<span class="faint m">+${depth - shown}</span>`}
                ${parent ? html`<button class="fold-it" tabindex="-1" aria-label=${folded ? 'unfold' : 'fold'} onClick=${(e) => { e.stopPropagation(); act.current.fold(s); }}>${folded ? '▸' : '▾'}</button>` : html`<span class="leaf"></span>`}
                <span class=${`k ${tone}`}>${kind}</span><span class="nm">${visible(tree.name(s))}</span>
                <${Signs} tree=${tree} s=${s} />
                <span class="t">${visible(brief.slice(0, 400).replace(/\s+/g, ' '))}</span>${folded && html`<span class="faint hidden-steps">${tree.columns.descendants[s - 1]} inside</span>`}</span>
                <span class="d x" role="gridcell">${tree.tokens(s) ? count(tree.tokens(s)) : ''}</span>
                <span class="d" role="gridcell">${tree.took(s) < 0 ? 'open' : took(tree.took(s))}</span>
                <span class=${`bar ${tone}`} role="gridcell"><span class="unseen">starts at ${took(tree.at(s))}</span>${!aside && html`<i class=${`${tree.failed(s) ? 'bad' : ''} ${tree.took(s) < 0 ? 'running' : ''}`} style=${{ left: `min(${left}%, calc(100% - 2px))`, width: `${right - left}%` }}></i>`}</span></div>`;
});

/** Times over the bars: three or four round ones. */
function Axis({ frame, total }) {
        const [low, high] = frame.seen;
        const from = frame.time(low), to = frame.time(high);
        const step = ROUND_TIMES.find((n) => (to - from) / n <= 4.5) || to - from;
        const ticks = [];
        for (let t = Math.ceil(from / step) * step; t <= to && ticks.length < 8; t += step) {
                const at = ((frame.place(t) - low) / (high - low)) * 100;
                if (at + 4 * (t ? tick(t) : '0').length < 103 && !ticks.some((tick) => at - tick.at < 14))
                        ticks.push({ t, at });
        }
        return html`<div class="r axis" aria-hidden="true"><span></span><span></span><span class="d x">tokens</span><span class="d">took</span><span class="bar">${total > 0 && ticks.map(({ t, at }) => html`<u style=${{ left: `${at}%` }}>${t ? tick(t) : '0'}</u>`)}</span></div>`;
}

export function Tree({ id, tree, rows, selected, folded, choose, fold, frame, zoom, hits }) {
        const brief = useBriefs(id), act = useRef();
        act.current = { choose, fold };
        const wheel = (event) => {
                const bar = event.target.closest?.('.bar');
                if (!bar || !(event.ctrlKey || event.shiftKey))
                        return;
                event.preventDefault();
                const edge = bar.getBoundingClientRect(), [low, high] = frame.seen;
                zoom(event.deltaY > 0 ? 1.25 : 0.8, low + ((event.clientX - edge.left) / edge.width) * (high - low));
        };
        return html`<${Axis} frame=${frame} total=${tree.total} /><div class="under" onWheel=${wheel}><${VirtualList} count=${rows.length} height=${ROW} role="treegrid" label="steps" active=${rows.includes(selected) ? `step-${selected}` : null} shown=${rows.indexOf(selected)}
                row=${(i, top, slot) => html`<${Row} key=${slot} tree=${tree} s=${rows[i]} top=${top} selected=${rows[i] === selected} folded=${folded.has(rows[i])}
                        act=${act} brief=${brief(rows[i]) || ''} frame=${frame} hit=${hits.has(rows[i])} />`} /></div>`;
}
