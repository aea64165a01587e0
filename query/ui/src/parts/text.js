/*
 * Trace text. It is somebody else's output and may be hostile: text nodes only, nothing is loaded,
 * nothing is run; characters that cannot be seen or that turn the line round are shown by number.
 */
import { html } from '../core/html.js';
import { createContext } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { bytes } from '../core/format.js';
import { Json, readable } from './json.js';

const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;
const FOLDED = 1600; // characters of a long text before it is opened
const FIRST = 65536; // and after that; then so much more with every click
const MORE = 262144;
const MARK_MAX = 300, MARKS_MAX = 12;

export const visible = (text) => String(text).replace(UNSEEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

/** The texts that the page marks where they stand: values that a finding names, or that were searched for. */
export const Marks = createContext([]);

/** Text with what is marked in it; both are shown as they are. */
export function Marked({ text }) {
        const shown = visible(text);
        const marks = useContext(Marks).filter((mark) => mark.length > 2 && mark.length <= MARK_MAX).slice(0, MARKS_MAX);
        const places = [];
        for (const mark of marks) {
                const at = shown.indexOf(visible(mark));
                if (at >= 0 && mark.length <= Math.max(40, shown.length / 2) && mark.length < shown.length)
                        places.push([at, at + visible(mark).length]);
        }
        if (!places.length)
                return shown;
        const pieces = [];
        let end = 0;
        for (const [from, to] of places.sort((a, b) => a[0] - b[0])) {
                if (from < end)
                        continue;
                pieces.push(shown.slice(end, from), html`<mark>${shown.slice(from, to)}</mark>`);
                end = to;
        }
        return [...pieces, shown.slice(end)];
}

/** Cut where no pair of halves is torn apart. */
const head = (text, length) => text.slice(0, /[\ud800-\udbff]/.test(text[length - 1] || '') ? length - 1 : length);

/**
 * Text with line breaks; long ones show their beginning and open on request. `rest`: { bytes, load(from) } when the
 * server has more than was sent; load gives { text, next }.
 */
export function Text({ text, mono = true, rest }) {
        const [limit, widen] = useState(FOLDED);
        const [fetched, add] = useState({ text: '', next: null, busy: false, error: null });
        if (text === null || text === undefined || text === '')
                return html`<span class="dim">empty</span>`;
        const here = String(text) + fetched.text;
        const cut = rest && (fetched.text ? fetched.next !== null : true);
        const shown = here.length > limit + 200 ? head(here, limit) : here;
        const load = async () => {
                add((old) => ({ ...old, busy: true, error: null }));
                try {
                        const from = fetched.text ? fetched.next : new TextEncoder().encode(String(text)).length;
                        const answer = await rest.load(from);
                        add((old) => ({ text: old.text + answer.text, next: answer.next, busy: false, error: null }));
                        widen(here.length + answer.text.length);
                } catch (error) {
                        add((old) => ({ ...old, busy: false, error }));
                }
        };
        const more = () => {
                if (shown.length === here.length)
                        return rest.load ? load() : rest.open();
                return widen(limit < FIRST ? FIRST : limit + MORE);
        };
        const left = shown.length < here.length || cut;
        const last = !cut && here.length <= Math.max(FIRST, limit + MORE) && (limit >= FIRST || here.length <= FIRST);
        return html`<pre class=${mono ? '' : 'prose'}><${Marked} text=${shown} />${left && html`<span class="dim">…</span>`}</pre>
                ${fetched.error && html`<p class="bad">${fetched.error.message}</p>`}
                ${left && html`<button class="more" disabled=${fetched.busy} onClick=${more}>${fetched.busy ? 'reading …' : html`show ${last ? 'all' : 'more'} <span class="dim">of ${bytes(rest ? rest.bytes : here.length)}</span>`}</button>`}`;
}

/** JSON, when the text is JSON: laid out to be folded; else the text. */
export function Payload({ text, mono = true, rest }) {
        const value = typeof text === 'string' ? (rest ? undefined : readable(text)) : text ?? undefined;
        if (value !== undefined && value !== null && typeof value === 'object')
                return html`<${Json} value=${value} />`;
        return html`<${Text} text=${typeof text === 'string' || text === null || text === undefined ? text : JSON.stringify(text)} mono=${mono} rest=${rest} />`;
}
