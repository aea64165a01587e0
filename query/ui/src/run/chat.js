/* The conversation of the run: each message once, with the step that wrote it. */
import { html } from '../core/html.js';
import { list } from '../core/api.js';
import { useAnswer } from '../core/load.js';
import { Failure, Waiting } from '../parts/frame.js';
import { Message } from '../parts/message.js';

export function Chat({ id, choose }) {
        const answer = useAnswer(`chat ${id}`, (signal) => list(`traces/${id}/chat`, {}, { signal }));
        if (answer.error)
                return html`<${Failure} error=${answer.error} again=${answer.again} />`;
        if (!answer.data)
                return html`<${Waiting} what="the conversation" />`;
        let thread = null;
        return html`<div class="chat">${answer.data.rows.map((row, i) => {
                const turn = row.thread !== thread && thread !== null;
                thread = row.thread;
                return html`${turn && html`<h3 class="dim" key=${`t${i}`}>conversation ${row.thread}${row.agent ? ` · ${row.agent}` : ''}</h3>`}
                        <${Message} key=${i} message=${row.message} step=${row.step} onStep=${choose} />`;
        })}${!answer.data.rows.length && html`<p class="empty">This run holds no messages: its spans were sent without content.</p>`}</div>`;
}
