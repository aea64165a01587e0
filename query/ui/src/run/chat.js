/* The conversation of the run: each message once, with the step that wrote it. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { list } from '../core/api.js';
import { useAnswer } from '../core/load.js';
import { Failure, Waiting } from '../parts/frame.js';
import { Message } from '../parts/message.js';
import { visible } from '../parts/text.js';

/** A text that was cut here can be read in its step. */
function restOf(row, at, choose) {
        const cut = (row.cut || []).find((c) => c.at === `/message${at}`);
        return cut && { bytes: Number(cut.bytes), open: () => choose(row.step) };
}

export function Chat({ id, choose }) {
        const answer = useAnswer(`chat ${id}`, (signal) => list(`traces/${id}/chat`, {}, { signal }));
        const [more, setMore] = useState({ id, pages: [], busy: false, error: null });
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
        return html`<div class="chat" tabindex="0" role="region" aria-label="conversation">${rows.map((row, i) => {
                const turn = row.thread !== thread && thread !== null;
                thread = row.thread;
                return html`${turn && html`<h3 class="dim" key=${`t${i}`}>conversation ${row.thread}${row.agent ? ` · ${visible(row.agent)}` : ''}</h3>`}
                        <${Message} key=${i} message=${row.message} step=${row.step} onStep=${choose} rest=${(at) => restOf(row, at, choose)} />`;
        })}${!rows.length && html`<p class="empty">This run holds no messages: its spans were sent without content.</p>`}
                ${more.error && html`<${Failure} error=${more.error} />`}
                ${end.cursor && html`<p><button disabled=${more.busy} onClick=${further}>${more.busy ? 'reading …' : 'More messages'}</button> <span class="dim">${rows.length} shown</span></p>`}</div>`;
}
