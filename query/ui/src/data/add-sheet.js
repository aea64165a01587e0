/* Runs into a dataset: which one, in which form; what would be left out is told before anything is added. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { list, send } from '../core/api.js';
import { plural, short } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { me } from '../core/me.js';
import { Key, say } from '../parts/marks.js';
import { Sheet } from '../parts/sheet.js';
import { visible } from '../parts/text.js';

const FORMS = [['run', 'the whole run: the first words of the user, then everything'], ['turn', 'the last turn: up to the last user message, then the answer'], ['step', 'the call that failed: all that the model was given before it']];

/** What came of it, in a sentence. */
export function outcome(answer, name) {
        const parts = [`${plural(answer.added, 'item')} ${answer.added === 1 ? 'goes' : 'go'} into ${name}`];
        if (answer.same)
                parts.push(`${answer.same} ${answer.same === 1 ? 'is' : 'are'} there already`);
        if (answer.near)
                parts.push(`${answer.near} nearly the same as another`);
        if (answer.without_expected)
                parts.push(`${answer.without_expected} without an expected output`);
        if (answer.left_out?.length)
                parts.push(`${answer.left_out.length} left out`);
        return parts.join(', ');
}

/** `body`: { id: [...] } or filters; `told`: what they are, in words; `from`: the dataset to begin with. */
export function AddSheet({ body, told, step = 0, close, from }) {
        const known = useAnswer('datasets', (signal) => list('datasets', {}, { signal }));
        const rows = known.data?.rows || [];
        const [name, setName] = useState(from || localStorage.getItem('clew.dataset') || '');
        const [making, setMaking] = useState('');
        const [as, setAs] = useState('run');
        const [near, setNear] = useState(true);
        const [state, set] = useState({ busy: false, preview: null, error: null });
        const chosen = rows.some((row) => row.name === name) ? name : rows[0]?.name || '';
        const target = making.trim() || chosen;
        const ask = async (dry) => {
                set({ ...state, busy: true, error: null });
                try {
                        if (making.trim() && !dry) {
                                await send('datasets', { name: making.trim() });
                                setName(making.trim());
                        }
                        const answer = making.trim() && dry ? null : await send(`datasets/${encodeURIComponent(target)}/items`, { ...body, as, ...(as === 'step' ? { step: step ? String(step) : 'cause' } : {}), ...(near ? { 'skip-near': true } : {}), ...(dry ? { 'dry-run': true } : {}) });
                        if (dry)
                                return set({ busy: false, preview: answer || { added: 0, fresh: true }, error: null });
                        localStorage.setItem('clew.dataset', target);
                        say(outcome(answer, target));
                        return close();
                } catch (error) {
                        return set({ busy: false, preview: null, error });
                }
        };
        if (!me.value?.may)
                return html`<${Sheet} title="Add to a dataset" close=${close}><p class="warn">${me.value?.why || 'asking who you are …'}</p><button onClick=${close}>Close <${Key}>Esc<//></button><//>`;
        return html`<${Sheet} title=${`Add ${told} to a dataset`} close=${close}><form class="fields" onSubmit=${(e) => { e.preventDefault(); target && ask(false); }}>
                ${rows.length > 0 && html`<label>dataset <select value=${chosen} disabled=${Boolean(making)} onChange=${(e) => setName(e.target.value)}>${rows.map((row) => html`<option value=${row.name}>${visible(row.name)} (${plural(row.items, 'item')})</option>`)}</select></label>`}
                <label>${rows.length ? 'or a new one' : 'a new dataset'} <input type="text" placeholder="name" value=${making} spellcheck=${false} onInput=${(e) => setMaking(e.target.value)} /></label>
                <fieldset><legend>one item is</legend>${FORMS.map(([form, words]) => html`<label class="choice"><input type="radio" name="as" checked=${as === form} onChange=${() => { setAs(form); set({ busy: false, preview: null, error: null }); }} /> ${words}${form === 'step' && step ? html` <span class="dim">(#${step})</span>` : ''}</label>`)}</fieldset>
                <label class="choice"><input type="checkbox" checked=${near} onChange=${(e) => setNear(e.target.checked)} /> leave out what is nearly the same as another</label>
                ${state.error && html`<p class="bad" role="alert">${state.error.message}</p>`}
                ${state.preview && html`<p role="status">${state.preview.fresh ? `A new dataset ${making.trim()} is made.` : `${outcome(state.preview, target)}.`}${(state.preview.left_out || []).slice(0, 5).map((row) => html`<br /><span class="dim"><code>${short(row.trace_id)}</code> ${visible(row.why)}</span>`)}</p>`}
                <div class="act"><button class="p" disabled=${!target || state.busy}>${state.busy ? 'adding …' : 'Add'} <${Key}>↵<//></button><button type="button" disabled=${!target || state.busy} onClick=${() => ask(true)}>Preview</button><button type="button" onClick=${close}>Leave <${Key}>Esc<//></button></div></form><//>`;
}
