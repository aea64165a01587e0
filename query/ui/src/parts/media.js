/*
 * Images and sound that came inline in a message. Their bytes stand in the attributes of the step and nowhere else: they
 * are looked for there, by size, and must begin as their type begins. What lies elsewhere is named, never fetched.
 */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { bytes } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { visible } from './text.js';

const UNASKED_MAX = 2000000; // a larger one is shown on request
const BASE64 = /(?:data:[\w.+-]+\/[\w.+-]+(?:;[\w=.+-]+)*;base64,)?([A-Za-z0-9+/_-]{24,}={0,2})/g;
const BEGIN = {
        'image/png': /^\x89PNG\r\n/, 'image/jpeg': /^\xff\xd8\xff/, 'image/gif': /^GIF8[79]a/, 'image/webp': /^RIFF....WEBP/s,
        'audio/wav': /^RIFF....WAVE/s, 'audio/mpeg': /^(ID3|\xff[\xe0-\xff])/, 'audio/ogg': /^OggS/, 'audio/webm': /^\x1a\x45\xdf\xa3/, 'audio/mp4': /^....ftyp/s,
};
const SAME = { 'audio/x-wav': 'audio/wav', 'audio/mp3': 'audio/mpeg', 'audio/m4a': 'audio/mp4', 'image/jpg': 'image/jpeg' };

const sizeOf = (text) => Math.floor((text.replace(/=+$/, '').length * 3) / 4);

/** What the bytes are by how they begin, or null. */
function sniffed(text) {
        let begin = '';
        try {
                begin = atob(text.slice(0, 64).replace(/-/g, '+').replace(/_/g, '/'));
        } catch {
                return null;
        }
        return Object.keys(BEGIN).find((type) => BEGIN[type].test(begin)) || null;
}

/** The address of inline content of that type and size within the texts of a step, or null. */
export function inline(texts, type, size) {
        for (const text of texts)
                for (const [, found] of text.replace(/\\+\//g, '/').matchAll(BASE64)) {
                        if (sizeOf(found) !== size)
                                continue;
                        const real = sniffed(found);
                        if (real && (real === type || type === real.split('/')[0] || real.split('/')[0] === type.split('/')[0]))
                                return `data:${real};base64,${found.replace(/-/g, '+').replace(/_/g, '/')}`;
                }
        return null;
}

function Shown({ part, type, whole }) {
        const answer = useAnswer(`media ${whole.name}`, whole.texts);
        if (answer.error)
                return html`<span class="bad">${answer.error.message}</span>`;
        if (!answer.data)
                return html`<span class="dim" aria-busy="true">reading …</span>`;
        const address = inline(answer.data, type, Number(part.media_bytes));
        if (!address)
                return html`<span class="dim">its bytes are not of a kind that is shown here</span>`;
        return address.startsWith('data:image') ? html`<img class="media" alt=${`${type} in the message`} src=${address} />` : html`<audio controls src=${address}></audio>`;
}

/** `whole`: { name, texts(signal) } gives all texts of the step. */
export function Media({ part, whole }) {
        const type = SAME[part.media_type] || part.media_type || '';
        const size = Number(part.media_bytes || 0);
        const can = whole && size > 0 && (BEGIN[type] || type === 'image' || type === 'audio');
        const [asked, ask] = useState(size <= UNASKED_MAX);
        return html`<div class="media-part"><span class="dim">${visible(part.media_type || part.type)}${size ? `, ${bytes(size)}` : ''}${part.uri ? html` at <code>${visible(part.uri)}</code> <span class="faint">(not fetched)</span>` : ''}</span>
                ${can && !asked && html` <button onClick=${() => ask(true)}>show</button>`}${can && asked && html`<div><${Shown} part=${part} type=${type} whole=${whole} /></div>`}</div>`;
}
