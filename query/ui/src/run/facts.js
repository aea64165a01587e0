/* What a run was, in a line: for its head. */
import { html } from '../core/html.js';
import { beside } from '../core/around.js';
import { count, moment, money, number, short, took, when } from '../core/format.js';
import { href } from '../core/route.js';
import { shared } from '../core/shared.js';
import { Outcome } from '../parts/marks.js';
import { visible } from '../parts/text.js';

/** Where this run stands in the list that was seen last. */
function Around({ id }) {
        const { place, of, before, after } = beside(id);
        if (!of)
                return null;
        const link = (to, words, sign) => (to ? html`<a class="button" href=${href(`/t/${to}`)} aria-label=${words} title=${words}>${sign}</a>` : html`<span class="button off" aria-hidden="true">${sign}</span>`);
        return html`<span class="fact around">${place} of ${of} ${link(before, 'previous run of the list', '‹')}${link(after, 'next run of the list', '›')}</span>`;
}

export function Facts({ run, aside }) {
        const fact = (value, unit, title) => value && html`<span class="fact" title=${title || ''}><b>${value}</b> ${unit}</span>`;
        const open = run.outcome === 'open';
        return html`<div class="head"><h1 class="m" title=${run.trace_id}>${short(run.trace_id)}</h1><${Outcome} outcome=${run.outcome} word />
                <span class="fact long"><b title=${visible(run.agent || run.name || '')}>${visible(run.agent || run.name || '')}</b></span>
                ${fact(took(run.duration_nano), open ? 'so far' : '')}${fact(number(run.steps), run.steps === 1 ? 'step' : 'steps')}${run.tokens_total > 0 && fact(count(run.tokens_total), 'tokens', `${number(run.tokens?.in)} in, ${number(run.tokens?.out)} out`)}${fact(money(run.cost_usd), '')}
                ${run.errors > 0 && html`<span class="fact"><b>${run.errors}</b> ${run.errors === 1 ? 'error' : 'errors'}</span>`}
                ${run.session && html`<span class="fact long">session ${shared ? html`<code title=${visible(run.session)}>${visible(run.session)}</code>` : html`<a class="m" title=${visible(run.session)} href=${href(`/sessions/${encodeURIComponent(run.session)}`)}>${visible(run.session)}</a>`}</span>`}
                ${run.user && html`<span class="fact long">user <code title=${visible(run.user)}>${visible(run.user)}</code></span>`}
                ${(run.scores || []).map((score) => html`<span class="fact long">${visible(score.name)} <b>${visible(String(score.label ?? score.value))}</b></span>`)}
                <span class="fact" title=${moment(run.start)}>${when(run.start)}</span><span class="sp"></span>${!shared && !aside && html`<a class="quiet keep" href=${`/api/v1/traces/${run.trace_id}/share`} download=${`run-${short(run.trace_id)}.html`} title="one file with the tree, the conversation, the cause and the texts, secrets masked; it opens without a server">Share</a>`}${aside ?? html`<${Around} id=${run.trace_id} />`}</div>`;
}
