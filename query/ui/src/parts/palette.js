/*
 * Everything by its name (Ctrl+K): what the keys of this page do, the pages, a run by its id. What is listed is what the
 * table of keys and the head have; nothing exists only here.
 */
import { html } from '../core/html.js';
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { KEYS, NAMES, meaning, press, useKeys } from '../core/keys.js';
import { go, href } from '../core/route.js';
import { PAGES } from './frame.js';
import { Key } from './marks.js';
import { Sheet } from './sheet.js';

export const palette = signal(false);
const SHOWN = 14;

/** What may be done now: { words, key, run }. */
function everything() {
        const keys = KEYS.filter((row) => row.key !== 'Escape' && meaning(row)).map((row) => ({ words: meaning(row), key: row.key, run: () => press(row.key) }));
        return [...keys, ...PAGES.map(([path, name]) => ({ words: `go to ${name.toLowerCase()}`, run: () => go(path) })), { words: 'go to the API reference', run: () => go('/reference') }];
}

export function found(all, typed) {
        const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
        const some = all.filter((one) => words.every((word) => one.words.toLowerCase().includes(word)));
        if (/^[0-9a-f]{4,32}$/i.test(typed.trim()))
                some.unshift({ words: `open run ${typed.trim()}`, run: () => go(href(`/t/${typed.trim().toLowerCase()}`)) });
        return some.slice(0, SHOWN);
}

function Inside() {
        const [all] = useState(everything);
        const [typed, type] = useState('');
        const [at, move] = useState(0);
        const close = () => { palette.value = false; };
        const rows = found(all, typed);
        const run = (row) => {
                close();
                if (row)
                        setTimeout(row.run, 0); // when the sheet has given the keys back
        };
        const key = (event) => {
                if (event.key === 'ArrowDown' || event.key === 'ArrowUp')
                        move((at + (event.key === 'ArrowDown' ? 1 : rows.length - 1)) % Math.max(1, rows.length));
                else if (event.key === 'Enter')
                        run(rows[at]);
                else
                        return;
                event.preventDefault();
        };
        return html`<${Sheet} title="Do or go" close=${close}><div class="palette"><input type="text" role="combobox" aria-label="what to do" aria-expanded="true" aria-controls="palette-list" aria-activedescendant=${rows.length ? `palette-${at}` : null} placeholder="an action, a page, or the id of a run"
                autocomplete="off" spellcheck=${false} value=${typed} onInput=${(e) => { type(e.target.value); move(0); }} onKeyDown=${key} />
                <ul id="palette-list" role="listbox" aria-label="actions">${rows.map((row, i) => html`<li id=${`palette-${i}`} role="option" aria-selected=${i === at} class=${i === at ? 'at' : ''} onClick=${() => run(row)}><span>${row.words}</span>${row.key && html`<${Key}>${NAMES[row.key] || row.key}<//>`}</li>`)}</ul>
                ${!rows.length && html`<p class="dim">Nothing here is called so.</p>`}</div><//>`;
}

export function Palette() {
        useKeys({ 'Ctrl+K': () => { palette.value = true; } });
        return palette.value ? html`<${Inside} />` : null;
}
