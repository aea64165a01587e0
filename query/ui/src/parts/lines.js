/* Two texts line by line; a piece that was replaced, word by word. */
import { diffLines, diffWordsWithSpace } from 'diff';
import { html } from '../core/html.js';
import { visible } from './text.js';

const WORDS_MAX = 4000; // longer pieces are compared by lines only
const TEXT_MAX = 60000;

/** A piece that was replaced: what is new word by word stands out in it. */
function Words({ a, b }) {
        const pieces = diffWordsWithSpace(a, b);
        const kept = pieces.reduce((sum, piece) => sum + (piece.added || piece.removed ? 0 : piece.value.length), 0);
        const side = (drop, sign) => (kept < Math.min(a.length, b.length) / 4 ? `${sign} ${drop === 'added' ? a : b}` : [`${sign} `, pieces.filter((piece) => !piece[drop]).map((piece) => (piece.added || piece.removed ? html`<em>${piece.value}</em>` : piece.value))]);
        return html`<span class="in-a">${side('added', '−')}</span><span class="in-b">${side('removed', '+')}</span>`;
}

const lined = (text, sign) => text.replace(/\n$/, '').split('\n').map((line) => `${sign} ${line}\n`);

export function Lines({ a, b }) {
        const pieces = diffLines(visible(a ?? '').slice(0, TEXT_MAX), visible(b ?? '').slice(0, TEXT_MAX));
        const out = [];
        for (let i = 0; i < pieces.length; i++) {
                const piece = pieces[i], next = pieces[i + 1];
                if (piece.removed && next?.added && piece.value.length + next.value.length < WORDS_MAX) {
                        out.push(html`<${Words} key=${i++} a=${piece.value.replace(/\n$/, '')} b=${next.value.replace(/\n$/, '')} />`);
                        continue;
                }
                const lines = lined(piece.value, piece.added ? '+' : piece.removed ? '−' : ' ');
                const kept = !piece.added && !piece.removed && lines.length > 8;
                out.push(html`<span key=${i} class=${piece.added ? 'in-b' : piece.removed ? 'in-a' : 'dim'}>${kept ? [...lines.slice(0, 3), `  … ${lines.length - 6} equal lines\n`, ...lines.slice(-3)] : lines}</span>`);
        }
        return html`<pre class="lines">${out}</pre>`;
}
