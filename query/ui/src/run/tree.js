/* Call tree and waterfall in one row: a treegrid of which only what is in sight is mounted. */
import { html } from '../core/html.js';
import { count, took } from '../core/format.js';
import { VirtualList } from '../core/list.js';
import { kindClass } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { useBriefs } from './briefs.js';
import { INDENT_MAX } from './skeleton.js';

const ROW = 27;

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

function Row({ tree, s, style, selected, folded, choose, fold, brief, total }) {
        const depth = tree.depth[s], shown = Math.min(depth, INDENT_MAX);
        const kind = tree.kind(s), tone = kindClass(kind);
        const parent = tree.hasChildren(s);
        const left = total ? (tree.at(s) / total) * 100 : 0;
        const width = total ? (Math.max(0, tree.took(s) < 0 ? total - tree.at(s) : tree.took(s)) / total) * 100 : 0;
        return html`<div key=${s} class=${`r ${selected ? 'sel' : ''} ${s === tree.cause ? 'iscause' : ''}`} style=${style} role="row"
                aria-level=${depth + 1} aria-rowindex=${s} aria-selected=${selected} aria-expanded=${parent ? String(!folded) : null} onClick=${() => choose(s)} onDblClick=${() => fold(s)}>
                <span class="n" role="gridcell">${s}</span>
                <span class="what" role="gridcell">
                ${Array.from({ length: shown }, (_, i) => html`<span key=${i} class="g"></span>`)}${depth > shown && html`<span class="faint m">+${depth - shown}</span>`}
                ${parent ? html`<button class="fold-it" tabindex="-1" aria-label=${folded ? 'unfold' : 'fold'} onClick=${(e) => { e.stopPropagation(); fold(s); }}>${folded ? '▸' : '▾'}</button>` : html`<span class="leaf"></span>`}
                <span class=${`k ${tone}`}>${kind}</span><span class="nm">${visible(tree.name(s))}</span>
                <${Signs} tree=${tree} s=${s} />
                <span class="t">${visible((brief(s) || '').replace(/\s+/g, ' '))}</span>${folded && html`<span class="faint hidden-steps">${tree.columns.descendants[s - 1]} inside</span>`}</span>
                <span class="d x" role="gridcell">${tree.tokens(s) ? count(tree.tokens(s)) : ''}</span>
                <span class="d" role="gridcell">${tree.took(s) < 0 ? 'open' : took(tree.took(s))}</span>
                <span class=${`bar ${tone}`} role="gridcell"><span class="unseen">starts at ${took(tree.at(s))}</span><i class=${tree.failed(s) ? 'bad' : ''} style=${{ left: `${left}%`, width: `${width}%` }}></i></span></div>`;
}

export function Tree({ id, tree, rows, selected, folded, choose, fold }) {
        const brief = useBriefs(id);
        return html`<${VirtualList} count=${rows.length} height=${ROW} role="treegrid" label="steps" shown=${rows.indexOf(selected)}
                row=${(i, style) => html`<${Row} key=${rows[i]} tree=${tree} s=${rows[i]} style=${style} selected=${rows[i] === selected} folded=${folded.has(rows[i])}
                        choose=${choose} fold=${fold} brief=${brief} total=${tree.total} />`} />`;
}
