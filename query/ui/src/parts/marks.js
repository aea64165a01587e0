/* Small signs: outcome, kind, key, copy. A word stands beside every colour. */
import { signal } from '@preact/signals';
import { html } from '../core/html.js';
import { me } from '../core/me.js';
import { shared } from '../core/shared.js';

const OUTCOMES = {
        failed: ['✗', 'bad'], error: ['✗', 'bad'], lost: ['◌', 'warn'], open: ['◐', 'warn'], paused: ['‖', 'warn'], cancelled: ['⊘', 'dim'],
        ok: ['✓', 'ok'], passed: ['✓', 'ok'], unknown: ['·', 'dim'],
};

export const isFailed = (outcome) => outcome === 'failed' || outcome === 'error';

export function Outcome({ outcome, word = false }) {
        const [sign, tone] = OUTCOMES[outcome] || ['·', 'dim'];
        return word
                ? html`<span class=${`pill ${tone}`}>${sign} ${outcome}</span>`
                : html`<span class=${`sign ${tone}`} title=${outcome}><span aria-hidden="true">${sign}</span><span class="unseen">${outcome}</span></span>`;
}

/** The class of a kind's colour; kinds without one are dim. */
export const kindClass = (kind) => ({ agent: 'agent', llm: 'llm', tool: 'tool', mcp: 'tool', retriever: 'retr', embedding: 'retr', retrieval: 'retr' }[kind] || 'other');

export const Key = ({ children }) => html`<kbd>${children}</kbd>`;

/** What was just done, told for a while in a polite live region; `bad` when it was refused. */
export const said = signal({ text: '', bad: false });
let later;

export function say(text, bad = false) {
        said.value = { text, bad };
        clearTimeout(later);
        later = setTimeout(() => { said.value = { text: '', bad: false }; }, bad ? 9000 : 2600);
}

/** A command as it asks this server from anywhere. Who signed in has a key that these pages do not know: it is left as it is. */
const asked = (command) => (shared || me.value?.signed_in ? command : command.replace(/^clew /, `clew --url ${location.origin} `));

export const copyCommand = (command) => copy(asked(command), 'the command');

export async function copy(text, name) {
        try {
                await navigator.clipboard.writeText(text);
                say(`copied ${name}`);
        } catch {
                say(`the browser does not allow copying: ${text}`);
        }
}
