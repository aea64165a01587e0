/* One step: what is new in it first, then all messages, tools, attributes, and the raw span. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { count, money, took } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { shared } from '../core/shared.js';
import { Against, aligned } from './against.js';
import { Failure } from '../parts/frame.js';
import { kindClass } from '../parts/marks.js';
import { Json } from '../parts/json.js';
import { Message } from '../parts/message.js';
import { Marks, Payload, Text, visible } from '../parts/text.js';

const MORE = 262144; // bytes that are fetched of a long text at a time

const sameness = (message) => JSON.stringify([message.role, message.parts]);

/** The messages of this call that the call before did not have. */
export function news(messages, before) {
        if (!before)
                return { old: 0, fresh: messages };
        const known = before.map(sameness);
        let same = 0;
        while (same < messages.length && same < known.length && sameness(messages[same]) === known[same])
                same++;
        return { old: same, fresh: messages.slice(same) };
}

/** The step number of the model call before this one: of the same agent, else of one of the same name. */
function callBefore(tree, s) {
        const agent = tree.agent(s), name = agent ? tree.name(agent) : '';
        let same = 0;
        for (let b = s - 1; b > 0; b--) {
                if (tree.kind(b) !== 'llm')
                        continue;
                if (tree.agent(b) === agent)
                        return b;
                if (!same && name && tree.agent(b) && tree.name(tree.agent(b)) === name)
                        same = b;
        }
        return same;
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

/** What the server has more of a text that it cut: by the pointer below the step's record. */
function restOf(id, step) {
        const cuts = new Map((step.cut || []).map((cut) => [cut.at, Number(cut.bytes)]));
        return (at) => (cuts.has(at) ? { bytes: cuts.get(at), load: (from) => one(`traces/${id}/steps/${step.step}/text`, { at, from, max: MORE }) } : undefined);
}

/** All texts that the step was sent with, whole: where inline media are looked for. */
const textsOf = (id, s) => ({ name: `${id}#${s}`, texts: (signal) => one(`traces/${id}/steps/${s}`, { 'max-text': 0 }, { signal }).then((step) => {
        const tables = [step.attributes, ...(step.events || []).map((event) => event.attributes)];
        return [...tables.flatMap((table) => Object.values(table || {})), step.input, step.output, step.tool_result].filter((x) => x !== null && x !== undefined).map((x) => (typeof x === 'string' ? x : JSON.stringify(x)));
}) });

function Call({ step, rest, whole, before, last, against }) {
        const input = step.input_messages || [], answer = step.output_messages || [];
        if (last.busy)
            return null;
        const known = last.data && [...(last.data.input_messages || []), ...(last.data.output_messages || [])];
        let { old, fresh } = news(input, last.data?.input_messages);
        if (old && known && fresh.length && sameness(fresh[0]) === sameness(known[old] || {})) {
                fresh = fresh.slice(1); // the answer of the call before, sent back
                old++;
        }
        const lost = last.data && input.length ? (aligned([...(last.data.input_messages || []), ...(last.data.output_messages || [])], input) || []).filter((row) => row.sign === 'changed' || row.sign === 'gone').length : 0;
        return html`${old > 0 && html`<p class="dim repeated">${old} ${old === 1 ? 'message' : 'messages'} as in #${before}</p>`}
                ${lost > 0 && html`<p class="dim repeated">${lost} ${lost === 1 ? 'message' : 'messages'} of #${before} ${lost === 1 ? 'is' : 'are'} changed or gone · <button class="link" onClick=${against}>against #${before}</button></p>`}
                ${fresh.map((m, i) => html`<${Message} key=${i} message=${m} whole=${whole} rest=${(at) => rest(`/input_messages/${old + i}${at}`)} note=${before && old ? `new since #${before}` : ''} />`)}
                ${!input.length && answer.length > 0 && step.input && html`<${Plain} step=${step} rest=${rest} sides=${['in']} />`}
                ${answer.map((m, i) => html`<${Message} key=${`o${i}`} message=${m} note="answer" whole=${whole} rest=${(at) => rest(`/output_messages/${i}${at}`)} />`)}
                ${!answer.length && (!input.length || step.output) && html`<${Plain} step=${step} rest=${rest} sides=${input.length ? ['out'] : ['in', 'out']} />`}
                <${Settings} step=${step} />`;
}

/** How the model was asked: small, behind what was said. */
function Settings({ step }) {
        const rows = Object.entries(step.parameters || {}).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
        if (step.prompt?.name)
                rows.push(['prompt', `${step.prompt.name}${step.prompt.version ? `@${step.prompt.version}` : ''}`]);
        return rows.length > 0 && html`<dl class="attributes settings-of">${rows.map(([name, value]) => html`<dt>${visible(name)}</dt><dd class="m">${visible(value).slice(0, 400)}</dd>`)}</dl>`;
}

/** What went in and came out, where it is no conversation. */
function Plain({ step, rest, sides = ['in', 'out'] }) {
        const part = (words, names, aside) => {
                const name = names.find((n) => step[n] !== null && step[n] !== undefined) || names[0];
                return html`<section class="msg"><div class="role"><span>${words}</span><span class="faint">${aside || ''}</span></div><${Payload} text=${step[name]} rest=${rest(`/${name}`)} /></section>`;
        };
        return html`${sides.includes('in') && part(step.tool ? 'arguments' : 'input', ['tool_arguments', 'input'], step.tool_call_id && visible(step.tool_call_id))}
                ${sides.includes('out') && part(step.tool ? 'result' : 'output', ['tool_result', 'output'])}`;
}

function Table({ rows, rest = () => undefined, at = '' }) {
        const escaped = (key) => key.replace(/~/g, '~0').replace(/\//g, '~1');
        const keys = Object.keys(rows || {});
        if (!keys.length)
                return html`<p class="dim">none</p>`;
        return html`<dl class="attributes">${keys.map((key) => html`<dt>${visible(key)}</dt><dd><${Payload} text=${typeof rows[key] === 'object' ? rows[key] : String(rows[key])} rest=${rest(`${at}/${escaped(key)}`)} /></dd>`)}</dl>`;
}

function Tools({ step }) {
        const tools = step.tools_offered || [];
        return html`${tools.map((tool) => html`<section class="msg"><div class="role"><span>${visible(tool.name || 'tool')}</span></div>
                <${Text} text=${tool.description || ''} mono=${false} /><${Payload} text=${tool.schema ?? tool.parameters ?? ''} /></section>`)}`;
}

const isCall = (step) => step.kind === 'llm' || (step.input_messages || []).length > 0;

export function Step({ id, tree, s, close, marks = [] }) {
        const answer = useAnswer(`${id}#${s}`, (signal) => one(`traces/${id}/steps/${s}`, {}, { signal }));
        const [tab, go] = useState('new');
        const step = answer.data;
        const before = step?.kind === 'llm' ? callBefore(tree, step.step) : 0;
        const last = useAnswer(`${id}#${before}`, (signal) => (before ? one(`traces/${id}/steps/${before}`, {}, { signal }) : Promise.resolve(null)));
        if (answer.error)
                return html`<aside><${Failure} error=${answer.error} again=${answer.again} /></aside>`;
        if (!step)
                return html`<aside aria-busy="true"><p class="dim">Reading step ${s} …</p></aside>`;
        const rest = restOf(id, step), whole = textsOf(id, s), inputs = (step.input_messages || []).length;
        const messages = [...(step.input_messages || []), ...(step.output_messages || [])];
        const tools = step.tools_offered || [];
        const tabs = [['new', step.kind === 'llm' ? 'New here' : 'In and out'], step.kind === 'llm' && messages.length && ['all', messages.length === 1 ? 'The message' : `All ${messages.length} messages`], before && messages.length && ['against', `Against #${before}`], tools.length && ['tools', `Tools ${tools.length}`],
                ['attributes', 'Attributes'], ['raw', 'Raw']].filter(Boolean);
        const now = tabs.some(([name]) => name === tab) ? tab : 'new';
        return html`<${Marks.Provider} value=${marks}><aside class=${answer.busy ? 'busy' : ''} aria-label=${`step ${s}`}><div class="step-head"><h2><span class="m">#${step.step}</span> <span class=${kindClass(step.kind)}>${step.kind}</span>
                <span class="dim"> ${visible([step.tool || step.model || step.name, step.agent].filter(Boolean).join(' · '))}</span></h2>
                <button class="quiet narrow-only" onClick=${close}>back to the tree</button></div>
                <${Facts} step=${step} />
                ${step.error?.is_error && html`<div class="error-line"><b>✗ ${visible(step.error.type || 'failed')}</b> ${visible(step.error.message || '')}</div>`}
                <div class="tabs" role="tablist">${tabs.map(([name, words]) => html`<button role="tab" aria-selected=${now === name} class=${now === name ? 'on' : ''} onClick=${() => go(name)}>${words}</button>`)}</div>
                <div role="tabpanel" key=${`${step.step}${now}`}>
                ${now === 'new' && (isCall(step) ? html`<${Call} step=${step} rest=${rest} whole=${whole} before=${before} last=${last} against=${() => go('against')} />` : html`<${Plain} step=${step} rest=${rest} />`)}
                ${now === 'all' && messages.map((m, i) => html`<${Message} key=${i} message=${m} whole=${whole} note=${i >= inputs ? 'answer' : ''}
                        rest=${(at) => rest(i < inputs ? `/input_messages/${i}${at}` : `/output_messages/${i - inputs}${at}`)} />`)}
                ${now === 'against' && (last.error ? html`<${Failure} error=${last.error} again=${last.again} />` : last.busy || !last.data ? html`<p class="dim" aria-busy="true">Reading step ${before} …</p>` : html`<${Against} before=${last.data} step=${step} rest=${rest} whole=${whole} />`)}
                ${now === 'tools' && html`<${Tools} step=${step} />`}
                ${now === 'attributes' && html`<${Table} rows=${step.attributes} rest=${rest} at="/attributes" /><h3>Resource</h3><${Table} rows=${step.resource} />
                        ${(step.events || []).length > 0 && html`<h3>Events</h3>${step.events.map((event) => html`<section class="msg"><div class="role"><span>${visible(event.name)}</span></div><${Table} rows=${event.attributes} /></section>`)}`}`}
                ${now === 'raw' && html`<p class="dim">As Clew reads it. ${!shared && html`<a href=${`/api/v1/traces/${id}/raw`} download=${`${id}.json`}>The whole run as OTLP</a>`}</p><${Json} value=${step} />`}
                </div></aside><//>`;
}
