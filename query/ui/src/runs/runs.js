/* The runs: question, chips, how they went over time, the table. Live rows come in at the top. */
import { html } from '../core/html.js';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { list, live, one } from '../core/api.js';
import { interval, number, percent, plural, short, when } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { me, whoAmI } from '../core/me.js';
import { leftAt, remember } from '../core/around.js';
import { change, go, href, route } from '../core/route.js';
import { AddSheet } from '../data/add-sheet.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { copy, copyCommand, isFailed, say } from '../parts/marks.js';
import { LabelSheet } from '../review/label-sheet.js';
import { Differs } from './differs.js';
import { Histogram, stepFor, stepMs } from './histogram.js';
import { Query } from './query.js';
import { command, selection } from './selection.js';
import { RunTable } from './table.js';
import { FirstRun, NoMatch } from './empty.js';

const ROWS = 100;
const FRESH_MS = 5000; // the curve of all runs follows what comes in after so long

/** How many there are and how many failed, of all that match and not only of those shown. */
function Count({ sum, shown, busy }) {
        if (!sum)
                return html`<span class="dim count" aria-live="polite">${busy ? 'reading …' : plural(shown, 'run')}</span>`;
        const [low, high] = interval(sum.failed, sum.traces);
        return html`<span class="dim count" aria-live="polite" title=${sum.traces > 0 ? 'share that failed, with its 95 % interval' : ''}>${sum.traces > 0 ? html`<b>${number(sum.failed)}</b> failed of ${sum.partial ? 'at least ' : ''}${plural(sum.traces, 'run')} · ${percent(sum.failed / sum.traces)} (${percent(low)} to ${percent(high)})` : plural(0, 'run')}
                ${sum.left_out > 0 && ` · ${sum.left_out} without an agent, model call or tool left out`}</span>`;
}

/** Runs that arrive while one looks; a run that is there already is drawn anew. */
function useLive(chosen, on) {
        const [fresh, set] = useState([]);
        const [connected, state] = useState(false);
        const key = JSON.stringify(chosen);
        useEffect(() => {
                set([]);
                if (!on)
                        return undefined;
                return live(chosen, (type, run) => {
                        if (type === 'trace')
                                set((old) => [run, ...old.filter((r) => r.trace_id !== run.trace_id)].slice(0, ROWS));
                }, state);
        }, [key, on]);
        return { fresh, connected: on && connected };
}

/** A selection as the body of a change: numbers and truth values as such. */
const asBody = ({ query, ...chosen }) => ({ ...chosen, ...(query ? { query } : {}) });

/** All runs of the selection over time and in all, from the statistics, which know them without reading each; null until they came. Asked again, now and then, when runs come in. */
function usePoints(chosen, key, wanted, came) {
        const [round, turn] = useState(0);
        useEffect(() => {
                const later = came > 0 && setTimeout(() => turn((n) => n + 1), FRESH_MS);
                return () => clearTimeout(later);
        }, [came]);
        const answer = useAnswer(`${wanted ? 'points' : ''} ${key} ${round}`, (signal) => (wanted ? one('stats', { ...chosen, over: stepFor(chosen), limit: 1000, fields: 'time,n,failed' }, { signal }) : Promise.resolve(null)));
        if (!answer.data || answer.error || answer.key?.split(' ').slice(1, -1).join(' ') !== key)
                return { points: null, total: null };
        const { total, partial } = answer.data;
        return { points: answer.data.next ? null : answer.data.items.filter((row) => row.time).map((row) => ({ at: Date.parse(row.time), runs: row.n, failed: row.failed })),
                total: total && { traces: total.n, failed: total.failed, left_out: 0, partial } };
}

const asParams = (params) => Object.fromEntries(params);
const since = ({ since: from }) => (/^\d{4}-/.test(from) ? when(from) : `${from} ago`);

export function Runs() {
        page.value = 'runs';
        const chosen = selection(route.value.params);
        const key = JSON.stringify(chosen);
        const [pages, setPages] = useState({ key, more: [] });
        const first = useAnswer(key, (signal) => list('traces', { ...chosen, limit: ROWS }, { signal }));
        /* Few are counted one by one, with what was left out; of many the statistics know how many. */
        const few = first.data && first.key === key && !first.data.end.cursor;
        const counted = useAnswer(`${few ? 'count' : ''} ${key}`, (signal) => (few ? one('traces/count', chosen, { signal }) : Promise.resolve(null)));
        const { fresh, connected } = useLive(chosen, !chosen.until);
        const { points, total } = usePoints(chosen, key, first.data?.rows.length > 0, fresh.length);
        const sum = (few && counted.key === `count ${key}` && counted.data) || total;
        const more = pages.key === key ? pages.more : [];
        const end = more.length ? more[more.length - 1].end : first.data?.end || {};
        const rows = useMemo(() => {
                const seen = new Set(), all = [];
                for (const run of [...fresh, ...(first.data?.rows || []), ...more.flatMap((p) => p.rows)])
                        if (!seen.has(run.trace_id)) {
                                seen.add(run.trace_id);
                                all.push(run);
                        }
                /* Newest first, whatever order they came in; starts are decimal strings of one length. */
                return all.sort((a, b) => (a.start_unix_nano < b.start_unix_nano ? 1 : a.start_unix_nano > b.start_unix_nano ? -1 : 0));
        }, [fresh, first.data, more]);
        const differs = route.value.params.get('differs') === '1';
        const [at, move] = useState(0);
        const [picked, pick] = useState([]);
        const box = useRef();
        const [sheet, setSheet] = useState(null);
        useTitle('Runs');
        useEffect(() => { whoAmI(); }, []);
        useEffect(() => move(0), [key]);
        const left = useRef(null); /* the question whose list has been entered where it was left */
        useEffect(() => {
                if (!first.data || left.current === key)
                        return;
                left.current = key;
                move(Math.max(0, rows.findIndex((run) => run.trace_id === leftAt(href('/', route.value.params)))));
        }, [first.data, key]);

        const older = async () => {
                const next = await list('traces', { ...chosen, limit: ROWS, after: end.cursor });
                setPages({ key, more: [...more, next] });
        };
        useEffect(() => { rows.length && remember(rows.map((run) => run.trace_id), href('/', route.value.params)); }, [rows, key]);
        const toggle = (id) => pick((old) => (old.includes(id) ? old.filter((x) => x !== id) : [...old.slice(-1), id]));
        const step = (by, wanted = () => true) => () => {
                for (let i = at + by; i >= 0 && i < rows.length; i += by)
                        if (wanted(rows[i]))
                                return move(i);
                return undefined;
        };
        const failed = (run) => isFailed(run.outcome);
        useKeys({
                '/': () => box.current?.focus(), j: step(1), k: step(-1), e: step(1, failed), E: step(-1, failed),
                Enter: () => rows[at] && go(href(`/t/${rows[at].trace_id}`)),
                x: () => rows[at] && toggle(rows[at].trace_id),
                d: () => (picked.length === 2 ? go(href('/diff', { a: picked[0], b: picked[1] })) : say('select two runs with x first')),
                ...(me.value?.may ? { l: () => rows[at] && setSheet('label'), a: () => rows[at] && setSheet('add') } : {}),
                f: () => change({ failed: !chosen.failed, ok: null, open: null }),
                y: () => rows[at] && copy(rows[at].trace_id, `the id ${short(rows[at].trace_id)}`),
                Y: () => copyCommand(command('list', chosen)),
                Escape: () => (picked.length ? pick([]) : false),
        });

        const shownPoints = points || rows.map((run) => ({ at: Date.parse(run.start), runs: 1, failed: Number(isFailed(run.outcome)) }));
        const meant = picked.length ? picked : rows[at] ? [rows[at].trace_id] : [];
        const nothing = !first.busy && !first.error && rows.length === 0 && !end.partial;
        const plain = Object.keys(chosen).every((name) => name === 'since' || (name === 'query' && !chosen.query));
        return html`<${Head} extra=${html`<span class=${connected ? 'live on' : 'live'}>${connected ? '● live' : '○ not live'}</span>`} />
                <main class="page" tabindex="0">
                <h1 class="unseen">Runs</h1>
                <${Query} chosen=${chosen} box=${box} error=${first.error} count=${first.data && html`<${Count} sum=${sum} shown=${rows.length} busy=${first.busy} />`} />
                ${sheet === 'label' && html`<${LabelSheet} ids=${meant} close=${() => setSheet(null)} changed=${first.again} />`}
                ${sheet === 'add' && html`<${AddSheet} body=${{ id: meant }} told=${plural(meant.length, 'run')} close=${() => setSheet(null)} />`}
                ${sheet === 'all' && html`<${AddSheet} body=${asBody(chosen)} told="all runs of this selection" close=${() => setSheet(null)} />`}
                ${first.error && html`<${Failure} error=${first.error} again=${first.again} />`}
                ${end.partial && html`<p class="banner warn">Not all was looked at: ${end.partial}. ${end.cursor && html`<button class="link" onClick=${older}>Look further</button>`}</p>`}
                ${shownPoints.length > 1 && html`<${Histogram} points=${shownPoints} step=${points && stepMs(chosen)} whole=${points !== null || !end.cursor} note=${!chosen.failed && sum?.failed > 0 && sum.failed < sum.traces ? html` · <button class="link" aria-expanded=${differs} onClick=${() => change({ differs: !differs })}>what is different in the failed ones?</button>` : ''} />`}
                ${differs && html`<${Differs} chosen=${chosen} close=${() => change({ differs: null })} />`}
                ${rows.length > 0 && html`<${RunTable} rows=${rows} at=${at} picked=${picked} move=${move} toggle=${toggle} dim=${first.busy} />`}
                ${first.busy && !first.data && html`<${Waiting} what="runs" stop=${first.stop} />`}
                ${nothing && (plain ? html`<${FirstRun} since=${chosen.since} connected=${connected} />` : html`<${NoMatch} chosen=${chosen} />`)}
                ${rows.length > 0 && html`<p class="empty">${plural(rows.length, 'run')} shown${end.cursor ? html` · <button class="link" onClick=${older}>older</button>` : html` · that is all${chosen.since !== 'all' ? html` since ${since(chosen)} · <a href=${href('/', { ...asParams(route.value.params), since: 'all', until: null })}>all time</a>` : ''}`}</p>`}
                </main>
                <${Foot} command=${command('list', chosen)} />`;
}
