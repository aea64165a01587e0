/* The cause in a sentence, with what to do next; the rest of the findings one click away. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { plural, short } from '../core/format.js';
import { href } from '../core/route.js';
import { shared } from '../core/shared.js';
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

/** What the findings quote from a step: it is marked where it stands. */
export const quotes = (why, s) => (why?.findings || []).flatMap((finding) => (finding.evidence || []).filter((item) => item.step === s || (finding.step === s && item.span_id === finding.span_id)).map((item) => item.text || ''));

/* How sure the rules are, in words; what is only looked at is no cause. */
const CLASS_WORDS = { high: 'is the cause', medium: 'may be the cause', low: 'a guess' };

function Finding({ finding, choose, first, goKey, more, children }) {
        return html`<div class=${first ? 'finding top' : 'finding'}><p><${Sentence} text=${finding.summary} choose=${choose} />
                <span class="dim"> ${CLASS_WORDS[finding.class] || finding.class} · ${finding.rule} · ${plural(finding.signs || 1, 'sign')}</span> ${more}</p>
                <div class="act"><button class=${first ? 'p' : ''} onClick=${() => choose(finding.step)}>Go to #${finding.step} ${first && html`<${Key}>${goKey}<//>`}</button>${children}</div></div>`;
}

/** The texts that the finding rests on. */
function Evidence({ finding }) {
        const texts = (finding.evidence || []).map((item) => item.text).filter(Boolean);
        return texts.length > 0 && html`<ul class="evidence">${texts.slice(0, 6).map((text) => html`<li><q>${visible(text.length > 240 ? `${text.slice(0, 240)}…` : text)}</q></li>`)}</ul>`;
}

function Short({ finding, choose }) {
        return html`<li><button class="link m" onClick=${() => choose(finding.step)}>#${finding.step}</button> <${Sentence} text=${finding.summary} choose=${choose} /> <span class="dim">${finding.looked_at ? 'looked at' : CLASS_WORDS[finding.class] || finding.class} · ${finding.rule}</span></li>`;
}

const told = (findings, more) => (!more ? 'evidence' : `${findings ? 'evidence, and ' : ''}${plural(more, findings ? 'more sign' : 'sign')} that ${more === 1 ? 'was' : 'were'} looked at`);

/** `goKey`: the key that goes to the cause here; `children`: further things to do about the first finding. */
export function Why({ run, why, choose, passing, goKey = 'c', children }) {
        const [open, set] = useState(false);
        const findings = (why?.findings || []).filter((f) => !f.looked_at);
        const others = [...findings.slice(1), ...(why?.findings || []).filter((f) => f.looked_at)];
        const excluded = why?.excluded || [];
        const more = others.length + excluded.length + (findings[0]?.evidence || []).length;
        const failed = isFailed(run.outcome);
        if (!why || (!findings.length && !failed))
                return null;
        const compare = passing && !shared && html`<a class="button" href=${href('/diff', { a: passing, b: run.trace_id })}>Compare with ${short(passing)}, which passed <${Key}>d<//></a>`;
        const further = more > 0 && html`<button class="link" aria-expanded=${open} onClick=${() => set(!open)}>${open ? 'less' : told(findings.length, others.length + excluded.length)}</button>`;
        return html`<section class=${failed ? 'why' : 'why calm'} aria-label="cause">
                ${findings.length > 0 && html`<${Finding} finding=${findings[0]} choose=${choose} goKey=${goKey} more=${further} first>${compare}
                        ${run.cause?.signature && !shared && html`<a class="button" href=${href('/', { since: 'all', signature: run.cause.signature })}>Alike</a>`}${children}<//>`}
                ${!findings.length && html`<div class="finding"><p>No rule explains this failure.${run.error && html` The last error was <q>${visible(run.error).slice(0, 200)}</q>`}</p><div class="act">${compare}</div></div>`}
                ${!failed && findings.length > 0 && html`<p class="dim">Nothing says that this run failed; this is what looks odd in it.</p>`}
                ${!findings.length && further}
                ${open && findings.length > 0 && html`<${Evidence} finding=${findings[0]} />`}
                ${open && html`<ul class="looked">${others.map((finding, i) => html`<${Short} key=${i} finding=${finding} choose=${choose} />`)}
                        ${excluded.map((x, i) => html`<li key=${`x${i}`} class="dim">set aside: ${visible(x.reason)}</li>`)}</ul>`}</section>`;
}
