/* The table of runs. Its columns give way on narrow screens; the cause stays. */
import { html } from '../core/html.js';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count, moment, money, number, short, took, when } from '../core/format.js';
import { href } from '../core/route.js';
import { Outcome, isFailed } from '../parts/marks.js';
import { visible } from '../parts/text.js';

/** What went wrong, in a line: the cause, else the error, else what a reader may want to know. */
export function Cause({ run }) {
        const cause = run.cause || {};
        if (cause.rule)
                return html`${cause.step ? html`<b>#${cause.step}</b> ` : ''}${visible((cause.detail || '').replace(/^Step \d+ /, ''))} <span class="dim">${cause.rule}</span>`;
        if (run.outcome === 'failed' || run.outcome === 'error')
                return html`<span class="dim">no rule explains it${run.error ? html`; last error: ${visible(run.error)}` : ''}</span>`;
        if (run.outcome === 'open')
                return html`<span class="dim">running</span>`;
        if (run.outcome === 'lost')
                return html`<span class="dim">silent since its last span</span>`;
        return run.loops > 0 ? html`<span class="dim">a loop at #${run.loop?.step}</span>` : '';
}

/** What evaluators said of a run that went well: where another one says why it failed. */
const Scored = ({ run }) => (run.scores || []).slice(0, 3).map((score) => html` <span class="dim score">${visible(score.name)} <b>${visible(String(score.label ?? number(score.value)))}</b></span>`);

export const Labels = ({ run }) => (run.labels || []).map((label) => html` <span class="tag">${visible(typeof label === 'string' ? label : label.label ?? label.name)}</span>`);

function Row({ run, i, at, picked, move, toggle, longest }) {
        const row = useRef();
        useEffect(() => {
                if (i === at)
                        row.current?.scrollIntoView?.({ block: 'nearest' });
        }, [at]);
        const share = longest ? Math.max(0.02, Number(run.duration_nano || 0) / longest) : 0;
        return html`<tr ref=${row} class=${`${i === at ? 'sel' : ''} ${picked ? 'picked' : ''}`} onClick=${() => move(i)} aria-selected=${i === at}>
                <td class="run"><label class="pick"><input type="checkbox" aria-label=${`select run ${short(run.trace_id)}`} checked=${picked} onClick=${(e) => e.stopPropagation()} onChange=${() => toggle(run.trace_id)} /></label>
                        <${Outcome} outcome=${run.outcome} /> <a class="m id" href=${href(`/t/${run.trace_id}`)}>${short(run.trace_id)}</a></td>
                <td class="dim start" title=${moment(run.start)}>${when(run.start)}</td>
                <td class="num took">${run.outcome === 'open' ? 'running' : took(run.duration_nano)}</td>
                <td class="mini"><i style=${{ width: `${share * 60}px` }}></i></td>
                <td class="num steps">${number(run.steps)}</td>
                <td class="num tokens">${run.tokens_total ? count(run.tokens_total) : ''}</td>
                <td class="num cost">${money(run.cost_usd)}</td>
                <td class="agent-name" title=${visible(run.agent || run.name || '')}>${visible(run.agent || run.name || '')}</td>
                <td class="session m dim" title=${visible(run.session || '')}>${visible(run.session || '')}</td>
                <td class="cause"><${Cause} run=${run} />${isFailed(run.outcome) ? '' : html`<${Scored} run=${run} />`}<${Labels} run=${run} /></td></tr>`;
}

const FIRST = 40; // rows that a screen shows; the others come behind the first picture

export function RunTable({ rows, at, picked, move, toggle, dim }) {
        const [all, mount] = useState(rows.length <= FIRST);
        useEffect(() => {
                const later = !all && requestAnimationFrame(() => setTimeout(() => mount(true)));
                return () => cancelAnimationFrame(later);
        }, [all]);
        const longest = rows.reduce((most, run) => Math.max(most, Number(run.duration_nano || 0)), 0);
        const paid = rows.some((run) => run.cost_usd !== null && run.cost_usd !== undefined);
        const grouped = rows.some((run) => run.session);
        /* Drawn anew when they change, not with everything else that the page learns. */
        const body = useMemo(() => (all ? rows : rows.slice(0, FIRST)).map((run, i) => html`<${Row} key=${run.trace_id} run=${run} i=${i} at=${at} picked=${picked.includes(run.trace_id)} move=${move} toggle=${toggle} longest=${longest} />`), [rows, all, at, picked, longest]);
        return html`<table class=${`runs ${dim ? 'busy' : ''} ${paid ? '' : 'free'} ${grouped ? '' : 'alone'} ${picked.length ? 'picking' : ''}`}><thead><tr><th class="run">run</th><th class="start">start</th><th class="num took">took</th><th class="mini"></th>
                <th class="num steps">steps</th><th class="num tokens">tokens</th><th class="num cost">cost</th><th class="agent-name">agent</th><th class="session">session</th><th class="cause">cause or score</th></tr></thead>
                <tbody>${body}</tbody></table>`;
}
