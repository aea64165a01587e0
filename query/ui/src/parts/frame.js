/* What stands round every page: the head with its pages, the line of keys, the table of all keys. */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { reachable } from '../core/api.js';
import { KEYS, NAMES, help, lettersOn, meaning } from '../core/keys.js';
import { go, route } from '../core/route.js';
import { shared } from '../core/shared.js';
import { Key, copyCommand, said } from './marks.js';
import { visible } from './text.js';

export const PAGES = [['/', 'Runs'], ['/sessions', 'Sessions'], ['/clusters', 'Clusters'], ['/review', 'Review'], ['/datasets', 'Datasets'], ['/experiments', 'Experiments'], ['/stats', 'Statistics'], ['/status', 'Status']];

/** The name of what is seen, in the browser's tab. */
export function useTitle(words) {
        useEffect(() => { document.title = words ? `${words} · Clew` : 'Clew'; }, [words]);
}

const here = (path) => (path === '/' ? route.value.path === '/' || /^\/(t\/|diff)/.test(route.value.path) : route.value.path === path || route.value.path.startsWith(`${path}/`) || (path === '/status' && route.value.path === '/reference'));

/** The head of a file: what it is, instead of where one can go. */
const FileHead = () => html`<header><span class="name">Clew</span><span class="dim">one run, kept in a file${shared.masked > 0 ? ` · ${shared.masked} masked` : ''}</span><span class="sp"></span>
        <button class="quiet" onClick=${() => { help.value = true; }}><${Key}>?<//> keys</button></header>`;

export function Head({ extra }) {
        if (shared)
                return html`<${FileHead} />`;
        return html`<header>
                <a class="name" href="/">Clew</a>
                <nav aria-label="pages">${PAGES.map(([path, name]) => html`<a href=${path} class=${here(path) ? 'on' : ''} aria-current=${here(path) ? 'page' : null}>${name}</a>`)}</nav>
                <select class="pages" aria-label="page" value=${(PAGES.find(([path]) => here(path)) || PAGES[0])[0]} onChange=${(e) => go(e.target.value)}>
                        ${PAGES.map(([path, name]) => html`<option value=${path}>${name}</option>`)}</select>
                <span class="sp"></span>${extra}
                <button class="quiet" onClick=${() => { help.value = true; }}><${Key}>?<//> keys</button>
        </header>
        ${!reachable.value && html`<div class="banner bad" role="alert">The server does not answer. What you see stays; it is asked again.</div>`}`;
}

/** The hints of the line at the bottom: keys that do the same kind of thing stand together. */
function hints() {
        const all = [];
        for (const row of KEYS) {
                const words = row.foot && meaning(row);
                if (!words)
                        continue;
                const last = all[all.length - 1];
                if (last && row.foot !== true && last.words === row.foot)
                        last.keys.push(row.key);
                else
                        all.push({ keys: [row.key], words: row.foot === true ? words : row.foot });
        }
        return all;
}

export function Foot({ command }) {
        return html`<footer>
                ${hints().map(({ keys, words }) => html`<span class="hint">${keys.map((key) => html`<${Key}>${NAMES[key] || key}<//> `)}${words}</span>`)}
                <span class="sp"></span>
                ${command && html`<button class="quiet m command" title="copy the command" onClick=${() => copyCommand(command)}>${command}</button>`}
                <span class=${said.value.bad ? 'said bad' : 'said'} role="status">${visible(said.value.text)}</span>
        </footer>`;
}

export function Help() {
        const close = useRef();
        useEffect(() => {
                if (!help.value)
                        return undefined;
                const before = document.activeElement;
                close.current?.focus();
                return () => before?.focus?.();
        }, [help.value]);
        if (!help.value)
                return null;
        const rows = KEYS.filter(meaning);
        return html`<div class="veil" onClick=${() => { help.value = false; }}>
                <div class="sheet" role="dialog" aria-modal="true" aria-label="keys" onClick=${(e) => e.stopPropagation()}>
                        <h2>Keys</h2>
                        <dl>${rows.map((row) => html`<dt><${Key}>${NAMES[row.key] || row.key}<//>${row.also && html` <${Key}>${NAMES[row.also] || row.also}<//>`}</dt><dd>${meaning(row)}</dd>`)}</dl>
                        <label><input type="checkbox" checked=${lettersOn.value} onChange=${(e) => {
                                lettersOn.value = e.target.checked;
                                localStorage.setItem('clew.letters', e.target.checked ? 'on' : 'off');
                        }} /> keys of one letter</label>
                        <button ref=${close} onClick=${() => { help.value = false; }}>Close <${Key}>Esc<//></button>
                </div></div>`;
}

/** The question with a mark under what is wrong in it. */
const caret = ({ query, column, length }) => `${visible(query)}\n${' '.repeat(Math.max(0, (column || 1) - 1))}${'^'.repeat(Math.max(1, length || 1))}`;

/** An error as the command line tells it; a query's gets its caret. */
export function Failure({ error, again }) {
        const problem = error.problem || {};
        return html`<div class="failure" role="alert">
                <p>${error.message}</p>
                ${problem.query && html`<pre>${caret(problem)}</pre>`}
                ${problem.suggestion && (/\s/.test(problem.suggestion) ? html`<p class="dim">${visible(problem.suggestion)}</p>` : html`<p>Did you mean <code>${visible(problem.suggestion)}</code>?</p>`)}
                ${again && html`<button onClick=${again}>Try again</button>`}${!shared && /unknown-(id|name)$/.test(problem.type || '') && html` <a href="/?since=all">All runs</a>`}
        </div>`;
}

/** What is being read; after a second, how long already, and a way to give up. */
export function Waiting({ what, stop }) {
        const [seconds, set] = useState(0);
        useEffect(() => {
                const clock = setInterval(() => set((n) => n + 1), 1000);
                return () => clearInterval(clock);
        }, []);
        return html`<p class="empty" aria-busy="true">Reading ${what} …${seconds > 0 && html` <span class="faint">${seconds} s</span>${stop && html` <button onClick=${stop}>Cancel</button>`}`}</p>`;
}
