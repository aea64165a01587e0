/* One run: what it was, why it failed, its tree beside one step. */
import { html } from '../core/html.js';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { live, one } from '../core/api.js';
import { count, money, plural, short, took, when } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { change, go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting } from '../parts/frame.js';
import { Outcome, copy } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { Chat } from './chat.js';
import { Graph } from './graph.js';
import { Log } from './log.js';
import { Skeleton } from './skeleton.js';
import { Step } from './step.js';
import { Tree } from './tree.js';
import { Why } from './why.js';

const VIEWS = ['tree', 'chat', 'log', 'graph'];

function Facts({ run }) {
        const fact = (value, unit, title) => value && html`<span class="fact" title=${title || ''}><b>${value}</b> ${unit}</span>`;
        return html`<div class="head"><h1 class="m">${short(run.trace_id)}</h1><${Outcome} outcome=${run.outcome} word />
                <span class="fact"><b>${visible(run.agent || run.name || '')}</b></span>
                ${fact(took(run.duration_nano), '')}${fact(run.steps, run.steps === 1 ? 'step' : 'steps')}${fact(count(run.tokens_total), 'tokens')}${fact(money(run.cost_usd), '')}
                ${run.errors > 0 && html`<span class="fact"><b>${run.errors}</b> ${run.errors === 1 ? 'error' : 'errors'}</span>`}
                ${run.session && html`<span class="fact">session <a class="m" href=${href(`/sessions/${encodeURIComponent(run.session)}`)}>${visible(run.session).slice(0, 40)}</a></span>`}
                ${run.user && html`<span class="fact">user <code>${visible(run.user)}</code></span>`}
                ${(run.scores || []).map((score) => html`<span class="fact">${visible(score.name)} <b>${score.label ?? score.value}</b></span>`)}
                <span class="fact" title=${run.start}>${when(run.start)}</span></div>`;
}

/** The step that a run opens at: what the address says, else the cause, else the first error. */
function firstStep(tree, asked) {
        if (asked >= 1 && asked <= tree.length)
                return asked;
        if (tree.cause)
                return tree.cause;
        for (let s = 1; s <= tree.length; s++)
                if (tree.failed(s))
                        return s;
        return tree.length ? 1 : 0;
}

function useOpenRun(run, again) {
        useEffect(() => {
                if (run?.outcome !== 'open')
                        return undefined;
                return live({ since: '24h' }, (type, changed) => changed.trace_id === run.trace_id && again(), () => {});
        }, [run?.trace_id, run?.outcome]);
}

function Body({ id, run, tree, why }) {
        const params = route.value.params;
        const view = VIEWS.includes(params.get('view')) ? params.get('view') : 'tree';
        const selected = firstStep(tree, Number(params.get('s')));
        const [folded, setFolded] = useState(() => new Set());
        const [depth, setDepth] = useState(tree.deepest);
        const focus = Number(params.get('focus')) || 0;
        const rows = useMemo(() => tree.visible(folded, focus), [tree, folded, focus]);
        const choose = (s, to) => {
                setFolded((old) => tree.opened(old, s));
                change({ s, view: to ?? (view === 'chat' || view === 'graph' ? null : params.get('view')) });
        };
        const fold = (s) => tree.hasChildren(s) && setFolded((old) => {
                const next = new Set(old);
                if (!next.delete(s))
                        next.add(s);
                return next;
        });
        const move = (by) => () => {
                const i = rows.indexOf(selected) + by;
                if (rows[i])
                        choose(rows[i]);
        };
        const error = (by) => () => {
                for (let s = selected + by; s > 0 && s <= tree.length; s += by)
                        if (tree.failed(s))
                                return choose(s);
                return undefined;
        };
        const toDepth = (to) => {
                const next = Math.max(0, Math.min(tree.deepest, to));
                setDepth(next);
                setFolded(tree.atDepth(next));
        };
        const passing = why?.nearest_passing?.trace_id ?? why?.passing ?? null;
        useKeys({
                j: move(1), k: move(-1), e: error(1), E: error(-1), '[': () => toDepth(depth - 1), ']': () => toDepth(depth + 1),
                h: () => (tree.hasChildren(selected) && !folded.has(selected) ? fold(selected) : tree.parent(selected) && choose(tree.parent(selected))),
                l: () => folded.has(selected) && fold(selected), Enter: () => fold(selected),
                c: () => tree.cause && choose(tree.cause), d: () => passing && go(href('/diff', { a: passing, b: run.trace_id })),
                f: () => change({ focus: focus ? null : selected }),
                1: () => change({ view: null }), 2: () => change({ view: 'chat' }), 3: () => change({ view: 'log' }), 4: () => change({ view: 'graph' }),
                y: () => copy(`${run.trace_id}#${selected}`, `${short(run.trace_id)}#${selected}`), Y: () => copy(`clew show ${short(run.trace_id)}#${selected}`, 'the command'),
                Escape: () => (focus ? change({ focus: null }) : go('/')),
        });
        return html`<${Why} run=${run} why=${why} choose=${(s) => choose(s, null)} passing=${passing} />
                <main class=${params.get('s') ? 'split picked' : 'split'}><section class="left"><div class="tabs" role="tablist">
                ${VIEWS.map((name, i) => html`<button role="tab" aria-selected=${view === name} class=${view === name ? 'on' : ''} onClick=${() => change({ view: i ? name : null })}>${name[0].toUpperCase() + name.slice(1)}</button>`)}
                <span class="sp"></span>${focus > 0 && html`<button class="quiet" onClick=${() => change({ focus: null })}>only #${focus} ×</button>`}
                ${tree.answer.left_out > 0 && html`<span class="warn">${plural(tree.answer.left_out, 'step')} left out</span>`}</div>
                ${view === 'tree' && html`<${Tree} id=${id} tree=${tree} rows=${rows} selected=${selected} folded=${folded} choose=${choose} fold=${fold} />`}
                ${view === 'chat' && html`<${Chat} id=${id} choose=${(s) => choose(s, null)} />`}
                ${view === 'log' && html`<${Log} id=${id} tree=${tree} selected=${selected} choose=${choose} />`}
                ${view === 'graph' && html`<${Graph} tree=${tree} choose=${(s) => choose(s, null)} />`}
                </section>${selected > 0 && html`<${Step} id=${id} tree=${tree} s=${selected} close=${() => change({ s: null })} />`}</main>`;
}

export function Run({ id }) {
        page.value = 'run';
        const skeleton = useAnswer(`run ${id}`, (signal) => one(`traces/${id}`, {}, { signal }));
        const why = useAnswer(`why ${id}`, (signal) => one(`traces/${id}/why`, {}, { signal }));
        const tree = useMemo(() => skeleton.data && new Skeleton(skeleton.data), [skeleton.data]);
        const run = skeleton.data?.trace;
        useOpenRun(run, skeleton.again);
        return html`<${Head} />
                ${skeleton.error && html`<${Failure} error=${skeleton.error} again=${skeleton.again} />`}
                ${run && html`<${Facts} run=${run} />`}
                ${!skeleton.error && !tree && html`<${Waiting} what="the run" />`}
                ${tree && html`<${Body} key=${id} id=${run.trace_id} run=${run} tree=${tree} why=${why.data} />`}
                <${Foot} command=${`clew why ${short(run?.trace_id || id)}`} />`;
}
