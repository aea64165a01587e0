/* One item of a dataset: what was asked, what was done, what should have come out. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { short } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { href } from '../core/route.js';
import { Failure } from '../parts/frame.js';
import { Json } from '../parts/json.js';
import { Payload, visible } from '../parts/text.js';

/** Messages of an item are flat: content, reasoning, calls. */
function Said({ message }) {
        return html`<section class=${`msg ${message.role || ''}`}><div class="role"><span>${visible(message.role || '')}${message.name ? ` · ${visible(message.name)}` : ''}</span><span class="faint">${visible(message.call_id || '')}</span></div>
                ${message.reasoning && html`<details><summary class="dim">reasoning</summary><${Payload} text=${message.reasoning} mono=${false} /></details>`}
                ${message.content !== undefined && message.content !== null && message.content !== '' && html`<${Payload} text=${message.content} mono=${message.role === 'tool'} />`}
                ${(message.calls || []).map((call) => html`<div class="call"><span class="tool">→ ${visible(call.name || '')}</span><${Payload} text=${call.arguments} /></div>`)}</section>`;
}

const messages = (value) => (Array.isArray(value) ? value.map((message, i) => html`<${Said} key=${i} message=${message} />`) : value === undefined || value === null ? null : html`<section class="msg"><${Payload} text=${value} /></section>`);

export function Item({ path, id, close, remove }) {
        const answer = useAnswer(`${path} ${id}`, (signal) => one(`${path}/items/${id}`, {}, { signal }));
        const [tab, go] = useState('case');
        if (answer.error)
                return html`<aside><${Failure} error=${answer.error} again=${answer.again} /></aside>`;
        if (!answer.data)
                return html`<aside aria-busy="true"><p class="dim">Reading the item …</p></aside>`;
        const { item } = answer.data;
        const said = [...(item.labels || []).map((l) => ['label', typeof l === 'string' ? l : JSON.stringify(l)]), ...(item.scores || []).map((s) => [s.name || 'score', String(s.label ?? s.value ?? '')]), ...(item.notes || []).map((n) => ['note', typeof n === 'string' ? n : n.text || JSON.stringify(n)])];
        const tabs = [['case', 'Case'], item.trajectory?.length && ['done', 'What was done'], ['all', 'All of it']].filter(Boolean);
        return html`<aside aria-label="item"><div class="step-head"><h2><span class="m" title=${answer.data.id}>${short(answer.data.id)}</span> <span class="dim">${item.form}${answer.data.split ? ` · ${answer.data.split}` : ''}</span></h2><span class="act">${remove && html`<button class="quiet" onClick=${remove}>take it out</button> `}<button class="quiet" onClick=${close}>close</button></span></div>
                <div class="sub">${item.trace_id ? html`from <a class="m" href=${href(`/t/${item.trace_id}`, { s: item.failing_step || null })}>${short(item.trace_id)}${item.failing_step ? `#${item.failing_step}` : ''}</a>` : 'imported'}${item.cause_text ? html` · ${visible(item.cause_text)}` : ''}</div>
                <div class="tabs" role="tablist">${tabs.map(([name, words]) => html`<button role="tab" aria-selected=${tab === name} class=${tab === name ? 'on' : ''} onClick=${() => go(name)}>${words}</button>`)}</div>
                <div role="tabpanel" key=${tab}>${tab === 'case' && html`<h3>Expected ${item.expected_from && html`<span class="dim">${visible(item.expected_from)}</span>`}</h3>${messages(item.expected) || html`<p class="dim">Nothing is written down yet. A correction of the run becomes the expected output when it is added again.</p>`}
                        <h3>Answer</h3>${messages(item.output) || html`<p class="dim">none</p>`}<h3>Input</h3>${messages(item.input ?? item.input_json)}
                        ${said.length > 0 && html`<h3>What was said</h3><dl class="attributes">${said.map(([name, text]) => html`<dt>${visible(name)}</dt><dd>${visible(text)}</dd>`)}</dl>`}`}
                ${tab === 'done' && messages(item.trajectory)}${tab === 'all' && html`<${Json} value=${item} />`}</div></aside>`;
}
