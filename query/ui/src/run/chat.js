/* The conversation of the run: each message once, with the step that wrote it. */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { list } from '../core/api.js';
import { bytes } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { Failure, Waiting } from '../parts/frame.js';
import { Message } from '../parts/message.js';
import { visible } from '../parts/text.js';

const FOLDED = ['system', 'developer']; // instructions: long, and the same in every run

const size = (message) => bytes((message.parts || []).reduce((sum, part) => sum + (part.text || '').length, 0));

/** A text that was cut here can be read in its step. */
function restOf(row, at, choose) {
        const cut = (row.cut || []).find((c) => c.at === `/message${at}`);
        return cut && { bytes: Number(cut.bytes), open: () => choose(row.step) };
}

/** `selected`: the step whose messages are brought into sight and marked; `cause`: the step that is blamed. */
export function Chat({ id, choose, selected = 0, cause = 0 }) {
        const box = useRef();
        const answer = useAnswer(`chat ${id}`, (signal) => list(`traces/${id}/chat`, {}, { signal }));
        const [more, setMore] = useState({ id, pages: [], busy: false, error: null });
        useEffect(() => {
                const all = [...(box.current?.querySelectorAll('[data-step]') || [])].filter((row) => Number(row.dataset.step) <= selected);
                all[all.length - 1]?.scrollIntoView?.({ block: 'nearest' });
        }, [selected, answer.data]);
        if (answer.error)
                return html`<${Failure} error=${answer.error} again=${answer.again} />`;
        if (!answer.data)
                return html`<${Waiting} what="the conversation" stop=${answer.stop} />`;
        const pages = [answer.data, ...(more.id === id ? more.pages : [])];
        const rows = pages.flatMap((page) => page.rows), end = pages[pages.length - 1].end;
        const further = async () => {
                setMore({ ...more, id, busy: true });
                try {
                        const next = await list(`traces/${id}/chat`, { after: end.cursor });
                        setMore({ id, pages: [...pages.slice(1), next], busy: false, error: null });
                } catch (error) {
                        setMore({ id, pages: pages.slice(1), busy: false, error });
                }
        };
        let thread = null;
        return html`<div class="chat" ref=${box} tabindex="0" role="region" aria-label="conversation">${rows.map((row, i) => {
                const turn = row.thread !== thread && thread !== null;
                thread = row.thread;
                return html`${turn && html`<h3 class="dim" key=${`t${i}`}>conversation ${row.thread}${row.agent ? ` · ${visible(row.agent)}` : ''}</h3>`}
                        <div key=${i} data-step=${row.step} class=${row.step === selected ? 'said-at sel' : 'said-at'}>${FOLDED.includes(row.message.role) ? html`<details class="msg system"><summary><span class="role-name">${row.message.role}</span> <span class="dim">${size(row.message)}</span></summary><${Message} message=${row.message} /></details>`
                                : html`<${Message} message=${row.message} step=${row.step} note=${row.step === cause && row.direction === 'out' ? html`<span class="e">▶ cause</span>` : ''} onStep=${choose} rest=${(at) => restOf(row, at, choose)} />`}</div>`;
        })}${!rows.length && html`<p class="empty">This run holds no messages: its spans were sent without content.</p>`}
                ${more.error && html`<${Failure} error=${more.error} />`}
                ${end.cursor && html`<p><button disabled=${more.busy} onClick=${further}>${more.busy ? 'reading …' : 'More messages'}</button> <span class="dim">${rows.length} shown</span></p>`}</div>`;
}
