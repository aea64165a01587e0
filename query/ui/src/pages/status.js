/* What the server holds, takes and refuses: first in sentences, then every number. */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { bytes, count, number, plural, took } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { go } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { copyCommand } from '../parts/marks.js';
import { visible } from '../parts/text.js';

const words = (name) => name.replace(/_/g, ' ').replace(/ (bytes|ns|s)$/, '');
const POLL_MS = 5000;

/* What was not taken, by the counter's name. */
const REFUSALS = {
        malformed: 'could not be read', too_large: 'were too large', overloaded: 'came while all memory was taken, and were told to come back',
        not_stored: 'could not be written', unimplemented: 'asked for what is not offered', abandoned: 'were given up by the sender', spans_refused: 'spans were refused inside requests that were taken',
        seal_refused: 'traces could not be sealed', seal_failures: 'times sealing failed', commit_failures: 'times writing failed', accepts_failed: 'connections could not be taken', connections_displaced: 'connections were ended to make room',
};

function Value({ name, value }) {
        if (value === null || value === undefined)
                return html`<span class="dim">none</span>`;
        if (/(^|_)bytes$/.test(name))
                return bytes(Number(value));
        if (/_ns$/.test(name))
                return took(value) || '0 s';
        if (/_s$/.test(name))
                return took(value * 1e9) || '0 s';
        if (/process$/.test(name)) // its number is a name
                return String(value);
        if (typeof value === 'boolean')
                return value ? 'yes' : 'no';
        return typeof value === 'number' ? number(value) : visible(String(value));
}

function Section({ name, rows }) {
        return html`<section class="status"><h2>${words(name)}</h2><dl class="attributes figures">${Object.entries(rows).map(([key, value]) => (value && typeof value === 'object'
                ? html`<dt>${words(key)}</dt><dd>${Object.entries(value).map(([k, v]) => html`<span class="pair">${words(k)} <b><${Value} name=${k} value=${v} /></b></span>`)}</dd>`
                : html`<dt>${words(key)}</dt><dd><${Value} name=${key} value=${value} /></dd>`))}</dl></section>`;
}

/** What came in between the last two answers, for each second. */
function useRate(data) {
        const last = useRef(null);
        const [rate, set] = useState(null);
        useEffect(() => {
                const now = { at: performance.now(), spans: data?.collector?.spans, bytes: data?.collector?.otlp_bytes };
                if (last.current && now.spans !== undefined && now.at > last.current.at)
                        set({ spans: ((now.spans - last.current.spans) * 1000) / (now.at - last.current.at), bytes: ((now.bytes - last.current.bytes) * 1000) / (now.at - last.current.at) });
                last.current = data ? now : null;
        }, [data]);
        return rate;
}

function Summary({ data, rate }) {
        const { store = {}, collector } = data;
        const ratio = store.raw_otlp_bytes && store.segment_bytes ? store.raw_otlp_bytes / store.segment_bytes : 0;
        const refused = collector ? Object.entries(REFUSALS).filter(([name]) => collector[name] > 0) : [];
        const fact = (value, what) => html`<div class="big"><b>${value}</b><span>${what}</span></div>`;
        return html`<div class="bigs">${fact(number(store.traces), 'runs kept')}${fact(count(store.spans), 'spans')}${fact(bytes(store.raw_otlp_bytes || 0), 'as it was sent')}
                ${fact(bytes(store.file_bytes || 0), 'on disk')}${ratio > 1 && fact(`${ratio.toFixed(0)} : 1`, 'packed')}${rate && fact(`${count(rate.spans)} /s`, 'spans come in')}</div>
                <ul class="told">${data.read_only ? html`<li>Nothing is collected here: this server only answers questions about a store, and nothing can be labelled.</li>`
                        : collector && html`<li>${collector.spans > 0 ? `${plural(collector.spans, 'span')} in ${plural(collector.accepted, 'request')} taken since the server began.` : 'No span has come since the server began.'}</li>`}
                ${store.hot_traces > 0 && html`<li>${plural(store.hot_traces, 'run')} (${bytes(store.hot_bytes)}) ${store.hot_traces === 1 ? 'waits' : 'wait'} to be sealed.</li>`}
                ${collector && refused.length === 0 && html`<li class="ok">✓ Nothing was refused and nothing failed.</li>`}
                ${refused.map(([name, told]) => html`<li class=${/fail|not_stored/.test(name) ? 'bad' : 'warn'}>${/fail|not_stored/.test(name) ? '✗' : '!'} ${number(collector[name])} ${told}.</li>`)}</ul>`;
}

export function Status() {
        page.value = 'list';
        useTitle('Status');
        const answer = useAnswer('status', (signal) => one('status', {}, { signal }));
        const rate = useRate(answer.data);
        useEffect(() => {
                const again = setInterval(() => !document.hidden && answer.again(), POLL_MS);
                return () => clearInterval(again);
        }, []);
        useKeys({ Escape: () => go('/'), Y: () => copyCommand('clew status') });
        const plain = {}, sections = [];
        for (const [key, value] of Object.entries(answer.data || {})) {
                if (key === 'v' || key === 'type')
                        continue;
                if (value && typeof value === 'object')
                        sections.push([key, value]);
                else
                        plain[key] = value;
        }
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>Status</h1><span class="sp"></span><a class="keep" href="/reference">API reference</a></div>${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}
                ${!answer.data && !answer.error && html`<${Waiting} what="the status" />`}
                ${answer.data && html`<${Summary} data=${answer.data} rate=${rate} />`}
                <div class="sections">${Object.keys(plain).length > 0 && html`<${Section} name="server" rows=${plain} />`}${sections.map(([name, rows]) => html`<${Section} key=${name} name=${name} rows=${rows} />`)}</div><p class="empty"><a href="/licences.txt" target="_blank" rel="noopener">Licences of the packages that these pages hold</a></p></main><${Foot} command="clew status" />`;
}
