/* Sessions, and one session: every turn of it in one scroll, what failed marked. */
import { html } from '../core/html.js';
import { useEffect } from 'preact/hooks';
import { list } from '../core/api.js';
import { count, moment, money, number, plural, quoted, short, took, when } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { remember } from '../core/around.js';
import { go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { Outcome, copy, copyCommand, isFailed } from '../parts/marks.js';
import { Message } from '../parts/message.js';
import { visible } from '../parts/text.js';
import { Cause } from '../runs/table.js';
import { Listing, sinceOf } from './listing.js';

const address = (row) => href(`/sessions/${encodeURIComponent(row.session)}`);

export function Sessions() {
        const since = sinceOf('7d');
        return html`<${Listing} title="Sessions" path="sessions" params=${{ since }} since=${since} to=${address} command=${`clew sessions --since ${since}`}
                empty="No run of this window says which session it belongs to." columns=${[
                ['session', 'm name', (row) => html`<a class="id" title=${visible(row.session)} href=${address(row)}>${visible(row.session)}</a>`],
                ['last run', 'dim', (row) => html`<span title=${moment(row.last_start)}>${when(row.last_start)}</span>`],
                ['runs', 'num', (row) => number(row.runs)],
                ['failed', 'num', (row) => (row.failed ? html`<span class="bad">✗ ${row.failed}</span>` : '')],
                ['tokens', 'num tokens', (row) => count(row.tokens_total)],
                ['cost', 'num cost', (row) => money(row.cost_usd)],
                ['agent', 'agent-name', (row) => visible(row.agent || '')],
                ['user', 'agent-name dim', (row) => html`<span title=${visible(row.user || '')}>${visible(row.user || '')}</span>`],
                ['', 'cause', () => ''],
        ]} />`;
}

function Turn({ run }) {
        const chat = useAnswer(`chat ${run.trace_id}`, (signal) => list(`traces/${run.trace_id}/chat`, { 'max-text': 4000 }, { signal }));
        return html`<section class="turn"><div class="turn-head"><${Outcome} outcome=${run.outcome} /> <a class="m" href=${href(`/t/${run.trace_id}`)}>${short(run.trace_id)}</a>${' '}
                <span class="dim" title=${moment(run.start)}>${when(run.start)} · ${[took(run.duration_nano), plural(run.steps, 'step'), run.tokens_total > 0 && `${count(run.tokens_total)} tokens`, money(run.cost_usd)].filter(Boolean).join(' · ')}</span> <span class="cause"><${Cause} run=${run} /></span></div>
                ${!chat.data && !chat.error && html`<p class="dim" aria-busy="true">reading …</p>`}
                ${chat.error && html`<${Failure} error=${chat.error} />`}
                ${(chat.data?.rows || []).filter((row) => row.message.role !== 'system').map((row, i) => html`<${Message} key=${i} message=${row.message} step=${row.step} onStep=${(s) => go(href(`/t/${run.trace_id}`, { s }))} />`)}</section>`;
}

export function Session({ name }) {
        page.value = 'list';
        useTitle('Session');
        const answer = useAnswer(`session ${name}`, (signal) => list('traces', { session: name, since: 'all', limit: 50 }, { signal }));
        useKeys({ y: () => copy(name, 'the session'), Y: () => copyCommand(`clew chat --session ${quoted(name)}`), Escape: () => go('/sessions') });
        const runs = [...(answer.data?.rows || [])].reverse(), failed = runs.filter((run) => isFailed(run.outcome)).length;
        useEffect(() => { runs.length && remember(runs.map((run) => run.trace_id), href(route.value.path)); }, [answer.data]);
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1 class="m long" title=${visible(name)}>${visible(name)}</h1>${answer.data && html`<span class="fact"><b>${runs.length}</b> ${runs.length === 1 ? 'run' : 'runs'}${answer.data.end.cursor ? ' (the newest 50)' : ''}</span>
                ${failed > 0 && html`<span class="fact bad">✗ <b class="bad">${failed}</b> failed</span>`}<span class="fact"><b>${count(runs.reduce((sum, run) => sum + (run.tokens_total || 0), 0))}</b> tokens</span>`}
                <a href=${href('/', { session: name, since: 'all' })}>as a list</a></div>
                ${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}${!answer.data && !answer.error && html`<${Waiting} what="the session" />`}
                ${answer.data && !runs.length && html`<p class="empty">No run has the session ${visible(name)}.</p>`}
                ${runs.map((run) => html`<${Turn} key=${run.trace_id} run=${run} />`)}</main><${Foot} command=${`clew list --session ${quoted(name)} --since all`} />`;
}
