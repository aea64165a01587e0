/* The question: a text in the query language, chips for what is asked most, the window of time. */
import { html } from '../core/html.js';
import { useEffect, useState } from 'preact/hooks';
import { change } from '../core/route.js';
import { Key } from '../parts/marks.js';

const WINDOWS = ['1h', '24h', '7d', '30d', 'all'];
const CHIPS = ['agent', 'tool', 'model', 'service', 'session', 'user', 'grep', 'label', 'longer', 'tokens-over', 'cost-over', 'signature'];
const WORDS = { grep: 'words', 'tokens-over': 'tokens over', 'cost-over': 'cost over' };

function Adding({ done }) {
        const [name, setName] = useState('');
        const [value, setValue] = useState('');
        if (!name)
                return html`<select class="chip add" aria-label="add a condition" value="" onChange=${(e) => setName(e.target.value)}>
                        <option value="">+ condition</option>${CHIPS.map((chip) => html`<option value=${chip}>${WORDS[chip] || chip}</option>`)}</select>`;
        const take = (event) => {
                event.preventDefault();
                if (value)
                        done(name, value);
                setName('');
                setValue('');
        };
        return html`<form class="chip add" onSubmit=${take}><label>${WORDS[name] || name} <input value=${value}
                ref=${(el) => el && !value && el.focus()} onInput=${(e) => setValue(e.target.value)}
                onKeyDown=${(e) => e.key === 'Escape' && setName('')} /></label></form>`;
}

export function Query({ chosen, box, error, count }) {
        const [text, set] = useState(chosen.query || '');
        useEffect(() => set(chosen.query || ''), [chosen.query]);
        const ask = (event) => {
                event.preventDefault();
                change({ q: text.trim() }, false);
        };
        const flag = (name) => html`<button class=${`chip ${chosen[name] ? 'on' : ''} ${name}`} aria-pressed=${Boolean(chosen[name])}
                onClick=${() => change({ failed: null, ok: null, open: null, [name]: !chosen[name] })}>${name}</button>`;
        return html`<form class="q" onSubmit=${ask} role="search">
                <input ref=${box} class="box" aria-label="query" aria-invalid=${Boolean(error)} spellcheck="false" autocomplete="off"
                        placeholder='{ span.clew.tool = "search" && status = error }' value=${text} onInput=${(e) => set(e.target.value)} />
                <select aria-label="since" value=${chosen.since} onChange=${(e) => change({ since: e.target.value, until: null })}>
                        ${[...new Set([...WINDOWS, chosen.since])].map((w) => html`<option value=${w}>${w === 'all' ? 'all time' : w}</option>`)}</select>
                <button class="p">Run <${Key}>↵<//></button></form>
                <div class="chips">${flag('failed')}${flag('ok')}${flag('open')}
                ${CHIPS.filter((name) => chosen[name]).map((name) => html`<button class="chip set" title="take it away" onClick=${() => change({ [name]: null })}>${WORDS[name] || name} ${chosen[name]} <span aria-hidden="true">×</span></button>`)}
                <${Adding} done=${(name, value) => change({ [name]: value })} />
                <span class="sp"></span>${count}</div>`;
}
