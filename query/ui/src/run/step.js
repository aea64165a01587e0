/* One step: what is new in it first, then all messages, tools, attributes, and the raw span. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { count, money, took } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { Failure } from '../parts/frame.js';
import { kindClass } from '../parts/marks.js';
import { Message } from '../parts/message.js';
import { Payload, Text, visible } from '../parts/text.js';

const whole = (message) => JSON.stringify([message.role, message.parts]);

/** The messages of this call that the call before did not have. */
export function news(messages, before) {
        if (!before)
                return { old: 0, fresh: messages };
        const known = before.map(whole);
        let same = 0;
        while (same < messages.length && same < known.length && whole(messages[same]) === known[same])
                same++;
        return { old: same, fresh: messages.slice(same) };
}

/** The step number of the model call before this one under the same agent. */
function callBefore(tree, s) {
        const agent = tree.agent(s);
        for (let b = s - 1; b > 0; b--)
                if (tree.kind(b) === 'llm' && tree.agent(b) === agent)
                        return b;
        return 0;
}

function Facts({ step }) {
        const tokens = step.tokens || {};
        const facts = [
                took(step.duration_nano),
                tokens.in && `in ${Number(tokens.in).toLocaleString('en')}${tokens.cache_read ? ` (cached ${Number(tokens.cache_read).toLocaleString('en')})` : ''}`,
                tokens.out && `out ${Number(tokens.out).toLocaleString('en')}${tokens.reasoning ? ` (reasoning ${Number(tokens.reasoning).toLocaleString('en')})` : ''}`,
                money(step.cost_usd), step.finish_reason && `finish ${step.finish_reason}`, step.dialect,
        ].filter(Boolean);
        return html`<div class="sub">${facts.join(' · ')}</div>`;
}

function Call({ id, tree, step }) {
        const before = callBefore(tree, step.step);
        const last = useAnswer(`${id}#${before}`, (signal) => (before ? one(`traces/${id}/steps/${before}`, {}, { signal }) : Promise.resolve(null)));
        const input = step.input_messages || [];
        if (last.busy)
            return null;
        const known = last.data && [...(last.data.input_messages || []), ...(last.data.output_messages || [])];
        let { old, fresh } = news(input, last.data?.input_messages);
        if (old && known && fresh.length && whole(fresh[0]) === whole(known[old] || {})) {
                fresh = fresh.slice(1); // the answer of the call before, sent back
                old++;
        }
        return html`${old > 0 && html`<p class="dim repeated">${old} messages as in #${before}</p>`}
                ${fresh.map((m, i) => html`<${Message} key=${i} message=${m} note=${before && old ? `new since #${before}` : ''} />`)}
                ${(step.output_messages || []).map((m, i) => html`<${Message} key=${`o${i}`} message=${m} note="answer" />`)}
                ${!input.length && !(step.output_messages || []).length && html`<${Plain} step=${step} />`}`;
}

/** What went in and came out, where it is no conversation. */
function Plain({ step }) {
        const input = step.tool_arguments ?? step.input, output = step.tool_result ?? step.output;
        return html`<section class="msg"><div class="role"><span>${step.tool ? 'arguments' : 'input'}</span><span class="faint">${step.tool_call_id || ''}</span></div><${Payload} text=${input} /></section>
                <section class="msg"><div class="role"><span>${step.tool ? 'result' : 'output'}</span></div><${Payload} text=${output} /></section>`;
}

function Table({ rows }) {
        const keys = Object.keys(rows || {});
        if (!keys.length)
                return html`<p class="dim">none</p>`;
        return html`<dl class="attributes">${keys.map((key) => html`<dt>${visible(key)}</dt><dd><${Payload} text=${typeof rows[key] === 'string' ? rows[key] : JSON.stringify(rows[key])} /></dd>`)}</dl>`;
}

function Tools({ step }) {
        const tools = step.tools || step.tool_definitions || [];
        return html`${tools.map((tool) => html`<section class="msg"><div class="role"><span>${visible(tool.name || tool.function?.name || 'tool')}</span></div>
                <${Text} text=${tool.description || tool.function?.description || ''} mono=${false} /><${Payload} text=${JSON.stringify(tool.parameters ?? tool.function?.parameters ?? tool)} /></section>`)}`;
}

const isCall = (step) => step.kind === 'llm' || (step.input_messages || []).length > 0;

export function Step({ id, tree, s, close }) {
        const answer = useAnswer(`${id}#${s}`, (signal) => one(`traces/${id}/steps/${s}`, {}, { signal }));
        const [tab, go] = useState('new');
        const step = answer.data;
        if (answer.error)
                return html`<aside><${Failure} error=${answer.error} again=${answer.again} /></aside>`;
        if (!step)
                return html`<aside aria-busy="true"><p class="dim">Reading step ${s} …</p></aside>`;
        const messages = [...(step.input_messages || []), ...(step.output_messages || [])];
        const tools = step.tools || step.tool_definitions || [];
        const tabs = [['new', isCall(step) ? 'New here' : 'In and out'], messages.length && ['all', `All ${messages.length} messages`], tools.length && ['tools', `Tools ${tools.length}`],
                ['attributes', 'Attributes'], ['raw', 'Raw']].filter(Boolean);
        const now = tabs.some(([name]) => name === tab) ? tab : 'new';
        return html`<aside class=${answer.busy ? 'busy' : ''} aria-label=${`step ${s}`}><div class="step-head"><h2><span class="m">#${step.step}</span> <span class=${kindClass(step.kind)}>${step.kind}</span>
                <span class="dim"> ${visible([step.tool || step.model || step.name, step.agent].filter(Boolean).join(' · '))}</span></h2>
                <button class="quiet narrow-only" onClick=${close}>back to the tree</button></div>
                <${Facts} step=${step} />
                ${step.error?.is_error && html`<div class="error-line"><b>✗ ${visible(step.error.type || 'failed')}</b> ${visible(step.error.message || '')}</div>`}
                <div class="tabs" role="tablist">${tabs.map(([name, words]) => html`<button role="tab" aria-selected=${now === name} class=${now === name ? 'on' : ''} onClick=${() => go(name)}>${words}</button>`)}</div>
                <div role="tabpanel" key=${`${step.step}${now}`}>
                ${now === 'new' && (isCall(step) ? html`<${Call} id=${id} tree=${tree} step=${step} />` : html`<${Plain} step=${step} />`)}
                ${now === 'all' && messages.map((m, i) => html`<${Message} key=${i} message=${m} />`)}
                ${now === 'tools' && html`<${Tools} step=${step} />`}
                ${now === 'attributes' && html`<${Table} rows=${step.attributes} /><h3>Resource</h3><${Table} rows=${step.resource} />
                        ${(step.events || []).length > 0 && html`<h3>Events</h3>${step.events.map((event) => html`<section class="msg"><div class="role"><span>${visible(event.name)}</span></div><${Table} rows=${event.attributes} /></section>`)}`}`}
                ${now === 'raw' && html`<${Text} text=${JSON.stringify(step, null, 2)} />`}
                </div></aside>`;
}
