/* The cause in a sentence, with what to do next; the rest of the findings one click away. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { plural, short } from '../core/format.js';
import { href } from '../core/route.js';
import { Key, isFailed } from '../parts/marks.js';
import { visible } from '../parts/text.js';

/** Steps that a sentence names become links. */
export function Sentence({ text, choose }) {
        const pieces = visible(text || '').split(/([Ss]teps? \d+|#\d+)/);
        return pieces.map((piece) => {
                const found = /^(?:[Ss]teps? |#)(\d+)$/.exec(piece);
                return found ? html`<button class="link strong" onClick=${() => choose(Number(found[1]))}>${piece}</button>` : piece;
        });
}

const CLASS_WORDS = { high: 'is the cause', medium: 'may be the cause', low: 'looked at' };

function Finding({ finding, choose, first, children }) {
        return html`<div class=${first ? 'finding top' : 'finding'}><p><${Sentence} text=${finding.summary} choose=${choose} />
                <span class="dim"> ${finding.rule} · ${finding.class} · ${plural(finding.signs || 1, 'sign')}</span></p>
                <div class="act"><button class=${first ? 'p' : ''} onClick=${() => choose(finding.step)}>Go to #${finding.step} ${first && html`<${Key}>c<//>`}</button>${children}</div></div>`;
}

export function Why({ run, why, choose, passing }) {
        const [open, set] = useState(false);
        const findings = why?.findings || [];
        const failed = isFailed(run.outcome);
        if (!why || (!findings.length && !failed))
                return null;
        const words = CLASS_WORDS[findings[0]?.class];
        return html`<section class=${failed ? 'why' : 'why calm'} aria-label="cause">
                ${!findings.length && html`<p>No rule explains this failure.${run.error && html` The last error was: <q>${visible(run.error)}</q>`}</p>`}
                ${findings.slice(0, open ? 9 : 1).map((finding, i) => html`<${Finding} key=${i} finding=${finding} choose=${choose} first=${i === 0}>
                        ${i === 0 && passing && html`<a class="button" href=${href('/diff', { a: passing, b: run.trace_id })}>Compare with ${short(passing)}, which passed <${Key}>d<//></a>`}
                        ${i === 0 && run.cause?.signature && html`<a class="button" href=${href('/', { since: 'all', signature: run.cause.signature })}>Alike</a>`}<//>`)}
                ${!failed && findings.length > 0 && html`<p class="dim">The run did not fail; this is what looks wrong in it.</p>`}
                ${(findings.length > 1 || (why.excluded || []).length > 0) && html`<button class="link" aria-expanded=${open} onClick=${() => set(!open)}>${open ? 'less' : `${findings.length > 1 ? `${plural(findings.length - 1, 'more finding')}` : 'what was excluded'}`}</button>`}
                ${open && (why.excluded || []).map((x) => html`<p class="dim">excluded: ${visible(x.reason)}</p>`)}
                <span class="unseen">${words}</span></section>`;
}
