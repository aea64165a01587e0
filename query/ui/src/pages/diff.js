/* Two runs, step by step: what is equal is folded, what changed shows both texts line by line. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { count, short, took } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { Key, Outcome, copyCommand, kindClass } from '../parts/marks.js';
import { Lines } from '../parts/lines.js';
import { visible } from '../parts/text.js';
import { Skeleton } from '../run/skeleton.js';

const SIGNS = { equal: ['=', 'same'], changed: ['~', 'both'], only_a: ['−', 'in-a'], only_b: ['+', 'in-b'] };
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

const Place = ({ letter, id, s }) => html`<a class="m" href=${href(`/t/${id}`, { s })}>${letter} #${s}</a>`;

function What({ row, a, b }) {
        const { tree, s } = row.a ? { tree: a.tree, s: row.a.step } : { tree: b.tree, s: row.b.step };
        const failed = [row.a && a.tree.failed(row.a.step) && 'A', row.b && b.tree.failed(row.b.step) && 'B'].filter(Boolean);
        return html`<span class=${`k ${kindClass(tree.kind(s))}`}>${tree.kind(s)}</span> <span class="nm">${visible(tree.name(s))}</span>${failed.length ? html` <span class="e">✗ failed in ${failed.join(' and ')}</span>` : ''}
                <span class="sp"></span>${row.a && html`<${Place} letter="A" id=${a.id} s=${row.a.step} />`}${row.b && html`<${Place} letter="B" id=${b.id} s=${row.b.step} />`}`;
}

function Group({ group, a, b }) {
        const [open, set] = useState(group.sign === 'changed' || group.rows.length <= 3 && group.sign !== 'equal');
        const [sign, tone] = SIGNS[group.sign] || ['?', ''];
        const first = group.rows[0], last = group.rows[group.rows.length - 1];
        const span = (side) => (first[side] ? (first === last ? `#${first[side].step}` : `#${first[side].step} to #${last[side].step}`) : '');
        if (!open)
                return html`<div class=${`dgroup ${tone}`}><button class="link" onClick=${() => set(true)}><b>${sign}</b> ${group.rows.length} ${group.sign === 'equal' ? 'equal' : group.sign === 'only_a' ? 'only in A' : 'only in B'}</button>${' '}
                        <span class="dim">${[span('a') && `A ${span('a')}`, span('b') && `B ${span('b')}`].filter(Boolean).join(' · ')}</span></div>`;
        return group.rows.map((row, i) => html`<div key=${i} class=${`drow ${tone}`}><div class="dhead"><b class="dsign">${sign}</b><${What} row=${row} a=${a} b=${b} /></div>
                ${(row.texts || []).map((text) => html`<div class="dpart"><span class="dim">${visible(text.part)}</span><${Lines} a=${text.a} b=${text.b} /></div>`)}</div>`);
}

/** The first step at which the runs part. */
function Parting({ rows, a, b }) {
        const row = rows.find((r) => r.sign !== 'equal');
        if (!row)
                return html`<p class="fact">The runs are equal.</p>`;
        const { tree, s, letter } = row.a ? { tree: a.tree, s: row.a.step, letter: 'A' } : { tree: b.tree, s: row.b.step, letter: 'B' };
        return html`<p class="fact">They part at ${row.a && row.b ? html`<b>A #${row.a.step}</b>, <b>B #${row.b.step}</b>` : html`<b>${letter} #${s}</b>, which the other does not have`}: <span class=${`k ${kindClass(tree.kind(s))}`}>${tree.kind(s)}</span> ${visible(tree.name(s))}${row.parts?.length ? html` <span class="dim">(${row.parts.join(', ')})</span>` : ''}</p>`;
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
        const sides = useAnswer(`sides ${a} ${b}`, (signal) => (a && b ? Promise.all([one(`traces/${a}`, {}, { signal }), one(`traces/${b}`, {}, { signal })]) : new Promise(() => {})));
        const diff = useAnswer(`diff ${a} ${b}`, (signal) => (a && b ? one('diff', { a, b, text: true }, { signal }) : new Promise(() => {})));
        const command = `clew diff ${short(a)} ${short(b)}`;
        const move = (by) => () => {
                const edge = document.querySelector('main').getBoundingClientRect().top + 1;
                const all = [...document.querySelectorAll('.drow')];
                const to = by > 0 ? all.find((row) => row.getBoundingClientRect().top > edge + 1) : all.reverse().find((row) => row.getBoundingClientRect().top < edge - 1);
                to?.scrollIntoView({ block: 'start' });
        };
        useTitle('Two runs');
        useKeys({ j: move(1), k: move(-1), Y: () => copyCommand(command), Escape: () => go('/') });
        if (!a || !b)
                return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>Two runs, step by step</h1></div><p class="empty">Choose two runs in <a href="/">the list</a> with <${Key}>x<//>, then press <${Key}>d<//>.</p></main><${Foot} command="clew diff A B" />`;
        const error = sides.error || diff.error;
        const ready = sides.data && diff.data && !error;
        const trees = ready && sides.data.map((answer, i) => ({ id: i ? b : a, tree: new Skeleton(answer) }));
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>Two runs, step by step</h1></div>
                ${error && html`<${Failure} error=${error} again=${() => { sides.again(); diff.again(); }} />`}${!ready && !error && html`<${Waiting} what="both runs" />`}
                ${ready && html`<${Side} letter="A" answer=${sides.data[0]} /><${Side} letter="B" answer=${sides.data[1]} />
                <${Parting} rows=${diff.data.rows || []} a=${trees[0]} b=${trees[1]} />
                <p class="fact"><b>${diff.data.equal}</b> ${diff.data.equal === 1 ? 'step' : 'steps'} equal, <b>${diff.data.changed}</b> changed, <b>${diff.data.only_a}</b> only in A, <b>${diff.data.only_b}</b> only in B${diff.data.gave_up ? '; too different to align' : ''}</p>
                <${Settings} rows=${diff.data.settings || []} />
                ${groups(diff.data.rows || []).map((group, i) => html`<${Group} key=${i} group=${group} a=${trees[0]} b=${trees[1]} />`)}`}</main><${Foot} command=${command} />`;
}
