/* One message of a conversation: who, and its parts. */
import { html } from '../core/html.js';
import { bytes } from '../core/format.js';
import { Media } from './media.js';
import { Payload, Text, visible } from './text.js';

const PROSE = ['user', 'assistant', 'system', 'developer'];

/** `rest(pointer)`: what the server has more of the text at that place below the message; `whole`: see media.js. */
export function Part({ part, role, rest, whole }) {
        switch (part.type) {
        case 'text':
                return html`<${Payload} text=${part.text} mono=${!PROSE.includes(role)} rest=${rest} />`;
        case 'reasoning':
        case 'thinking':
                return html`<details class="reasoning"><summary class="dim">reasoning${part.text ? `, ${bytes(rest ? rest.bytes : part.text.length)}` : ''}</summary><${Text} text=${part.text} mono=${false} rest=${rest} /></details>`;
        case 'tool_call':
                return html`<div class="call"><span class="tool">→ ${visible(part.name || 'tool')}</span>${part.id && html` <span class="faint m">${visible(part.id)}</span>`}
                        <${Payload} text=${part.arguments ?? part.text} rest=${rest} /></div>`;
        case 'tool_result':
        case 'tool_call_response':
                return html`<div class="call">${(part.id || part.is_error) && html`<div class="faint m">${part.is_error && html`<span class="bad">✗ error</span> `}${part.id ? `answers ${visible(part.id)}` : ''}</div>`}<${Payload} text=${part.text ?? part.result ?? part.response} rest=${rest} /></div>`;
        default:
                if (part.media_type || part.uri)
                        return html`<${Media} part=${part} whole=${whole} />`;
                return part.text === undefined ? html`<span class="dim">${visible(part.type)}</span>` : html`<${Payload} text=${part.text} rest=${rest} />`;
        }
}

export function Message({ message, note, step, onStep, rest, whole }) {
        const parts = message.parts || [];
        return html`<div class=${`msg ${message.role}`}>
                <div class="role"><span>${visible(message.role)}${message.name ? ` · ${visible(message.name)}` : ''} ${note && html`<span class="new">${note}</span>`}</span>
                ${step ? html`<button class="link m" onClick=${() => onStep(step)}>#${step}</button>` : message.finish_reason && html`<span class="faint">${visible(message.finish_reason)}</span>`}</div>
                ${parts.map((part, i) => html`<${Part} key=${i} part=${part} role=${message.role} rest=${rest?.(`/parts/${i}/text`)} whole=${whole} />`)}
                ${!parts.length && html`<span class="dim">no content</span>`}
        </div>`;
}
