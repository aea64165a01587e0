/* One line to write a label, a score, a note or a correction: Enter keeps it, Escape leaves it. */
import { html } from '../core/html.js';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Key } from '../parts/marks.js';

const KINDS = {
        label: { words: 'label', hint: 'one word, or several with commas' },
        score: { words: 'score', hint: 'quality 0.8, or verdict pass' },
        note: { words: 'note', hint: 'what is to be said about it', long: true },
        correct: { words: 'should have been', hint: 'the answer or the call as it should have been', long: true },
};

/** The body of an annotation for what was typed, or a sentence that says what is missing. */
export function bodyOf(kind, text) {
        const typed = text.trim();
        if (!typed)
                return 'nothing was written';
        if (kind === 'label')
                return { labels: typed.split(',').map((label) => label.trim()).filter(Boolean) };
        if (kind === 'note')
                return { note: typed };
        if (kind === 'correct')
                return { correction: typed };
        const found = /^(\S+?)\s*(?:=|\s)\s*(\S.*)$/.exec(typed);
        if (!found)
                return 'a score is a name and a number or a word: quality 0.8';
        const value = Number(found[2]);
        return { scores: { [found[1]]: Number.isFinite(value) ? value : found[2] } };
}

/** `suggestions`: texts that were used before; `done(body or null)`; `digit(n)`: what a digit does in the empty field, true when it did something. */
export function Entry({ kind, suggestions = [], start = '', done, digit }) {
        const { words, hint, long } = KINDS[kind];
        const [text, set] = useState(start);
        const [wrong, tell] = useState('');
        const field = useRef();
        useLayoutEffect(() => { field.current?.focus(); field.current?.select?.(); }, [kind]); // before the next key
        const keep = () => {
                const body = bodyOf(kind, text);
                if (typeof body === 'string')
                        return tell(body);
                return done(body);
        };
        const key = (event) => {
                if (digit && text === '' && /^[1-9]$/.test(event.key) && digit(Number(event.key))) {
                        event.preventDefault();
                } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
                        event.preventDefault();
                        keep();
                } else if (event.key === 'Escape') {
                        event.stopPropagation();
                        done(null);
                }
        };
        const list = `known-${kind}`;
        return html`<form class="entry" onSubmit=${(e) => { e.preventDefault(); keep(); }}><label>${words}
                ${long ? html`<textarea ref=${field} rows="4" placeholder=${hint} value=${text} onInput=${(e) => set(e.target.value)} onKeyDown=${key}></textarea>`
                        : html`<input ref=${field} type="text" list=${list} placeholder=${hint} value=${text} autocomplete="off" spellcheck=${false} onInput=${(e) => set(e.target.value)} onKeyDown=${key} />
                                <datalist id=${list}>${suggestions.map((s) => html`<option value=${s} />`)}</datalist>`}</label>
                ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
                <div class="act"><button class="p">Keep <${Key}>↵<//></button><button type="button" onClick=${() => done(null)}>Leave <${Key}>Esc<//></button>${long && html`<span class="dim">Shift+Enter: a new line</span>`}</div></form>`;
}
