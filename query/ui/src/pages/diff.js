/* Two runs, step by step: what is equal is folded, what changed shows both texts line by line. */
import { diffLines } from 'diff';
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { count, short, took } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting } from '../parts/frame.js';
import { Outcome, copy, kindClass } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { Skeleton } from '../run/skeleton.js';

const SIGNS = { equal: ['=', ''], changed: ['~', 'warn'], only_a: ['−', 'bad'], only_b: ['+', 'ok'] };
const TEXT_MAX = 60000;

/** Runs of rows with one sign; equal ones and long one-sided ones are folded. */
export function groups(rows) {
        const all = [];
        for (const row of rows) {
                const last = all[all.length - 1];
                if (last && last.sign === row.sign && row.sign !== 'changed')
                        last.rows.push(row);
                else
                        all.push({ sign: row.sign, rows: [row] });
        }
        return all;
}

function Lines({ a, b }) {
        const pieces = diffLines(visible(a ?? '').slice(0, TEXT_MAX), visible(b ?? '').slice(0, TEXT_MAX));
        return html`<pre class="lines">${pieces.map((piece, i) => {
                const kept = !piece.added && !piece.removed && piece.count > 8;
                const lines = piece.value.replace(/\n$/, '').split('\n');
                const shown = kept ? [...lines.slice(0, 3), `… ${lines.length - 6} equal lines`, ...lines.slice(-3)] : lines;
                return html`<span key=${i} class=${piece.added ? 'ok' : piece.removed ? 'bad' : 'dim'}>${shown.map((line) => `${piece.added ? '+' : piece.removed ? '−' : ' '} ${line}\n`)}</span>`;
        })}</pre>`;
}

function Place({ id, tree, s }) {
        return html`<a class="m" href=${href(`/t/${id}`, { s })}>#${s}</a> <span class=${`k ${kindClass(tree.kind(s))}`}>${tree.kind(s)}</span> <span class="nm">${visible(tree.name(s))}</span>${tree.failed(s) ? html` <span class="e">✗</span>` : ''}`;
}

function Group({ group, a, b }) {
        const [open, set] = useState(group.sign === 'changed' || group.rows.length <= 3 && group.sign !== 'equal');
        const [sign, tone] = SIGNS[group.sign] || ['?', ''];
        const first = group.rows[0], last = group.rows[group.rows.length - 1];
        const span = (side) => (first[side] ? (first === last ? `#${first[side].step}` : `#${first[side].step} to #${last[side].step}`) : '');
        if (!open)
                return html`<div class=${`dgroup ${tone}`}><button class="link" onClick=${() => set(true)}><b>${sign}</b> ${group.rows.length} ${group.sign === 'equal' ? 'equal' : group.sign === 'only_a' ? 'only in A' : 'only in B'}</button>${' '}
                        <span class="dim">${[span('a') && `A ${span('a')}`, span('b') && `B ${span('b')}`].filter(Boolean).join(' · ')}</span></div>`;
        return group.rows.map((row, i) => html`<div key=${i} class=${`drow ${tone}`}><div class="dhead"><b>${sign}</b><span>${row.a && html`<${Place} id=${a.id} tree=${a.tree} s=${row.a.step} />`}</span><span>${row.b && html`<${Place} id=${b.id} tree=${b.tree} s=${row.b.step} />`}</span></div>
                ${(row.texts || []).map((text) => html`<div class="dpart"><span class="dim">${visible(text.part)}</span><${Lines} a=${text.a} b=${text.b} /></div>`)}</div>`);
}

function Side({ letter, answer }) {
        const run = answer.trace;
        return html`<p class="side"><b>${letter}</b> <a class="m" href=${href(`/t/${run.trace_id}`)}>${short(run.trace_id)}</a> <${Outcome} outcome=${run.outcome} word /> <span class="dim">${visible(run.agent || '')} · ${took(run.duration_nano)} · ${run.steps} steps · ${count(run.tokens_total)} tokens</span></p>`;
}

/** What the runs were set to, where that differs: before what they did. */
function Settings({ rows }) {
        if (!rows.length)
                return null;
        return html`<table class="settings"><thead><tr><th>set differently</th><th>A</th><th>B</th></tr></thead><tbody>${rows.map((row) => html`<tr>
                <td>${visible(row.name)} <span class="dim">${row.group}</span></td><td class="m">${visible(row.a ?? '–')}</td><td class="m">${visible(row.b ?? '–')}</td></tr>`)}</tbody></table>`;
}

export function Diff() {
        page.value = 'list';
        const a = route.value.params.get('a'), b = route.value.params.get('b');
        const sides = useAnswer(`sides ${a} ${b}`, (signal) => Promise.all([one(`traces/${a}`, {}, { signal }), one(`traces/${b}`, {}, { signal })]));
        const diff = useAnswer(`diff ${a} ${b}`, (signal) => one('diff', { a, b, text: true }, { signal }));
        const command = `clew diff ${short(a)} ${short(b)}`;
        useKeys({ Y: () => copy(command, 'the command'), Escape: () => go('/') });
        const error = sides.error || diff.error;
        const ready = sides.data && diff.data && !error;
        const trees = ready && sides.data.map((answer, i) => ({ id: i ? b : a, tree: new Skeleton(answer) }));
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>Two runs, step by step</h1></div>
                ${error && html`<${Failure} error=${error} again=${() => { sides.again(); diff.again(); }} />`}${!ready && !error && html`<${Waiting} what="both runs" />`}
                ${ready && html`<${Side} letter="A" answer=${sides.data[0]} /><${Side} letter="B" answer=${sides.data[1]} />
                <p class="fact"><b>${diff.data.equal}</b> steps equal, <b>${diff.data.changed}</b> changed, <b>${diff.data.only_a}</b> only in A, <b>${diff.data.only_b}</b> only in B${diff.data.gave_up ? '; too different to align' : ''}</p>
                <${Settings} rows=${diff.data.settings || []} />
                ${groups(diff.data.rows || []).map((group, i) => html`<${Group} key=${i} group=${group} a=${trees[0]} b=${trees[1]} />`)}`}</main><${Foot} command=${command} />`;
}
