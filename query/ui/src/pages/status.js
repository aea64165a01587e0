/* What the server holds, takes and refuses: first in sentences, then every number. */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { bytes, count, moment, number, plural, took, when } from '../core/format.js';
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

/* What the server's names mean, where a name alone does not say it. */
const WORDS = {
        store: {
                traces: 'runs and other traces', logs: 'log records', raw_otlp_bytes: 'as it was sent', hot_traces: 'runs not sealed yet', hot_bytes: 'not sealed yet', hot_fragments: 'pieces not sealed yet',
                segment_bytes: 'in segments', used_bytes: 'pages in use', free_bytes: 'pages that are free', file_bytes: 'the file', disk_free_bytes: 'free on the disk', sealed_traces: 'sealed',
        },
        collector: {
                wire_bytes: 'on the wire', otlp_bytes: 'as OTLP', logs: 'log records', stored_bytes: 'written', commit_ns: 'writing took', sealed_traces: 'sealed', sealed_bytes: 'sealed, as it was sent',
        },
        readers: { held: 'under way', oldest_process: 'the oldest is process', oldest_commits: 'commits since it began' },
        queue: { requests: 'requests that wait', bytes: 'that wait', under_way: 'under way' },
        sealing: { due_bytes: 'to be sealed now' },
        server: { up_s: 'up for', accepts: 'takes spans', read_only: 'only answers questions' },
};

/** The last warnings and errors, newest first. */
function Recent({ log }) {
        const told = [...(log.recent || [])].reverse();
        return told.length > 0 && html`<section class="log-of"><h2>warnings and errors</h2><table class="figures"><thead><tr><th>last</th><th>times</th><th>event</th><th class="cause">text</th></tr></thead><tbody>${told.map((entry) => html`<tr><td class="dim" title=${moment(entry.time)}>${when(entry.time)}</td><td class="num">${number(entry.n)}</td>
                <td class=${entry.level === 'error' ? 'm bad' : 'm'}>${entry.level === 'error' ? '✗ ' : ''}${visible(entry.event)}</td><td class="cause dim">${visible(entry.text)}</td></tr>`)}</tbody></table></section>`;
}

const isNothing = (value) => value === 0 || value === null || value === undefined;

function Rows({ name, rows }) {
        const label = (key) => WORDS[name]?.[key] || words(key);
        return html`<dl class="attributes figures">${rows.map(([key, value]) => (value && typeof value === 'object'
                ? html`<dt>${label(key)}</dt><dd>${Object.entries(value).map(([k, v]) => html`<span class="pair">${words(k)} <b><${Value} name=${k} value=${v} /></b></span>`)}</dd>`
                : html`<dt>${label(key)}</dt><dd><${Value} name=${key} value=${value} /></dd>`))}</dl>`;
}

/** Numbers that are not nothing; the others one click away. */
function Section({ name, rows }) {
        const all = Object.entries(rows), some = all.filter(([, value]) => !isNothing(value)), none = all.filter(([, value]) => isNothing(value));
        return html`<section class="status"><h2>${words(name)}</h2>${some.length > 0 && html`<${Rows} name=${name} rows=${some} />`}
                ${none.length > 0 && html`<details><summary class="dim">${some.length ? `${number(none.length)} more, at zero` : `${plural(none.length, 'number')} at zero`}</summary><${Rows} name=${name} rows=${none} /></details>`}</section>`;
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
                if (key === 'log')
                        continue;
                if (value && typeof value === 'object')
                        sections.push([key, value]);
                else
                        plain[key] = value;
        }
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>Status</h1><span class="sp"></span><a class="keep" href="/reference">API reference</a></div>${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}
                ${!answer.data && !answer.error && html`<${Waiting} what="the status" />`}
                ${answer.data && html`<${Summary} data=${answer.data} rate=${rate} />`}
                ${answer.data?.log && html`<${Recent} log=${answer.data.log} />`}
                <div class="sections">${Object.keys(plain).length > 0 && html`<${Section} name="server" rows=${plain} />`}${sections.map(([name, rows]) => html`<${Section} key=${name} name=${name} rows=${rows} />`)}</div><p class="empty"><a href="/licences.txt" target="_blank" rel="noopener">Licences of the packages that these pages hold</a></p></main><${Foot} command="clew status" />`;
}
