/* What the server holds, takes and refuses. */
import { html } from '../core/html.js';
import { useEffect } from 'preact/hooks';
import { one } from '../core/api.js';
import { bytes } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { go } from '../core/route.js';
import { Failure, Foot, Head, Waiting } from '../parts/frame.js';
import { visible } from '../parts/text.js';

const words = (name) => name.replace(/_/g, ' ').replace(/ bytes$/, '');

function Value({ name, value }) {
        if (value === null || value === undefined)
                return html`<span class="dim">none</span>`;
        if (/_bytes$/.test(name) || name === 'bytes')
                return bytes(Number(value));
        return typeof value === 'number' ? value.toLocaleString('en') : visible(String(value));
}

function Section({ name, rows }) {
        return html`<section class="status"><h2>${words(name)}</h2><dl class="attributes">${Object.entries(rows).map(([key, value]) => (value && typeof value === 'object'
                ? html`<dt>${words(key)}</dt><dd>${Object.entries(value).map(([k, v]) => html`<span class="pair">${words(k)} <b><${Value} name=${k} value=${v} /></b></span>`)}</dd>`
                : html`<dt>${words(key)}</dt><dd><${Value} name=${key} value=${value} /></dd>`))}</dl></section>`;
}

export function Status() {
        page.value = 'list';
        const answer = useAnswer('status', (signal) => one('status', {}, { signal }));
        useEffect(() => {
                const again = setInterval(() => !document.hidden && answer.again(), 5000);
                return () => clearInterval(again);
        }, []);
        useKeys({ Escape: () => go('/') });
        const plain = {}, sections = [];
        for (const [key, value] of Object.entries(answer.data || {})) {
                if (key === 'v' || key === 'type')
                        continue;
                if (value && typeof value === 'object')
                        sections.push([key, value]);
                else
                        plain[key] = value;
        }
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>Status</h1></div>${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}
                ${!answer.data && !answer.error && html`<${Waiting} what="the status" />`}
                <div class="sections">${Object.keys(plain).length > 0 && html`<${Section} name="server" rows=${plain} />`}${sections.map(([name, rows]) => html`<${Section} key=${name} name=${name} rows=${rows} />`)}</div></main><${Foot} command="clew doctor" />`;
}
