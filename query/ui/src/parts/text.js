/*
 * Trace text. It is somebody else's output and may be hostile: text nodes only, nothing is loaded,
 * nothing is run; characters that cannot be seen or that turn the line round are shown by number.
 */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { bytes } from '../core/format.js';

const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\udb40[\udc00-\udc7f]/g;
const FIRST = 65536;
const FOLDED = 1600; // characters of a long text before it is opened

export const visible = (text) => String(text).replace(UNSEEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

/** Text with line breaks; long ones show their beginning and open on request. */
export function Text({ text, open = false, mono = true }) {
        const [limit, more] = useState(open ? FIRST : FOLDED);
        if (text === null || text === undefined || text === '')
                return html`<span class="dim">empty</span>`;
        const whole = String(text);
        const shown = whole.length > limit + 200 ? whole.slice(0, limit) : whole;
        return html`<pre class=${mono ? '' : 'prose'}>${visible(shown)}${shown.length < whole.length && html`<span class="dim">…</span>`}</pre>
                ${shown.length < whole.length && html`<button class="more" onClick=${() => more(limit < FIRST ? FIRST : limit * 4)}>
                        show ${limit < FIRST && whole.length <= FIRST ? 'all' : 'more'} (${bytes(whole.length)})</button>`}`;
}

/** JSON, when the text is JSON: laid out; else the text. */
export function Payload({ text, open, mono = true }) {
        const trimmed = typeof text === 'string' ? text.trim() : text;
        if (typeof trimmed === 'string' && trimmed.length < 400000 && /^[[{]/.test(trimmed)) {
                try {
                        return html`<${Text} text=${JSON.stringify(JSON.parse(trimmed), null, 2)} open=${open} />`;
                } catch {
                        // Cut off or not JSON at all: it is shown as it is.
                }
        }
        return html`<${Text} text=${typeof text === 'string' ? text : JSON.stringify(text, null, 2)} open=${open} mono=${mono} />`;
}
