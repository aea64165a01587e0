/* What a model call was sent against the call before it: messages that changed, came or are gone, tools and settings. */
import { diffArrays } from 'diff';
import { html } from '../core/html.js';
import { Lines } from '../parts/lines.js';
import { Message } from '../parts/message.js';
import { visible } from '../parts/text.js';

const EDITS_MAX = 400; // a conversation that differs in more is another one

const sameness = (message) => JSON.stringify([message.role, message.parts]);
const textOf = (message) => (message.parts || []).map((part) => (part.text ?? part.result ?? part.response ?? (part.arguments === undefined ? `[${part.type}]` : `→ ${part.name || 'tool'} ${typeof part.arguments === 'string' ? part.arguments : JSON.stringify(part.arguments)}`))).join('\n');

/** Runs of messages: { sign: 'equal' | 'changed' | 'gone' | 'came', a, b, at } with the index of `b`; null: nothing is alike. */
export function aligned(before, now) {
        const runs = diffArrays(before.map(sameness), now.map(sameness), { maxEditLength: EDITS_MAX });
        if (!runs)
                return null;
        const all = [];
        let i = 0, k = 0;
        for (let r = 0; r < runs.length; r++) {
                const run = runs[r], next = runs[r + 1];
                if (!run.added && !run.removed) {
                        all.push({ sign: 'equal', n: run.count, at: k });
                        i += run.count;
                        k += run.count;
                        continue;
                }
                const gone = run.removed ? run.count : next?.removed ? next.count : 0, came = run.added ? run.count : next?.added ? next.count : 0;
                r += Number(gone > 0 && came > 0);
                const pairs = Math.min(gone, came);
                for (let n = 0; n < pairs; n++, i++, k++)
                        all.push(...(before[i].role === now[k].role ? [{ sign: 'changed', a: before[i], b: now[k], at: k }] : [{ sign: 'gone', a: before[i], at: k }, { sign: 'came', b: now[k], at: k }]));
                for (let n = pairs; n < gone; n++)
                        all.push({ sign: 'gone', a: before[i++], at: k });
                for (let n = pairs; n < came; n++)
                        all.push({ sign: 'came', b: now[k], at: k++ });
        }
        return all;
}

const shown = (value) => (value === undefined || value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

/** What the two were set to, where that differs: [name, before, now]. */
export function settings(before, now) {
        const tools = (step) => new Map((step.tools_offered || []).map((tool) => [tool.name || 'tool', JSON.stringify(tool)]));
        const of = (step) => ({ model: step.model, prompt: step.prompt?.name && `${step.prompt.name}${step.prompt.version ? `@${step.prompt.version}` : ''}`, ...(step.parameters || {}) });
        const x = of(before), y = of(now), a = tools(before), b = tools(now);
        return [...[...new Set([...Object.keys(x), ...Object.keys(y)])].filter((name) => shown(x[name]) !== shown(y[name])).map((name) => [name, shown(x[name]), shown(y[name])]),
                ...[...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).map((name) => [`tool ${name}`, a.has(name) ? 'offered' : '–', b.has(name) ? (a.has(name) ? 'offered, described otherwise' : 'offered') : '–'])];
}

export function Against({ before, step, rest, whole }) {
        const sent = before.input_messages || [], now = step.input_messages || [];
        /* The answer of the call before comes back as a message of this one. */
        const rows = aligned([...sent, ...(before.output_messages || [])], now);
        const set = settings(before, step);
        if (!rows)
                return html`<p class="dim">The conversation is another one than that of #${before.step}.</p>`;
        const same = rows.every((row) => row.sign === 'equal') && set.length === 0;
        return html`${same && html`<p class="dim">The same as #${before.step} was sent.</p>`}
                ${set.length > 0 && html`<table class="settings"><thead><tr><th>set differently</th><th>#${before.step}</th><th>#${step.step}</th></tr></thead><tbody>${set.map(([name, x, y]) => html`<tr><td>${visible(name)}</td><td class="m">${visible(x).slice(0, 400)}</td><td class="m">${visible(y).slice(0, 400)}</td></tr>`)}</tbody></table>`}
                ${rows.map((row, i) => {
                        if (row.sign === 'equal')
                                return html`<p key=${i} class="dim repeated">${row.n} ${row.n === 1 ? 'message' : 'messages'} as in #${before.step}</p>`;
                        if (row.sign === 'changed')
                                return html`<div key=${i} class="msg changed"><div class="role"><span>${visible(row.b.role)} <span class="warn">changed since #${before.step}</span></span></div><${Lines} a=${textOf(row.a)} b=${textOf(row.b)} /></div>`;
                        return row.sign === 'came' ? html`<${Message} key=${i} message=${row.b} note=${`+ new since #${before.step}`} whole=${whole} rest=${(at) => rest(`/input_messages/${row.at}${at}`)} />`
                                : html`<div key=${i} class="gone"><${Message} message=${row.a} note=${`− not sent any more`} /></div>`;
                })}`;
}
