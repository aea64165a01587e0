/* One message of a conversation: who, and its parts. */
import { html } from '../core/html.js';
import { bytes } from '../core/format.js';
import { Payload, Text, visible } from './text.js';

const IMAGE = /^image\/(png|jpeg|gif|webp)$/;
const AUDIO = /^audio\/(wav|x-wav|mpeg|mp4|ogg|webm)$/;

/** Inline media are shown from their own bytes; what lies elsewhere is named, never fetched. */
function Media({ part }) {
        const type = part.mime_type || part.media_type || '';
        const data = part.data || part.base64;
        const told = html`<span class="dim">${part.type} ${type} ${part.bytes ? bytes(part.bytes) : ''} ${part.uri ? visible(part.uri) : ''}</span>`;
        if (data && IMAGE.test(type))
                return html`<img class="media" alt=${`${type} in the message`} src=${`data:${type};base64,${data}`} />`;
        if (data && AUDIO.test(type))
                return html`<audio controls src=${`data:${type};base64,${data}`} />`;
        return told;
}

export function Part({ part, role }) {
        const prose = role === 'user' || role === 'assistant' || role === 'system' || role === 'developer';
        switch (part.type) {
        case 'text':
                return html`<${Payload} text=${part.text} mono=${!prose} />`;
        case 'reasoning':
        case 'thinking':
                return html`<details><summary class="dim">reasoning</summary><${Text} text=${part.text} /></details>`;
        case 'tool_call':
                return html`<div class="call"><span class="tool">→ ${visible(part.name || 'tool')}</span>${part.id && html`${" "}<span class="faint m">${visible(part.id)}</span>`}
                        <${Payload} text=${part.arguments ?? part.text} /></div>`;
        case 'tool_result':
        case 'tool_call_response':
                return html`<div class="call">${part.id && html`<span class="faint m">answers ${visible(part.id)}</span>`}<${Payload} text=${part.text ?? part.result ?? part.response} /></div>`;
        default:
                if (part.text !== undefined)
                        return html`<${Payload} text=${part.text} />`;
                return html`<${Media} part=${part} />`;
        }
}

export function Message({ message, note, step, onStep }) {
        const parts = message.parts || [];
        return html`<div class=${`msg ${message.role}`}>
                <div class="role"><span>${visible(message.role)}${message.name ? ` · ${visible(message.name)}` : ''} ${note && html`<span class="new">${note}</span>`}</span>
                ${step ? html`<button class="link m" onClick=${() => onStep(step)}>#${step}</button>` : message.finish_reason && html`<span class="faint">${visible(message.finish_reason)}</span>`}</div>
                ${parts.map((part, i) => html`<${Part} key=${i} part=${part} role=${message.role} />`)}
                ${!parts.length && html`<span class="dim">no content</span>`}
        </div>`;
}
