/* What the failed runs of a selection have and the others have not, beyond chance; each is a condition to add. */
import { html } from '../core/html.js';
import { list } from '../core/api.js';
import { number, percent } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { change } from '../core/route.js';
import { Failure, Waiting } from '../parts/frame.js';
import { visible } from '../parts/text.js';

const CHIPS = ['agent', 'tool', 'model', 'service', 'user', 'session'];
const SHOWN = 12;

/** The change of the address that asks for runs with that value. */
export function asked(row, query) {
        if (CHIPS.includes(row.attribute) && row.value !== null)
                return { [row.attribute]: row.value };
        const condition = `{ ${row.attribute === 'span name' ? 'name' : row.attribute} = ${JSON.stringify(row.value)} }`;
        return { q: query ? `${query} && ${condition}` : condition };
}

export function Differs({ chosen, close }) {
        const { failed, ok, open, query, ...rest } = chosen;
        const answer = useAnswer(`differs ${JSON.stringify(rest)} ${query || ''}`, (signal) => list('compare', { ...rest, query, failed: 1, limit: SHOWN }, { signal }));
        const rows = answer.data?.rows || [];
        const bar = (share, tone) => html`<span class="track wide" aria-hidden="true"><s class=${tone} style=${{ width: `${share * 100}%` }}></s></span>`;
        return html`<section class="differs" aria-label="what differs in the failed runs"><div class="differs-head"><b>What the failed runs have and the others have not</b> <span class="dim">beyond chance; click to look at those runs</span><span class="sp"></span><button class="quiet" onClick=${close}>close</button></div>
                ${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}${!answer.data && !answer.error && html`<${Waiting} what="both groups" stop=${answer.stop} />`}
                ${answer.data && !rows.length && html`<p class="dim">Nothing that chance does not explain.</p>`}
                ${rows.length > 0 && html`<table><thead><tr><th>attribute</th><th>value</th><th class="num">of the failed</th><th></th><th class="num">of the others</th><th></th><th class="num start">p</th></tr></thead><tbody>${rows.map((row) => html`<tr><td class="dim">${visible(row.attribute)}</td>
                        <td class="name m"><button class="link" title=${visible(row.value ?? '')} onClick=${() => change({ ...asked(row, query), differs: null }, false)}>${visible(row.value ?? 'none')}</button></td><td class="num" title=${`${number(row.a)} of ${number(row.a_runs)}`}>${percent(row.a_runs ? row.a / row.a_runs : 0)}</td><td>${bar(row.a_runs ? row.a / row.a_runs : 0, 'fails')}</td>
                        <td class="num" title=${`${number(row.b)} of ${number(row.b_runs)}`}>${percent(row.b_runs ? row.b / row.b_runs : 0)}</td><td>${bar(row.b_runs ? row.b / row.b_runs : 0, '')}</td><td class="num dim start">${row.p < 0.001 ? row.p.toExponential(0) : row.p.toFixed(3)}</td></tr>`)}</tbody></table>`}</section>`;
}
