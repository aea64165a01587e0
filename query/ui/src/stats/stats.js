/* How runs went, in groups and over time. The table is the legend of the curves, and has their numbers. */
import { html } from '../core/html.js';
import { useMemo, useRef, useState } from 'preact/hooks';
import { one } from '../core/api.js';
import { ROUND_TIMES, count, interval, money, number, percent, plural, quoted, took } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { change, go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { copyCommand } from '../parts/marks.js';
import { visible } from '../parts/text.js';
import { Query } from '../runs/query.js';
import { command, selection } from '../runs/selection.js';
import { Chart } from './chart.js';
import { Share } from './share.js';

const BY = [['agent', 'agent'], ['model', 'model'], ['tool', 'tool'], ['service', 'service'], ['resource.service.version', 'version'], ['outcome', 'outcome'], ['cause', 'cause'], ['user', 'user']];
const SORTS = [['n', 'runs'], ['failed', 'failed'], ['result_errors', 'failed by result'], ['rate', 'failed share'], ['p50', 'p50'], ['p95', 'p95'], ['p99', 'p99'], ['tokens', 'tokens'], ['cost', 'cost']];
const OVER = { '1h': '1m', '24h': '30m', '7d': '6h', '30d': '1d', all: '1d' };
const LINES_MAX = 6, ROWS = 200, POINTS = 1000;

const ns = (text) => (text === null || text === undefined ? null : Number(text));

/** The measures that are drawn, of a row of statistics. */
const MEASURES = [
        { name: 'runs', of: (row) => row.n, form: count, none: 0 },
        { name: 'share that failed', of: (row) => (row.n ? row.rate : null), form: percent, share: true },
        { name: 'time, 95th percentile', of: (row) => ns(row.p95_nano), form: (v) => (v ? took(v) : '0'), steps: ROUND_TIMES },
        { name: 'tokens', of: (row) => row.tokens, form: count, none: 0 },
];

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };
export const secondsOf = (length) => Number.parseFloat(length) * (UNITS[length.replace(/[\d.]/g, '')] || 1);

/** The values that a row's group has, one for each field that it is grouped by; null where a run has none. */
const valuesOf = (row) => [row.key, row.key2, row.key3, row.key4].slice(0, row.by.length);
const idOf = (row) => JSON.stringify(valuesOf(row));

/**
 * Rows of all groups and times as times and one list of values a group, in the order of `groups`. Beside each time that has
 * a row stand its neighbours, so that a curve falls to nothing where nothing was instead of crossing a month.
 */
export function curves(rows, groups, measure, step) {
        const seen = rows.map((row) => Date.parse(row.time) / 1000);
        const low = Math.min(...seen), high = Math.max(...seen);
        const times = [...new Set(seen.flatMap((t) => [t - step, t, t + step]))].filter((t) => t >= low && t <= high).sort((a, b) => a - b);
        const place = new Map(times.map((t, i) => [t, i]));
        const ids = groups.map(idOf);
        const series = groups.map((row) => ({ name: valuesOf(row).map((value) => value ?? '(none)').join(', '), values: new Array(times.length).fill(measure.none ?? null) }));
        for (const row of rows) {
                const k = ids.indexOf(idOf(row));
                if (k >= 0)
                        series[k].values[place.get(Date.parse(row.time) / 1000)] = measure.of(row);
        }
        return { times, series };
}

const FLAGS = ['agent', 'model', 'tool', 'service', 'user', 'cause'], OUTCOMES = ['failed', 'ok', 'open', 'lost'];

/** Where a group leads: the runs of it, of those that were selected. */
function runsOf(row, params) {
        const kept = Object.fromEntries([...params].filter(([name]) => !['by', 'over', 'sort'].includes(name)));
        const conditions = [];
        kept.since ||= '7d';
        valuesOf(row).forEach((value, i) => {
                const by = row.by[i];
                if (value === null)
                        return;
                if (FLAGS.includes(by))
                        kept[by] = value;
                else if (by === 'outcome' && OUTCOMES.includes(value))
                        kept[value] = true;
                else
                        conditions.push(`{ ${by === 'outcome' ? 'span.clew.outcome' : by} = ${JSON.stringify(value)} }`);
        });
        if (conditions.length > 0 && kept.q && !/(^|[^|])\|([^|]|$)/.test(kept.q))
                conditions.unshift(`(${kept.q})`);
        return href('/', conditions.length > 0 ? { ...kept, q: conditions.join(' && ') } : kept);
}

const titleOf = (by) => by.split(',').map((field) => (BY.find(([key]) => key === field) || [field, field])[1]).join(', ');

function Totals({ total }) {
        const fact = (value, what, tone) => value && html`<div class="big"><b class=${tone || ''}>${value}</b><span>${what}</span></div>`;
        const [low, high] = interval(total.failed, total.n);
        return html`<div class="bigs">${fact(number(total.n), total.unit === 'step' ? 'calls' : 'runs')}${fact(number(total.failed), `failed, ${percent(total.rate)} (${percent(total.rate_low ?? low)} to ${percent(total.rate_high ?? high)})`)}
                ${fact(took(total.p50_nano), 'half of them took at most')}${fact(took(total.p95_nano), '95 % at most')}${total.tokens > 0 && fact(count(total.tokens), 'tokens')}${fact(money(total.cost_usd), 'spent')}</div>`;
}

function Groups({ rows, by, params, lines }) {
        const paid = rows.some((row) => row.cost_usd !== null && row.cost_usd !== undefined), calls = rows.some((row) => row.unit === 'step');
        const judged = rows.some((row) => row.result_errors !== null && row.result_errors !== undefined);
        return html`<table class="groups"><thead><tr><th>${titleOf(by)}</th><th class="num">${calls ? 'calls' : 'runs'}</th><th class="num">failed</th>${judged && html`<th class="num" title="calls that failed by a sign or by what they answered">by result</th>`}<th class="num">share that failed</th><th class="num">p50</th><th class="num">p95</th><th class="num p99">p99</th>
                <th class="num tokens">tokens</th>${paid && html`<th class="num cost">cost</th>`}<th class="cause">most often</th></tr></thead><tbody>
                ${rows.map((row, i) => html`<tr key=${idOf(row)}><td class="name" title=${visible(valuesOf(row).map((value) => value ?? 'none').join(', '))}><i class=${i < lines ? `swatch s${i + 1}` : 'swatch'}></i><a class="id" href=${runsOf(row, params)}>${valuesOf(row).map((value, k) => html`${k > 0 && html`<span class="dim">, </span>`}${value === null ? html`<span class="dim">none</span>` : visible(value)}`)}</a></td>
                        <td class="num">${number(row.n)}</td><td class="num">${row.failed ? number(row.failed) : ''}</td>${judged && html`<td class="num">${row.result_errors ? number(row.result_errors) : ''}</td>`}<td class="num"><${Share} rate=${row.rate ?? 0} low=${row.rate_low ?? 0} high=${row.rate_high ?? 1} /></td>
                        <td class="num">${took(row.p50_nano)}</td><td class="num">${took(row.p95_nano)}</td><td class="num p99">${took(row.p99_nano)}</td><td class="num tokens">${row.tokens ? count(row.tokens) : ''}</td>${paid && html`<td class="num cost">${money(row.cost_usd)}</td>`}
                        <td class="cause dim">${row.top_cause ? html`${visible(row.top_cause)} <span class="faint">${row.top_cause_n}×</span>` : ''}</td></tr>`)}</tbody></table>`;
}

function ByField({ by }) {
        const [typing, type] = useState(false);
        const known = BY.some(([key]) => key === by);
        if (typing)
                return html`<form class="inline" onSubmit=${(e) => { e.preventDefault(); const value = new FormData(e.target).get('by').trim(); type(false); value && change({ by: value }); }}><input name="by" type="text" aria-label="attribute to group by" placeholder="span.attribute" ref=${(el) => el && document.activeElement !== el && el.focus()} onKeyDown=${(e) => e.key === 'Escape' && type(false)} /></form>`;
        return html`<label class="dim">by <select value=${by} onChange=${(e) => (e.target.value === '…' ? type(true) : change({ by: e.target.value }))}>${BY.map(([key, words]) => html`<option value=${key}>${words}</option>`)}${!known && html`<option value=${by}>${titleOf(by)}</option>`}<option value="…">an attribute …</option></select></label>`;
}

export function Stats() {
        page.value = 'list';
        useTitle('Statistics');
        const params = route.value.params;
        const chosen = selection(params, { since: '7d' });
        const by = params.get('by') || 'agent', sort = params.get('sort') || 'n', over = params.get('over') || OVER[chosen.since] || '1d';
        const box = useRef();
        const key = `${JSON.stringify(chosen)} ${by}`;
        const table = useAnswer(`stats ${key} ${sort}`, (signal) => one('stats', { ...chosen, by, sort, limit: ROWS }, { signal }));
        const series = useAnswer(`series ${key} ${over}`, (signal) => one('stats', { ...chosen, by, over, limit: POINTS }, { signal }));
        const rows = table.data?.items || [];
        const groups = useMemo(() => rows.slice(0, LINES_MAX), [table.data]);
        const drawn = useMemo(() => (series.data ? MEASURES.map((measure) => ({ ...measure, ...curves(series.data.items.filter((row) => row.time), groups, measure, secondsOf(over)) })).filter((d) => d.none === undefined || d.name === 'runs' || d.series.some((one) => one.values.some((v) => v > 0))) : []), [series.data, groups]);
        const words = `${command('stats', { ...chosen, since: null })} --since ${quoted(chosen.since)} --by ${quoted(by)}${params.get('over') ? ` --over ${over}` : ''}`;
        useKeys({ '/': () => box.current?.focus(), Y: () => copyCommand(words), Escape: () => go('/') });
        const select = (from, to) => change({ since: new Date(from * 1000).toISOString(), until: new Date(to * 1000).toISOString() }, false);
        const sum = table.data?.total;
        const error = table.error || series.error;
        return html`<${Head} /><main class="page" tabindex="0"><h1 class="unseen">Statistics</h1>
                <${Query} chosen=${chosen} box=${box} error=${error} count=${html`<span class="pickers"><${ByField} by=${by} /><label class="dim">each <select value=${over} onChange=${(e) => change({ over: e.target.value })}>${[...new Set(['1m', '10m', '30m', '1h', '6h', '1d', '7d', over])].map((o) => html`<option>${o}</option>`)}</select></label>
                        <label class="dim">sorted by <select value=${sort} onChange=${(e) => change({ sort: e.target.value })}>${SORTS.map(([name, told]) => html`<option value=${name}>${told}</option>`)}</select></label></span>`} />
                ${error && html`<${Failure} error=${error} again=${() => { table.again(); series.again(); }} />`}
                ${(table.data?.partial || series.data?.partial) && html`<p class="banner warn">${table.data?.partial || series.data?.partial}</p>`}
                ${!table.data && table.busy && html`<${Waiting} what="the statistics" stop=${table.stop} />`}
                ${sum?.n > 0 && html`<${Totals} total=${sum} />`}
                ${rows.length > 0 && drawn.length > 0 && drawn[0].times.length > 0 && html`<div class="charts">${drawn.map((d) => html`<${Chart} key=${d.name} title=${d.name === 'runs' && rows[0]?.unit === 'step' ? 'calls' : d.name} times=${d.times} series=${d.series} form=${d.form} share=${d.share} steps=${d.steps} chosen=${select} />`)}</div>`}
                ${series.data?.next && html`<p class="fact warn">The curves show the first ${POINTS} values; a longer step shows all.</p>`}
                ${table.data && !rows.length && html`<p class="empty">No run in this window. ${chosen.since !== 'all' && html`<a href=${href('/stats', { ...Object.fromEntries(params), since: 'all', until: null })}>All time</a>`}</p>`}
                ${rows.length > 0 && html`<${Groups} rows=${rows} by=${by} params=${params} lines=${drawn.length ? LINES_MAX : 0} /><p class="empty">${plural(rows.length, 'group')}${table.data.next ? ', the rest is left out' : ''}</p>`}
                </main><${Foot} command=${words} />`;
}
