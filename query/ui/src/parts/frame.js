/* What stands round every page: the head with its pages, the line of keys, the table of all keys. */
import { html } from '../core/html.js';
import { useEffect, useRef } from 'preact/hooks';
import { reachable } from '../core/api.js';
import { KEYS, NAMES, help, lettersOn, page } from '../core/keys.js';
import { go, route } from '../core/route.js';
import { Key, copy, said } from './marks.js';

export const PAGES = [['/', 'Runs'], ['/sessions', 'Sessions'], ['/clusters', 'Clusters'], ['/status', 'Status']];

const here = (path) => (path === '/' ? route.value.path === '/' || route.value.path.startsWith('/t/') : route.value.path.startsWith(path));

export function Head({ extra }) {
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

export function Foot({ command }) {
        const keys = KEYS.filter((row) => row.foot && (row[page.value] || row.all));
        return html`<footer>
                ${keys.map((row) => html`<span class="hint"><${Key}>${NAMES[row.key] || row.key}<//> ${row[page.value] || row.all}</span>`)}
                <span class="sp"></span>
                ${command && html`<button class="quiet m command" title="copy the command" onClick=${() => copy(command, 'the command')}>${command}</button>`}
                <span class="said" role="status">${said.value}</span>
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
        const rows = KEYS.filter((row) => row[page.value] || row.all);
        return html`<div class="veil" onClick=${() => { help.value = false; }}>
                <div class="sheet" role="dialog" aria-modal="true" aria-label="keys" onClick=${(e) => e.stopPropagation()}>
                        <h2>Keys</h2>
                        <dl>${rows.map((row) => html`<dt><${Key}>${NAMES[row.key] || row.key}<//>${row.also && html` <${Key}>${NAMES[row.also] || row.also}<//>`}</dt><dd>${row[page.value] || row.all}</dd>`)}</dl>
                        <label><input type="checkbox" checked=${lettersOn.value} onChange=${(e) => {
                                lettersOn.value = e.target.checked;
                                localStorage.setItem('clew.letters', e.target.checked ? 'on' : 'off');
                        }} /> keys of one letter</label>
                        <button ref=${close} onClick=${() => { help.value = false; }}>Close <${Key}>Esc<//></button>
                </div></div>`;
}

/** An error as the command line tells it; a query's gets its caret. */
export function Failure({ error, again }) {
        const problem = error.problem || {};
        return html`<div class="failure" role="alert">
                <p>${error.message}</p>
                ${problem.query && html`<pre>${problem.query}\n${' '.repeat(Math.max(0, (problem.column || 1) - 1))}${'^'.repeat(Math.max(1, problem.length || 1))}</pre>`}
                ${problem.suggestion && html`<p>Did you mean <code>${problem.suggestion}</code>?</p>`}
                ${again && html`<button onClick=${again}>Try again</button>`}
        </div>`;
}

export const Waiting = ({ what }) => html`<p class="empty" aria-busy="true">Reading ${what} …</p>`;
