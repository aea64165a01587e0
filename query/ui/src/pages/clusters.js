/* Groups of runs that failed alike. */
import { html } from '../core/html.js';
import { count, minute, moment, number, short, took, when } from '../core/format.js';
import { href } from '../core/route.js';
import { Outcome } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { Cause } from '../runs/table.js';
import { Listing, sinceOf } from './listing.js';

const TRENDS = { rising: ['↗', 'bad'], falling: ['↘', 'ok'], steady: ['→', 'dim'] };

function Trend({ trend }) {
        const [sign, tone] = TRENDS[trend] || ['', 'dim'];
        return html`<span class=${tone}>${sign} ${trend || ''}</span>`;
}

const address = (since) => (row) => href(`/clusters/${row.name}`, { since });

export function Clusters() {
        const since = sinceOf('7d');
        return html`<${Listing} title="Clusters" path="clusters" params=${{ since }} since=${since} to=${address(since)} command=${`clew clusters --since ${since}`}
                empty="No run failed in this window." columns=${[
                ['cluster', 'm', (row) => html`<a class="id" href=${address(since)(row)}>${row.name}</a>`],
                ['runs', 'num', (row) => html`<b>${number(row.count)}</b>`],
                ['trend', '', (row) => html`<${Trend} trend=${row.trend} />`],
                ['first', 'dim start', (row) => html`<span title=${moment(row.first_seen)}>${minute(row.first_seen)}</span>`],
                ['last', 'dim start', (row) => html`<span title=${moment(row.last_seen)}>${minute(row.last_seen)}</span>`],
                ['rule', 'rule', (row) => row.rule || html`<span class="dim">no rule explains it</span>`],
                ['example', 'm start', (row) => html`<a class="id" href=${href(`/t/${row.example}`)}>${short(row.example)}</a>`],
                ['what', 'cause', (row) => html`<span title=${visible(row.signature || '')}>${visible(row.detail || '').replace(/^in common: they/, 'they')}</span>`],
        ]} />`;
}

export function Cluster({ name }) {
        const since = sinceOf('7d');
        return html`<${Listing} title=${`Cluster ${name}`} path=${`clusters/${encodeURIComponent(name)}`} params=${{ since }} since=${since} to=${(run) => href(`/t/${run.trace_id}`)}
                command=${`clew clusters ${name} --since ${since}`} empty="No run of this window is in the cluster." columns=${[
                ['run', 'run', (run) => html`<${Outcome} outcome=${run.outcome} /> <a class="m id" href=${href(`/t/${run.trace_id}`)}>${short(run.trace_id)}</a>`],
                ['start', 'dim start', (run) => html`<span title=${moment(run.start)}>${when(run.start)}</span>`],
                ['took', 'num', (run) => took(run.duration_nano)],
                ['steps', 'num steps', (run) => number(run.steps)],
                ['tokens', 'num tokens', (run) => count(run.tokens_total)],
                ['agent', 'agent-name', (run) => visible(run.agent || '')],
                ['cause', 'cause', (run) => html`<${Cause} run=${run} />`],
        ]} />`;
}
