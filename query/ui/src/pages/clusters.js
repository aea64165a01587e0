/* Groups of runs that failed alike. */
import { html } from '../core/html.js';
import { count, short, took, when } from '../core/format.js';
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
                ['cluster', 'm', (row) => html`<a href=${address(since)(row)}>${row.name}</a>`],
                ['runs', 'num', (row) => row.count],
                ['trend', '', (row) => html`<${Trend} trend=${row.trend} />`],
                ['first', 'dim start', (row) => when(row.first_seen)],
                ['last', 'dim', (row) => when(row.last_seen)],
                ['rule', '', (row) => row.rule || html`<span class="dim">no rule explains it</span>`],
                ['example', 'm', (row) => html`<a href=${href(`/t/${row.example}`)}>${short(row.example)}</a>`],
                ['what', 'cause', (row) => html`${visible(row.detail || '')} <span class="faint m">${visible(row.signature || '')}</span>`],
        ]} />`;
}

export function Cluster({ name }) {
        const since = sinceOf('7d');
        return html`<${Listing} title=${`Cluster ${name}`} path=${`clusters/${encodeURIComponent(name)}`} params=${{ since }} since=${since} to=${(run) => href(`/t/${run.trace_id}`)}
                command=${`clew clusters ${name} --since ${since}`} empty="No run of this window is in the cluster." columns=${[
                ['run', 'run', (run) => html`<${Outcome} outcome=${run.outcome} /> <a class="m" href=${href(`/t/${run.trace_id}`)}>${short(run.trace_id)}</a>`],
                ['start', 'dim', (run) => when(run.start)],
                ['took', 'num', (run) => took(run.duration_nano)],
                ['steps', 'num steps', (run) => run.steps],
                ['tokens', 'num tokens', (run) => count(run.tokens_total)],
                ['agent', 'agent-name', (run) => visible(run.agent || '')],
                ['cause', 'cause', (run) => html`<${Cause} run=${run} />`],
        ]} />`;
}
