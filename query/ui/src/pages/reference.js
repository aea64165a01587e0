/* The API, from the server's own table of routes (its OpenAPI description): what can be asked, with what, and who may. */
import { html } from '../core/html.js';
import { useMemo, useRef, useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { plural } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { go } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { copy } from '../parts/marks.js';

const BASE = '/api/v1';

/** One row a route: { method, path, about, scopes, inputs: [{ name, about, type }] }; members of a body are inputs too. */
export function routesOf(description) {
        return Object.entries(description.paths || {}).flatMap(([path, methods]) => Object.entries(methods).map(([method, route]) => {
                const body = route.requestBody?.content?.['application/json']?.schema;
                const members = Object.entries(body?.properties || {}).map(([name, m]) => ({ name, about: m.description, type: m.type }));
                const params = (route.parameters || []).filter((p) => p.in !== 'path').map((p) => ({ name: p.name, about: p.description, type: p.schema?.type }));
                return { method: method.toUpperCase(), path, about: route.summary, scopes: route['x-scopes'] || [], inputs: [...params, ...members], body: members.length ? null : body?.description };
        }));
}

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : '');
const example = (route) => `curl ${route.method === 'GET' ? '' : `-H 'Content-Type: application/json' -d '{}' `}'${location.origin}${BASE}${route.path}'`;

function Route({ route }) {
        return html`<details class="route"><summary><span class="method m">${route.method}</span> <code class="path">${route.path}</code> <span class="dim about">${sentence(route.about)}</span>
                <span class="sp"></span><span class="faint scopes">${route.scopes.length > 2 ? 'any key' : route.scopes.join(', ')}</span></summary>
                ${route.body && html`<p class="dim">Body: ${route.body}</p>`}
                ${route.inputs.length > 0 ? html`<dl class="attributes">${route.inputs.map((input) => html`<dt class="m">${input.name}</dt><dd>${sentence(input.about)} <span class="faint">${input.type}</span></dd>`)}</dl>` : !route.body && html`<p class="dim">It takes nothing.</p>`}
                <p><button class="quiet m command" title="copy it" onClick=${() => copy(example(route), 'the question')}>${example(route)}</button></p></details>`;
}

export function Reference() {
        page.value = 'list';
        useTitle('API');
        const box = useRef();
        const [words, type] = useState('');
        const answer = useAnswer('openapi', (signal) => one('openapi.json', {}, { signal }));
        const all = useMemo(() => routesOf(answer.data || {}), [answer.data]);
        const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
        const rows = all.filter((route) => wanted.every((word) => `${route.method} ${route.path} ${route.about}`.toLowerCase().includes(word)));
        useKeys({ '/': () => box.current?.focus(), Escape: () => (words ? type('') : go('/status')) });
        return html`<${Head} /><main class="page reference" tabindex="0"><div class="head"><h1>API</h1><span class="fact">below <code>${BASE}</code>; <a href=${`${BASE}/openapi.json`} download="clew-openapi.json">OpenAPI</a> is made from the same table</span><span class="sp"></span>
                <input ref=${box} class="narrow" type="search" placeholder="find a route" aria-label="find a route" value=${words} onInput=${(e) => type(e.target.value)} /></div>
                ${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}
                ${!answer.data && !answer.error && html`<${Waiting} what="the table of routes" />`}
                ${rows.map((route) => html`<${Route} key=${route.method + route.path} route=${route} />`)}
                ${answer.data && html`<p class="dim empty">${rows.length === all.length ? plural(rows.length, 'route') : `${rows.length} of ${plural(all.length, 'route')}`}. Lists take <code>limit</code> and <code>after</code>; a refusal is <code>application/problem+json</code> with a sentence that says what to do.</p>`}
        </main><${Foot} />`;
}
