/* One run: what it was, why it failed, its tree beside one step. */
import { html } from '../core/html.js';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { live, one } from '../core/api.js';
import { percent, plural, short } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { me, whoAmI } from '../core/me.js';
import { beside, visit } from '../core/around.js';
import { change, go, href, route } from '../core/route.js';
import { shared } from '../core/shared.js';
import { AddSheet } from '../data/add-sheet.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { Key, copy, copyCommand } from '../parts/marks.js';
import { LabelSheet } from '../review/label-sheet.js';
import { Short, annotate, reviewsOf } from '../review/said.js';
import { Chat } from './chat.js';
import { Facts } from './facts.js';
import { Graph } from './graph.js';
import { Log } from './log.js';
import { SearchBox, useSearch } from './search.js';
import { Skeleton } from './skeleton.js';
import { Step } from './step.js';
import { IDLE_OFFER, pauses, scale, zoomed } from './time.js';
import { Tree } from './tree.js';
import { Why, quotes } from './why.js';

const VIEWS = ['tree', 'chat', 'log', 'graph'];

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
        const [words, setWords] = useState('');
        const hits = useSearch(run.trace_id, tree, words);
        const hitSet = useMemo(() => new Set(hits.steps), [hits]);
        const [seen, setSeen] = useState([0, 1]);
        const idle = useMemo(() => pauses(tree), [tree]);
        const squeeze = params.get('squeeze') === '1' && idle.found.length > 0;
        const frame = useMemo(() => ({ ...scale(tree.total, squeeze ? idle.found : []), seen }), [tree, idle, squeeze, seen]);
        const zoom = (factor, about) => setSeen((old) => zoomed(old, factor, about ?? frame.place(tree.at(selected) + Math.max(0, tree.took(selected)) / 2)));
        const box = useRef();
        const around = beside(run.trace_id);
        useEffect(() => visit(run.trace_id), [run.trace_id]);
        const [sheet, setSheet] = useState(null);
        const reviews = useAnswer(`reviews ${run.trace_id}`, (signal) => whoAmI().then(() => (me.value.author === null ? null : reviewsOf(run.trace_id, { signal }))));
        const blamed = (why?.findings || []).some((f) => !f.looked_at);
        const judge = async (verdict) => {
                const finding = (why?.findings || []).find((f) => !f.looked_at);
                if (finding && await annotate({ id: run.trace_id, finding: { rule: finding.rule, verdict } }, verdict === 'confirmed' ? `${finding.rule} is right` : `${finding.rule} is wrong`))
                        reviews.again();
        };
        const verdict = (reviews.data?.now || []).find((x) => x.kind === 'finding' && x.author === me.value?.author)?.verdict;
        const marks = useMemo(() => [...(words.length > 1 ? [words] : []), ...quotes(why, selected)], [words, why, selected]);
        const choose = (s, to) => {
                setFolded((old) => tree.opened(old, s));
                change({ s, view: to ?? (view === 'graph' ? null : params.get('view')) });
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
                Home: () => rows.length && choose(rows[0]), End: () => rows.length && choose(rows[rows.length - 1]),
                ArrowRight: () => (folded.has(selected) ? fold(selected) : tree.hasChildren(selected) && choose(selected + 1)), Enter: () => fold(selected),
                '/': () => box.current?.focus(), '+': () => zoom(0.5), '-': () => zoom(2), 0: () => setSeen([0, 1]),
                ...(around.of ? { n: () => around.after && go(href(`/t/${around.after}`)), p: () => around.before && go(href(`/t/${around.before}`)) } : {}),
                c: () => tree.cause && choose(tree.cause), ...(shared ? {} : { d: () => passing && go(href('/diff', { a: passing, b: run.trace_id })) }),
                f: () => change({ focus: focus ? null : selected }),
                1: () => change({ view: null }), 2: () => change({ view: 'chat' }), 3: () => change({ view: 'log' }), 4: () => change({ view: 'graph' }),
                ...(me.value?.may ? { l: () => setSheet('label'), a: () => setSheet('add'), ...(blamed ? { r: () => judge('confirmed'), w: () => judge('rejected') } : {}) } : {}),
                y: () => copy(`${run.trace_id}#${selected}`, `${short(run.trace_id)}#${selected}`), Y: () => copyCommand(`clew show ${short(run.trace_id)}#${selected}`),
                Escape: () => (words ? setWords('') : focus ? change({ focus: null }) : shared ? undefined : go(around.address || '/')),
        });
        return html`<${Why} run=${run} why=${why} choose=${(s) => choose(s, null)} passing=${passing}>${me.value?.may && html`<button aria-pressed=${verdict === 'confirmed'} class=${verdict === 'confirmed' ? 'on' : ''} onClick=${() => judge('confirmed')}>Right <${Key}>r<//></button><button aria-pressed=${verdict === 'rejected'} class=${verdict === 'rejected' ? 'on' : ''} onClick=${() => judge('rejected')}>Wrong <${Key}>w<//></button>`}<//>
                ${(reviews.data?.now || []).length > 0 && html`<div class="said-line">${reviews.data.now.slice(0, 12).map((item) => html`<${Short} item=${item} choose=${(s) => choose(s, null)} />`)}<button class="link" onClick=${() => setSheet('label')}>all</button></div>`}
                ${sheet === 'label' && html`<${LabelSheet} ids=${[run.trace_id]} step=${selected} close=${() => setSheet(null)} changed=${reviews.again} />`}
                ${sheet === 'add' && html`<${AddSheet} body=${{ id: [run.trace_id] }} told=${`run ${short(run.trace_id)}`} step=${selected} close=${() => setSheet(null)} />`}
                <main class=${params.get('s') ? 'split picked' : 'split'}><section class="left"><div class="tabs"><div role="tablist" aria-label="view">
                ${VIEWS.map((name, i) => html`<button role="tab" aria-selected=${view === name} class=${view === name ? 'on' : ''} onClick=${() => change({ view: i ? name : null })}>${name[0].toUpperCase() + name.slice(1)}</button>`)}
                </div><${SearchBox} words=${words} setWords=${setWords} hits=${hits} selected=${selected} choose=${(s) => choose(s)} box=${box} />
                <span class="sp"></span>${view === 'tree' && (seen[1] - seen[0] < 1 ? html`<button class="quiet" onClick=${() => setSeen([0, 1])}>whole width <${Key}>0<//></button>`
                        : (squeeze || idle.share > IDLE_OFFER) && html`<button class="quiet" aria-pressed=${squeeze} onClick=${() => change({ squeeze: !squeeze })}>${squeeze ? 'show pauses' : `squeeze pauses (${percent(idle.share)} idle)`}</button>`)}${focus > 0 && html`<button class="quiet" onClick=${() => change({ focus: null })}>only #${focus} ×</button>`}
                ${tree.answer.left_out > 0 && html`<span class="warn">${plural(tree.answer.left_out, 'span')} left out</span>`}</div>
                ${view === 'tree' && html`<${Tree} id=${id} tree=${tree} rows=${rows} selected=${selected} folded=${folded} choose=${choose} fold=${fold} frame=${frame} zoom=${zoom} hits=${hitSet} />`}
                ${view === 'chat' && html`<${Chat} id=${id} choose=${(s) => choose(s, 'chat')} selected=${selected} cause=${tree.cause} />`}
                ${view === 'log' && html`<${Log} id=${id} tree=${tree} selected=${selected} choose=${choose} />`}
                ${view === 'graph' && html`<${Graph} tree=${tree} choose=${(s) => choose(s, null)} />`}
                </section>${selected > 0 && html`<${Step} id=${id} tree=${tree} s=${selected} close=${() => change({ s: null })} marks=${marks} />`}</main>`;
}

export function Run({ id }) {
        page.value = 'run';
        const skeleton = useAnswer(`run ${id}`, (signal) => one(`traces/${id}`, {}, { signal }));
        const why = useAnswer(`why ${id}`, (signal) => one(`traces/${id}/why`, {}, { signal }));
        const tree = useMemo(() => skeleton.data && new Skeleton(skeleton.data), [skeleton.data]);
        const run = skeleton.data?.trace;
        useTitle(short(run?.trace_id || id));
        useOpenRun(run, skeleton.again);
        return html`<${Head} />
                ${skeleton.error && html`<${Failure} error=${skeleton.error} again=${skeleton.again} />`}
                ${run && html`<${Facts} run=${run} />`}
                ${skeleton.data?.texts_left_out && html`<p class="banner warn">A rule of retention left the texts of this run out on ${skeleton.data.texts_left_out.time.slice(0, 10)}${skeleton.data.texts_left_out.more_came && ' (more came later)'}: ${skeleton.data.texts_left_out.rule}</p>`}
                ${!skeleton.error && !tree && html`<${Waiting} what="the run" stop=${skeleton.stop} />`}
                ${tree && html`<${Body} key=${id} id=${run.trace_id} run=${run} tree=${tree} why=${why.data} />`}
                <${Foot} command=${`clew why ${short(run?.trace_id || id)}`} />`;
}
