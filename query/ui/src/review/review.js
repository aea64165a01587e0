/*
 * The review queue: the runs of a selection that I have said nothing about, one at a time, by keys only. The next run is
 * fetched while one reads, so that the reader is the slow part. Leaving and coming back goes on where it was: what was
 * reviewed is no longer in the queue, and the address holds the selection and the run.
 */
import { html } from '../core/html.js';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { prepare } from '../core/ahead.js';
import { list, one } from '../core/api.js';
import { plural, short } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { me, whoAmI } from '../core/me.js';
import { change, go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { Key, copyCommand, say } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { Chat } from '../run/chat.js';
import { Facts } from '../run/facts.js';
import { Skeleton } from '../run/skeleton.js';
import { Step } from '../run/step.js';
import { scale } from '../run/time.js';
import { Tree } from '../run/tree.js';
import { Why, quotes } from '../run/why.js';
import { Query } from '../runs/query.js';
import { command, selection } from '../runs/selection.js';
import { Entry } from './entry.js';
import { Rubric, useRubric } from './rubric.js';
import { Said, annotate, reviewsOf, takeBack } from './said.js';
import { options, usedLabels } from './vocabulary.js';

const ROWS = 50;

/** Everything that the page shows of a run first. */
function fetchAhead(id) {
        const keep = (path, params) => prepare(`${path} ${JSON.stringify(params || {})}`, () => one(path, params));
        keep(`traces/${id}`);
        keep(`traces/${id}/why`);
        keep(`traces/${id}/reviews`);
}

/** The queue: runs in order, where one is, how many are left; grows by pages. */
function useQueue(chosen) {
        const key = JSON.stringify(chosen);
        const first = useAnswer(`queue ${key}`, async (signal) => {
                const answer = await one('queue', { ...chosen, limit: ROWS, count: 1 }, { signal });
                return { rows: answer.items, next: answer.next ?? null, left: answer.left ?? null, key };
        });
        const [more, setMore] = useState({ key, rows: [], next: null });
        const mine = more.key === key && more.rows.length > 0;
        const rows = first.data?.key === key ? [...first.data.rows, ...(mine ? more.rows : [])] : [];
        const next = mine ? more.next : first.data?.next;
        const further = async () => {
                if (!next)
                        return;
                const { rows: found, end } = await list('queue', { ...chosen, limit: ROWS, after: next });
                setMore({ key, rows: [...(mine ? more.rows : []), ...found], next: end.cursor });
        };
        return { ...first, rows, next, further, left: first.data?.left };
}

/* What was said in this sitting, for undo: { number, id, told }. */
function useSitting() {
        const [said, set] = useState([]);
        return {
                said,
                add: (entry) => set((old) => [...old, entry]),
                last: said[said.length - 1],
                drop: (annotation) => set((old) => old.filter((entry) => entry.number !== annotation)),
        };
}

/** What others said stays closed until I have said something: a judgement that has read another one is no second one. */
function Words({ reviews, choose, undo }) {
        const { author } = me.value, now = reviews?.now || [];
        const others = new Set(now.map((item) => item.author).filter((name) => name !== author)).size;
        const words = html`<${Said} reviews=${reviews} author=${author} choose=${choose} undo=${undo} />`;
        if (others && !now.some((item) => item.author === author))
                return html`<details class="others"><summary>What ${others === 1 ? 'another reviewer' : `${others} others`} said</summary>${words}</details>`;
        return html`${now.length ? html`<h3>What was said</h3>` : ''}${words}`;
}

function Judge({ labels, labelled, writing, setWriting, keep, reviews, choose, undo, rubric, selected, finding }) {
        const said = reviews?.now?.length > 0;
        if (!me.value?.may)
                return html`<section class="judge"><p class="warn">${me.value?.why || 'asking who you are …'}</p>${said ? html`<h3>What was said</h3>` : ''}<${Said} reviews=${reviews} choose=${choose} /><${Rubric} rubric=${rubric} /></section>`;
        const act = (key, words, onClick, on) => html`<button class=${on ? 'on' : ''} aria-pressed=${on === undefined ? null : on} onClick=${onClick}><${Key}>${key}<//> ${words}</button>`;
        return html`<section class="judge" aria-label="your judgement"><div class="options">${labels.map((label, i) => act(i + 1, visible(label), () => keep({ labels: [label] }, `label ${label}`), labelled.has(label)))}
                ${act('l', labels.length ? 'another label' : 'label', () => setWriting('label'))}</div>
                <div class="options">${finding && act('y', 'the finding is right', () => keep.finding('confirmed'))}${finding && act('x', 'it is wrong', () => keep.finding('rejected'))}
                ${selected > 0 && act('f', `it failed at #${selected}`, () => keep.failing())}${act('s', 'score', () => setWriting('score'))}${act('/', 'note', () => setWriting('note'))}${act('c', 'correct', () => setWriting('correct'))}</div>
                ${writing && html`<${Entry} kind=${writing} suggestions=${labels} done=${(body) => { setWriting(null); body && keep(body, writing); }} />`}
                <${Words} reviews=${reviews} choose=${choose} undo=${undo} /><${Rubric} rubric=${rubric} /></section>`;
}

/** One run; another run is another Item, so that nothing of the one before stays. */
function Item({ run: row, after, chosen, place, queue, sitting, turn, rubric, known }) {
        const id = row.trace_id;
        const skeleton = useAnswer(`run ${id}`, (signal) => one(`traces/${id}`, undefined, { signal }));
        const why = useAnswer(`why ${id}`, (signal) => one(`traces/${id}/why`, undefined, { signal }));
        const reviews = useAnswer(`reviews ${id}`, (signal) => reviewsOf(id, { signal }));
        const [writing, setWriting] = useState(null);
        const [picked, pick] = useState(0);
        const [chat, setChat] = useState(() => localStorage.getItem('clew.review') === 'chat');
        const [folded, setFolded] = useState(() => new Set());
        const tree = useMemo(() => skeleton.data && new Skeleton(skeleton.data), [skeleton.data]);
        const frame = useMemo(() => (tree ? { ...scale(tree.total, []), seen: [0, 1] } : null), [tree]);
        const rows = useMemo(() => (tree ? tree.visible(folded) : []), [tree, folded]);
        useEffect(() => {
                if (skeleton.data && why.data && after)
                        fetchAhead(after.trace_id); // when this one stands
        }, [skeleton.data, why.data, after?.trace_id]);
        const selected = picked || (tree ? tree.cause || [...rows].find((s) => tree.failed(s)) || 1 : 0);
        const choose = (s) => { setFolded((old) => tree.opened(old, s)); pick(s); };
        const fold = (s) => tree.hasChildren(s) && setFolded((old) => { const next = new Set(old); next.delete(s) || next.add(s); return next; });
        const findings = (why.data?.findings || []).filter((f) => !f.looked_at), finding = findings[0];
        const labels = options(route.value.params.get('labels'), known.used, known.fresh);
        const labelled = new Set((reviews.data?.now || []).filter((x) => x.kind === 'label' && x.author === me.value?.author).map((x) => x.name));

        const post = async (body, told) => {
                const numbers = await annotate({ id, ...(rubric.name && (body.scores || body.labels) ? { rubric: rubric.name, rubric_version: rubric.version } : {}), ...body }, `${told} · ${short(id)}`);
                if (!numbers)
                        return;
                numbers.forEach((n) => sitting.add({ number: n, id, told }));
                if (body.labels)
                        known.add(body.labels);
                reviews.again();
        };
        const keep = (body, told) => {
                /* Labels of one author count together: a further one joins those that stand. */
                if (body.labels)
                        return post({ ...body, labels: labelled.has(body.labels[0]) ? [...labelled].filter((l) => l !== body.labels[0]) : [...new Set([...labelled, ...body.labels])] }, told);
                return post(body, told);
        };
        keep.finding = (verdict) => finding && post({ finding: { rule: finding.rule, verdict } }, verdict === 'confirmed' ? `${finding.rule} is right` : `${finding.rule} is wrong`);
        keep.failing = () => selected && post({ id: `${id}#${selected}`, failing: true }, `it failed at #${selected}`);
        const undo = async (annotation) => {
                const last = annotation ? { number: annotation, id } : sitting.last;
                if (!last)
                        return say('nothing to undo in this sitting');
                if (await takeBack(last.number)) {
                        sitting.drop(last.number);
                        reviews.again();
                        if (last.id !== id)
                                turn(last.id);
                }
                return undefined;
        };
        const move = (by) => () => { const to = rows[rows.indexOf(selected) + by]; if (to) choose(to); };
        const error = (by) => () => { for (let s = selected + by; tree && s > 0 && s <= tree.length; s += by) if (tree.failed(s)) return choose(s); return undefined; };
        const flip = () => {
                localStorage.setItem('clew.review', chat ? 'tree' : 'chat');
                setChat(!chat);
        };
        const write = (kind) => () => me.value?.may && setWriting(kind);
        useKeys({
                j: move(1), k: move(-1), e: error(1), E: error(-1), g: () => tree?.cause && choose(tree.cause),
                ...(me.value?.may ? {
                        l: write('label'), s: write('score'), '/': write('note'), c: write('correct'), f: keep.failing, u: () => undo(),
                        ...(finding ? { y: () => keep.finding('confirmed'), x: () => keep.finding('rejected') } : {}),
                        ...Object.fromEntries(labels.map((label, i) => [String(i + 1), () => keep({ labels: [label] }, `label ${label}`)])),
                } : {}),
                n: () => turn(after?.trace_id ?? null, true), p: () => place > 0 && turn(queue.rows[place - 1].trace_id),
                t: flip, Enter: () => fold(selected), Y: () => copyCommand(command('annotate --queue', chosen)), Escape: () => (writing ? setWriting(null) : go(href('/', route.value.params))),
        });
        const problem = skeleton.error || reviews.error;
        return html`<${Facts} run=${row} aside=${html`<a class="m" href=${href(`/t/${id}`, { s: selected || null })}>open</a>`} />
                ${problem && html`<${Failure} error=${problem} again=${() => { skeleton.again(); reviews.again(); }} />`}
                ${why.data && why.data.trace_id === id && html`<${Why} run=${row} why=${why.data} choose=${choose} passing=${null} goKey="g" />`}
                <main class="split three">${tree ? html`<section class="left"><div class="tabs"><div role="tablist" aria-label="view"><button role="tab" aria-selected=${!chat} class=${chat ? '' : 'on'} onClick=${() => chat && flip()}>Tree</button><button role="tab" aria-selected=${chat} class=${chat ? 'on' : ''} onClick=${() => chat || flip()}>Conversation</button></div><span class="sp"></span><span class="dim"><${Key}>t<//></span></div>
                        ${chat ? html`<${Chat} id=${id} choose=${choose} selected=${selected} cause=${tree.cause} />` : html`<${Tree} id=${id} tree=${tree} rows=${rows} selected=${selected} folded=${folded} choose=${choose} fold=${fold} frame=${frame} zoom=${() => {}} hits=${NONE} />`}</section>
                        ${selected > 0 && html`<${Step} key=${id} id=${id} tree=${tree} s=${selected} close=${() => {}} marks=${quotes(why.data, selected)} />`}` : html`<section class="left"><${Waiting} what="the run" /></section><aside></aside>`}
                <${Judge} labels=${labels} labelled=${labelled} writing=${writing} setWriting=${setWriting} keep=${keep} reviews=${reviews.data?.trace_id === id ? reviews.data : null}
                        choose=${choose} undo=${undo} rubric=${rubric} selected=${selected} finding=${finding} /></main>`;
}

const NONE = new Set();

export function Review() {
        page.value = 'review';
        useTitle('Review');
        useEffect(() => { whoAmI(); }, []);
        const params = route.value.params;
        const chosen = selection(params, { since: 'all' });
        const queue = useQueue(chosen);
        const sitting = useSitting();
        const used = useAnswer('labels', usedLabels);
        const [fresh, setFresh] = useState([]);
        const known = { used: used.data || [], fresh, add: (labels) => setFresh((old) => [...old, ...labels]) };
        const rubric = useRubric(params.get('rubric'));
        const [changing, setChanging] = useState(false);
        const box = useRef();
        const asked = params.get('t');
        const at = queue.rows.findIndex((run) => run.trace_id === asked);
        const place = at >= 0 ? at : 0;
        /* The run of the address may have left the queue, because something was said about it: it is shown all the same. */
        const alone = useAnswer(`alone ${at < 0 && asked && queue.data ? asked : ''}`, (signal) => (at < 0 && asked && queue.data ? one(`traces/${asked}`, undefined, { signal }) : Promise.resolve(null)));
        const row = at >= 0 ? queue.rows[at] : asked ? alone.data?.trace : queue.rows[0];
        const done = new Set(sitting.said.map((entry) => entry.id));
        /* Behind the last one come those that were passed over. */
        const passed = queue.next ? undefined : queue.rows.find((run) => run.trace_id !== row?.trace_id && !done.has(run.trace_id));
        const after = (at >= 0 || !asked ? queue.rows[place + 1] : undefined) ?? passed;
        useEffect(() => {
                if (queue.next && queue.rows.length - place < 5)
                        queue.further();
        }, [place, queue.next, queue.rows.length]);
        const turn = (id, forward) => {
                if (id)
                        return change({ t: id }, false);
                if (forward)
                        say(queue.next ? 'reading further …' : 'that was the last one');
                return undefined;
        };
        const words = command('annotate --queue', chosen);
        return html`<${Head} />
                <div class="queue"><span><b>Review</b> ${queue.left !== null && queue.left !== undefined ? html`<span class="dim">${plural(queue.left, 'run')} ${queue.left === 1 ? 'waits' : 'wait'} for you${done.size ? ` · ${done.size} in this sitting` : ''}</span>` : html`<span class="dim">${done.size ? `${done.size} in this sitting` : ''}</span>`}</span>
                        <span class="sp"></span><button class="quiet" aria-expanded=${changing} onClick=${() => setChanging(!changing)}>${changing ? 'keep this selection' : 'change the selection'}</button>
                        <button class="quiet" onClick=${() => turn(after?.trace_id, true)}>next <${Key}>n<//></button></div>
                ${changing && html`<${Query} chosen=${chosen} box=${box} error=${queue.error} count="" />`}
                ${queue.error && html`<${Failure} error=${queue.error} again=${queue.again} />`}
                ${!queue.data && !queue.error && html`<${Waiting} what="the queue" stop=${queue.stop} />`}
                ${queue.data && !row && !asked && html`<main class="page" tabindex="0"><${Empty} chosen=${chosen} /></main>`}
                ${asked && !row && alone.error && html`<main class="page"><${Failure} error=${alone.error} /></main>`}
                ${row && html`<${Item} key=${row.trace_id} known=${known} run=${row} after=${after} chosen=${chosen} place=${place} queue=${queue} sitting=${sitting} turn=${turn} rubric=${rubric} />`}
                <${Foot} command=${words} />`;
}

function Empty({ chosen }) {
        const plain = Object.values(chosen).filter(Boolean).length <= 1;
        const all = useAnswer(`count ${JSON.stringify(chosen)}`, (signal) => one('traces/count', chosen, { signal }));
        useKeys({ Escape: () => go('/') });
        if (all.busy && !all.data)
                return html`<${Waiting} what="the queue" stop=${all.stop} />`;
        if (all.data?.traces === 0)
                return html`<div class="empty"><p>${plain ? 'There is no run yet.' : 'No run is in this selection.'}</p><p>${!plain && html`<a href="/review">Review all runs</a> · `}<a href="/">Runs</a></p></div>`;
        return html`<div class="empty"><p>${plain ? 'You have said something about every run.' : 'You have said something about every run of this selection.'}</p>
                <p>${!plain && html`<a href="/review">Review all runs</a> · `}<a href=${href('/', { label: '*', since: 'all' })}>Runs with a label</a> · <a href="/datasets">Make a dataset of them</a></p></div>`;
}

