/* Saying something about one run, or the same label about several, without leaving the page. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { plural, short } from '../core/format.js';
import { useAnswer } from '../core/load.js';
import { me } from '../core/me.js';
import { route } from '../core/route.js';
import { Key } from '../parts/marks.js';
import { Sheet } from '../parts/sheet.js';
import { visible } from '../parts/text.js';
import { Entry } from './entry.js';
import { Said, annotate, reviewsOf, takeBack } from './said.js';
import { options, usedLabels } from './vocabulary.js';

const KINDS = [['label', 'label'], ['score', 'score'], ['note', 'note'], ['correct', 'correction']];

/** `ids`: the runs; `step`: the step that is seen, or 0; `changed`: called after something was said. */
export function LabelSheet({ ids, step = 0, close, changed }) {
        const [kind, setKind] = useState('label');
        const [ofStep, setOfStep] = useState(false);
        const single = ids.length === 1 ? ids[0] : null;
        const reviews = useAnswer(`reviews ${single}`, (signal) => (single ? reviewsOf(single, { signal }) : Promise.resolve(null)));
        const used = useAnswer('labels', usedLabels);
        const labels = options(route.value.params.get('labels'), used.data || [], []);
        const mine = (reviews.data?.now || []).filter((x) => x.kind === 'label' && x.author === me.value?.author && !x.step).map((x) => x.name);
        const keep = async (body, told) => {
                const target = (id) => (single && step && (ofStep || body.failing) ? `${id}#${step}` : id);
                const whole = body.labels && single && !ofStep ? { ...body, labels: [...new Set([...mine, ...body.labels])] } : body;
                if (await annotate(ids.map((id) => ({ id: target(id), ...whole })), `${told} · ${single ? short(single) : plural(ids.length, 'run')}`)) {
                        reviews.again();
                        changed?.();
                }
        };
        const digit = (n) => {
                if (labels[n - 1])
                        keep({ labels: [labels[n - 1]] }, `label ${labels[n - 1]}`);
                return Boolean(labels[n - 1]);
        };
        const title = single ? `About run ${short(single)}` : `About ${plural(ids.length, 'run')}`;
        if (!me.value?.may)
                return html`<${Sheet} title=${title} close=${close}><p class="warn">${me.value?.why || 'asking who you are …'}</p>${single && html`<${Said} reviews=${reviews.data} />`}<button onClick=${close}>Close <${Key}>Esc<//></button><//>`;
        return html`<${Sheet} title=${title} close=${close}><div class="label-sheet">
                ${labels.length > 0 && html`<div class="options">${labels.map((label, i) => html`<button class=${mine.includes(label) ? 'on' : ''} onClick=${() => keep({ labels: [label] }, `label ${label}`)}><${Key}>${i + 1}<//> ${visible(label)}</button>`)}</div>`}
                <div class="tabs" role="tablist" aria-label="what to say">${KINDS.map(([name, words]) => html`<button role="tab" aria-selected=${kind === name} class=${kind === name ? 'on' : ''} onClick=${() => setKind(name)}>${words}</button>`)}</div>
                <${Entry} key=${kind} kind=${kind} suggestions=${labels} digit=${kind === 'label' ? digit : null} done=${(body) => (body ? keep(body, kind) : close())} />
                ${single && step > 0 && html`<p><label><input type="checkbox" checked=${ofStep} onChange=${(e) => setOfStep(e.target.checked)} /> about step #${step} only</label>
                        <button onClick=${() => keep({ failing: true }, `it failed at #${step}`)}>It failed at #${step}</button></p>`}
                ${single && html`<h3>What was said</h3><${Said} reviews=${reviews.data} author=${me.value.author} undo=${async (n) => { if (await takeBack(n)) { reviews.again(); changed?.(); } }} />`}</div><//>`;
}
