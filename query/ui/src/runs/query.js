/* The question: a text in the query language, chips for what is asked most, the window of time. */
import { html } from '../core/html.js';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { when, window_ } from '../core/format.js';
import { change, go } from '../core/route.js';
import { Key } from '../parts/marks.js';
import { Suggest } from '../parts/suggest.js';
import { visible } from '../parts/text.js';
import { chipValues, complete } from './complete.js';

const WINDOWS = ['1h', '24h', '7d', '30d', 'all'];
const CHIPS = ['agent', 'tool', 'model', 'service', 'session', 'user', 'grep', 'label', 'cause', 'longer', 'tokens-over', 'cost-over', 'signature'];
const OFFERED = ['agent', 'tool', 'model', 'grep', 'label'];
const WORDS = { grep: 'words', 'tokens-over': 'tokens over', 'cost-over': 'cost over', longer: 'longer than' };
const FLAGS = ['lost', 'unlabeled', 'loop', 'stall'];
const HINTS = { longer: '30s, 2m', 'tokens-over': '50000', 'cost-over': '0.50', grep: 'words in its texts' };

const word = (name) => WORDS[name] || name;

/* What is typed is a question of the language when it has one of its signs; else the id of a run, or words. */
const SIGNS = /[{}()|=<>]/;
const ID = /^(?:[0-9a-f]{32}|(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,31})$/i;

/** A dashed chip that becomes a field with the values that there are. */
function Adding({ name, since, done, leave }) {
        const [value, set] = useState('');
        const field = useRef();
        useLayoutEffect(() => field.current?.focus(), []);
        const ask = async (text) => {
                const typed = text.toLowerCase();
                const items = (await chipValues(name, since)).filter((item) => item.text.toLowerCase().includes(typed)).map((item) => ({ ...item, done: true }));
                return { from: 0, to: text.length, items };
        };
        return html`<span class="chip add"><span>${word(name)}</span> <${Suggest} text=${value} set=${set} ask=${ask} auto=${true} field=${field} label=${word(name)} placeholder=${HINTS[name] || ''}
                enter=${(text) => (text.trim() ? done(text.trim()) : leave())} leave=${leave} /></span>`;
}

export function Query({ chosen, box, error, count }) {
        const [text, set] = useState(chosen.query || '');
        const [adding, add] = useState(null);
        useEffect(() => set(chosen.query || ''), [chosen.query]);
        const run = (typed) => {
                const value = typed.trim();
                if (ID.test(value))
                        return go(`/t/${value.toLowerCase()}`);
                if (!value || SIGNS.test(value))
                        return change({ q: value }, false);
                set('');
                return change({ q: null, grep: value.replace(/^"(.*)"$/, '$1') }, false);
        };
        const flag = (name) => html`<button class=${`chip ${chosen[name] ? 'on' : ''} ${name}`} aria-pressed=${Boolean(chosen[name])}
                onClick=${() => change({ failed: null, ok: null, open: null, [name]: !chosen[name] })}>${name}</button>`;
        const others = CHIPS.filter((name) => !OFFERED.includes(name) && !chosen[name]);
        return html`<form class="q" onSubmit=${(e) => { e.preventDefault(); run(text); }} role="search">
                <${Suggest} cls="box" text=${text} set=${set} ask=${(value, caret) => complete(value, caret, chosen.since)} enter=${run} field=${box} label="query" invalid=${Boolean(error?.problem?.query)}
                        placeholder='words, an id, or { span.clew.tool = "search" && status = error }' />
                <select aria-label="since" value=${chosen.since} onChange=${(e) => change({ since: e.target.value, until: null })}>
                        ${[...new Set([...WINDOWS, chosen.since])].map((w) => html`<option value=${w}>${window_(w)}</option>`)}</select>
                <button class="p">Run <${Key}>↵<//></button></form>
                <div class="chips">${flag('failed')}${flag('ok')}${flag('open')}
                ${chosen.until && html`<button class="chip set" title="take it away" onClick=${() => change({ until: null })}>until ${/^\d{4}-/.test(chosen.until) ? when(chosen.until) : chosen.until} <span aria-hidden="true">×</span></button>`}
                ${[...CHIPS, ...FLAGS].filter((name) => chosen[name]).map((name) => html`<button class="chip set" title="take it away" onClick=${() => change({ [name]: null })}>${word(name)} ${chosen[name] === true || FLAGS.includes(name) ? '' : html`<b>${visible(chosen[name])}</b> `}<span aria-hidden="true">×</span></button>`)}
                ${adding && html`<${Adding} key=${adding} name=${adding} since=${chosen.since} leave=${() => add(null)} done=${(value) => { add(null); change({ [adding]: value }, false); }} />`}
                ${OFFERED.filter((name) => !chosen[name] && name !== adding).map((name) => html`<button type="button" class="chip add offer" onClick=${() => add(name)}>+ ${word(name)}</button>`)}
                <select class="chip add" aria-label="more conditions" value="" onChange=${(e) => { const name = e.target.value; e.target.value = ''; if (FLAGS.includes(name)) change({ [name]: true }, false); else add(name); }}>
                        <option value="">+ more</option>${others.map((name) => html`<option value=${name}>${word(name)}</option>`)}${FLAGS.filter((name) => !chosen[name]).map((name) => html`<option value=${name}>${name}</option>`)}</select>
                <span class="sp"></span>${count}</div>`;
}
