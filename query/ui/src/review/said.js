/* What people say about a run: the annotations that count now, and what adds to them or takes them back. */
import { html } from '../core/html.js';
import { one, send } from '../core/api.js';
import { number } from '../core/format.js';
import { say } from '../parts/marks.js';
import { Text, visible } from '../parts/text.js';

export const reviewsOf = (id, options) => one(`traces/${id}/reviews`, {}, options);

/** Adds one annotation (or several); tells it in the line at the bottom. Gives the numbers, or null when it was refused. */
export async function annotate(body, told) {
        try {
                const answer = await send('annotations', body);
                say(told);
                return (answer.items || []).map((item) => item.number).filter((n) => n !== undefined);
        } catch (error) {
                say(error.message, true);
                return null;
        }
}

export async function takeBack(annotation) {
        try {
                await send(`annotations/${annotation}/undo`, {});
                say(`taken back: annotation ${annotation}`);
                return true;
        } catch (error) {
                say(error.message, true);
                return false;
        }
}

const TEXT_KINDS = { note: 'note', correction: 'should have been' };

function What({ item }) {
        switch (item.kind) {
        case 'label':
                return html`<span class="tag">${visible(item.name)}</span>`;
        case 'score':
                return html`${visible(item.name)} <b>${item.label !== null && item.label !== undefined ? visible(item.label) : number(item.value)}</b>`;
        case 'failing':
                return html`<span class="bad">✗ it failed here</span>`;
        case 'finding':
                return html`${visible(item.name)} <b>${item.verdict === 'confirmed' ? '✓ right' : '✗ wrong'}</b>`;
        default:
                return html`${TEXT_KINDS[item.kind] || item.kind}: <${Text} text=${item.text} mono=${item.kind === 'correction'} />`;
        }
}

/** What counts now; my own can be taken back. */
export function Said({ reviews, author, choose, undo }) {
        const items = reviews?.now || [];
        if (!items.length)
                return html`<p class="dim">Nobody has said anything about this run yet.</p>`;
        return html`<ul class="said-list">${items.map((item, i) => html`<li key=${i} class=${TEXT_KINDS[item.kind] ? 'with-text' : ''}>
                ${item.step && item.step > 0 ? html`<button class="link m" onClick=${() => choose?.(item.step)}>#${item.step}</button> ` : ''}<${What} item=${item} />
                <span class="faint"> ${visible(item.author)}</span>${undo && item.author === author && html` <button class="quiet" title="take it back" aria-label=${`take back annotation ${item.number}`} onClick=${() => undo(item.number)}>×</button>`}</li>`)}</ul>
                ${(reviews.differences || []).map((text) => html`<p class="warn">They differ: ${visible(text)}</p>`)}`;
}

/** One thing that was said, in a word or two. */
export function Short({ item, choose }) {
        const place = item.step ? html`<button class="link m" onClick=${() => choose(item.step)}>#${item.step}</button> ` : '';
        if (TEXT_KINDS[item.kind])
                return html`<span class="one-said">${place}<span class="dim">${TEXT_KINDS[item.kind]}</span> “${visible((item.text || '').slice(0, 80))}${(item.text || '').length > 80 ? '…' : ''}” <span class="faint">${visible(item.author)}</span></span>`;
        return html`<span class="one-said">${place}<${What} item=${item} /> <span class="faint">${visible(item.author)}</span></span>`;
}
