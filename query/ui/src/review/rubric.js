/* The criteria beside the run: the one that the address names, else the only one that there is. */
import { html } from '../core/html.js';
import { list } from '../core/api.js';
import { useAnswer } from '../core/load.js';
import { change } from '../core/route.js';
import { Text, visible } from '../parts/text.js';

/** { name, version, text, all }; name is null where none is chosen. */
export function useRubric(asked) {
        const answer = useAnswer('rubrics', (signal) => list('rubrics', { newest: 1 }, { signal }));
        const all = answer.data?.rows || [];
        const chosen = asked === 'none' ? null : all.find((rubric) => rubric.name === asked) || (all.length === 1 ? all[0] : null);
        return { name: chosen?.name ?? null, version: chosen?.version ?? null, text: chosen?.text ?? '', all };
}

export function Rubric({ rubric }) {
        if (!rubric.all.length)
                return html`<p class="dim">No rubric yet: <code>clew rubric add NAME FILE</code> puts criteria here.</p>`;
        return html`<h3>Rubric ${rubric.all.length > 1 || !rubric.name ? html`<select aria-label="rubric" value=${rubric.name || 'none'} onChange=${(e) => change({ rubric: e.target.value })}>
                <option value="none">none</option>${rubric.all.map((r) => html`<option value=${r.name}>${r.name}@${r.version}</option>`)}</select>` : html`<span class="m">${visible(rubric.name)}@${rubric.version}</span>`}</h3>
                ${rubric.name && html`<${Text} text=${rubric.text} mono=${false} />`}`;
}
