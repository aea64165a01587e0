/* Experiments: the list, the tries of one, and two of them compared: fixed, broken, still failing, and whether chance explains it. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { list, one } from '../core/api.js';
import { interval, moment, money, number, percent, plural, quoted, short, took, when } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { change, go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { copyCommand } from '../parts/marks.js';
import { Text, visible } from '../parts/text.js';
import { Listing, newest } from '../pages/listing.js';
import { Share } from '../stats/share.js';

const address = (row) => href(`/experiments/${encodeURIComponent(row.name)}`);
const stamp = (nano) => (nano ? new Date(Number(BigInt(nano) / 1000000n)).toISOString() : '');

function Passed({ passed, tries }) {
        if (!tries)
                return html`<span class="dim">not run yet</span>`;
        const [low, high] = interval(passed, tries);
        return html`<${Share} rate=${passed / tries} low=${low} high=${high} />`;
}

export function Experiments() {
        return html`<${Listing} title="Experiments" path="experiments" params=${{ limit: 200 }} order=${newest} to=${address} command="clew experiment list" name=${() => null}
                empty=${html`No experiment yet. <code>clew experiment run NAME --dataset D@V --cmd './agent'</code> runs a dataset through any agent.`} columns=${[
                ['experiment', 'name', (row) => html`<a class="id" href=${address(row)}><b>${visible(row.name)}</b></a>`],
                ['dataset', '', (row) => html`<a class="id" href=${href(`/datasets/${encodeURIComponent(row.dataset)}`)}>${visible(row.dataset)}</a>`],
                ['cases', 'num start', (row) => number(row.items)],
                ['tries', 'num start', (row) => number(row.results)],
                ['passed', 'num', (row) => html`<${Passed} passed=${row.passed} tries=${row.results} />`],
                ['begun', 'dim start', (row) => html`<span class="stamp" title=${moment(stamp(row.time_unix_nano))}>${row.time_unix_nano ? when(stamp(row.time_unix_nano)) : ''}</span>`],
                ['command', 'cause m dim', (row) => visible(row.command || '')],
        ]} />`;
}

/** The other experiments over the same dataset come first. */
function Choice({ name, dataset, chosen }) {
        const all = useAnswer('experiments', (signal) => list('experiments', { limit: 200 }, { signal }));
        const others = (all.data?.rows || []).filter((row) => row.name !== name).sort((a, b) => Number(b.dataset === dataset) - Number(a.dataset === dataset) || newest(a, b));
        if (!others.length)
                return null;
        return html`<label class="dim">compare with <select value=${chosen || ''} onChange=${(e) => change({ with: e.target.value || null }, false)}><option value="">…</option>${others.map((row) => html`<option value=${row.name}>${visible(row.name)}</option>`)}</select></label>`;
}

export function Experiment({ name }) {
        page.value = 'list';
        useTitle(name);
        const other = route.value.params.get('with');
        const path = `experiments/${encodeURIComponent(name)}`;
        const answer = useAnswer(path, (signal) => one(path, {}, { signal }));
        const data = answer.data;
        const words = other ? `clew experiment compare ${quoted(other)} ${quoted(name)}` : `clew experiment show ${quoted(name)}`;
        useKeys({ Y: () => copyCommand(words), Escape: () => (other ? change({ with: null }) : go('/experiments')) });
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>${visible(name)}</h1>${data && html`<span class="fact">over <a href=${href(`/datasets/${encodeURIComponent(data.dataset)}`)}>${visible(data.dataset)}</a></span><span class="fact"><b>${number(data.items)}</b> ${data.items === 1 ? 'case' : 'cases'}${data.repeat > 1 ? `, ${data.repeat} tries each` : ''}</span><span class="fact"><${Passed} passed=${data.passed} tries=${data.results} /> passed</span>
                <span class="fact long"><code title=${visible(data.command)}>${visible(data.command)}</code></span><span class="fact">${[data.checks || []].flat().map((check) => html`<code>${visible(check)}</code> `)}</span>`}<span class="sp"></span><${Choice} name=${name} dataset=${data?.dataset} chosen=${other} /></div>
                ${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}
                ${other ? html`<${Comparison} a=${other} b=${name} dataset=${data?.dataset} />` : html`<${Results} path=${path} dataset=${data?.dataset} />`}</main><${Foot} command=${words} />`;
}

const QUESTIONS = 200; // of a dataset that are read to tell its cases apart

/** What the cases of a dataset ask, by item: ids tell nobody anything. */
function useQuestions(dataset) {
        const items = useAnswer(`questions ${dataset || ''}`, (signal) => (dataset ? list(`datasets/${encodeURIComponent(dataset)}/items`, { limit: QUESTIONS }, { signal }) : Promise.resolve({ rows: [] })));
        return new Map((items.data?.rows || []).map((row) => [row.id, row.question]));
}

function Asked({ dataset, item, questions }) {
        const asked = visible(String(questions.get(item) || '').replace(/\s+/g, ' ').slice(0, 200));
        return html`<a class="id" title=${asked} href=${href(`/datasets/${encodeURIComponent(dataset || '')}`, { item })}><span class="m">${short(item)}</span>${asked && html` <span class="dim asked">${asked}</span>`}</a>`;
}

function Results({ path, dataset }) {
        const questions = useQuestions(dataset);
        const first = useAnswer(`${path} results`, (signal) => list(`${path}/results`, { limit: 200 }, { signal }));
        const [more, setMore] = useState({ path, pages: [] });
        const [only, show] = useState(false);
        if (first.error)
                return html`<${Failure} error=${first.error} again=${first.again} />`;
        if (!first.data)
                return html`<${Waiting} what="the tries" stop=${first.stop} />`;
        const pages = [first.data, ...(more.path === path ? more.pages : [])], end = pages[pages.length - 1].end;
        const all = pages.flatMap((p) => p.rows), rows = only ? all.filter((row) => !row.passed) : all;
        const further = async () => setMore({ path, pages: [...pages.slice(1), await list(`${path}/results`, { limit: 200, after: end.cursor })] });
        return html`<div class="chips"><button class=${only ? 'chip on failed' : 'chip failed'} aria-pressed=${only} onClick=${() => show(!only)}>failed</button><span class="sp"></span><span class="dim">${plural(rows.length, 'try', 'tries')}${end.cursor ? ' so far' : ''}</span></div>
                <table><thead><tr><th>case</th><th class="num">try</th><th>result</th><th class="num start">took</th><th>run</th><th class="cause">why, or what it answered</th></tr></thead><tbody>${rows.map((row, i) => html`<tr key=${i}><td class="name"><${Asked} dataset=${dataset} item=${row.item} questions=${questions} /></td><td class="num">${row.try + 1}</td>
                        <td>${row.passed ? html`<span class="ok">✓ passed</span>` : html`<span class="bad">✗ failed</span>`}</td><td class="num start">${took(row.duration_nano)}</td><td class="m">${row.trace_id ? html`<a class="id" href=${href(`/t/${row.trace_id}`)}>${short(row.trace_id)}</a>` : ''}</td>
                        <td class="cause"><span class="clamp">${row.passed ? html`<span class="dim">${visible((row.output || '').replace(/\s+/g, ' ').slice(0, 300))}</span>` : visible(row.why || row.error || '')}</span></td></tr>`)}</tbody></table>
                ${end.cursor && html`<p class="empty"><button onClick=${further}>More</button></p>`}`;
}

const CHANGES = { broken: ['✗', 'bad', 'broken'], fixed: ['✓', 'ok', 'fixed'], failing: ['✗', 'dim', 'still failing'], passing: ['·', 'dim', 'still passing'] };
const VERDICTS = { better: ['ok', (a, b) => `${b} is better than ${a}`], worse: ['bad', (a, b) => `${b} is worse than ${a}`] };
const SAME = ['dim', (a, b) => `Chance explains what differs between ${a} and ${b}`];
const PARTINGS = 12; // of the cases that broke it is said at once where the runs part

/** A difference with its interval: what it may be, given chance. */
function Difference({ words, pair, form, change: told = form, better }) {
        if (!pair || pair.a === null || pair.b === null || pair.difference === null)
                return null;
        const [low, high] = pair.interval || [];
        const sure = low > 0 || high < 0;
        const tone = sure ? ((pair.difference > 0) === better ? 'ok' : 'bad') : 'dim';
        const signed = (x) => `${x > 0 ? '+' : x < 0 ? '−' : ''}${told(Math.abs(x))}`;
        return html`<tr class=${form === seconds ? 'stamp' : ''}><td>${words}</td><td class="num">${form(pair.a)}</td><td class="num">${form(pair.b)}</td><td class="num span"><b class=${tone}>${signed(pair.difference)}</b> <span class="dim">${low === undefined ? '' : `(${signed(low)} to ${signed(high)})`}</span></td><td class="dim cause start">${sure ? '' : 'chance explains it'}</td></tr>`;
}

const points = (share) => `${(share * 100).toFixed(0)} points`;
const seconds = (s) => took(s * 1e9) || '0 s';

/** Which of some runs the store has: a program under test need not have recorded any. */
function useRecorded(cases) {
        const ids = cases.filter((row) => row.change === 'broken').slice(0, PARTINGS).flatMap((row) => [row.trace_a, row.trace_b]).filter(Boolean);
        const query = `{ ${ids.map((id) => `trace:id = "${id}"`).join(' || ')} }`;
        const found = useAnswer(`recorded ${ids.join(' ')}`, (signal) => (ids.length ? list('traces', { since: 'all', query, limit: 2 * PARTINGS, fields: 'trace_id', 'limit-time': '3s' }, { signal }) : Promise.resolve({ rows: [] })));
        return new Set((found.data?.rows || []).map((row) => row.trace_id));
}

function Comparison({ a, b, dataset }) {
        const questions = useQuestions(dataset);
        const answer = useAnswer(`compare ${a} ${b}`, (signal) => one(`experiments/${encodeURIComponent(a)}/compare`, { with: b }, { signal }));
        const only = route.value.params.get('only');
        const recorded = useRecorded(answer.data?.cases || []);
        if (answer.error)
                return html`<${Failure} error=${answer.error} again=${answer.again} />`;
        if (!answer.data)
                return html`<${Waiting} what="both experiments" stop=${answer.stop} />`;
        const c = answer.data, [tone, told] = VERDICTS[c.verdict] || SAME;
        const cases = (c.cases || []).filter((row) => (only ? row.change === only : row.change !== 'passing'));
        const order = ['broken', 'fixed', 'failing', 'passing'];
        cases.sort((x, y) => order.indexOf(x.change) - order.indexOf(y.change));
        return html`<section class="verdict"><p><b class=${tone}>${told(visible(a), visible(b))}</b> <span class="dim">p = ${c.p < 0.001 ? 'under 0.001' : c.p.toFixed(3)}, sign test over ${plural(c.items, 'case')}${c.only_a || c.only_b ? `; left out: ${c.only_a} only in ${visible(a)}, ${c.only_b} only in ${visible(b)}` : ''}</span></p></section>
                <table class="small"><thead><tr><th></th><th class="num">${visible(a)}</th><th class="num">${visible(b)}</th><th class="num">difference (95 % interval)</th><th class="cause start"></th></tr></thead><tbody>
                <${Difference} words="passed, mean over cases" pair=${c.passes} form=${percent} change=${points} better=${true} /><${Difference} words="tokens a try" pair=${c.tokens} form=${(x) => number(Math.round(x))} better=${false} /><${Difference} words="cost a try" pair=${c.cost_usd} form=${money} better=${false} /><${Difference} words="time a try" pair=${c.seconds} form=${seconds} better=${false} />
                ${c.k > 1 && html`<tr><td>one of ${c.k} tries passes</td><td class="num">${percent(c.pass_at_k_a)}</td><td class="num">${percent(c.pass_at_k_b)}</td><td></td><td class="cause start"></td></tr><tr><td>all ${c.k} tries pass</td><td class="num">${percent(c.pass_all_k_a)}</td><td class="num">${percent(c.pass_all_k_b)}</td><td></td><td class="cause start"></td></tr>`}</tbody></table>
                <div class="chips">${order.map((change_) => html`<button class=${`chip ${only === change_ ? 'on' : ''}`} aria-pressed=${only === change_} onClick=${() => change({ only: only === change_ ? null : change_ })}><span class=${CHANGES[change_][1]}>${CHANGES[change_][0]}</span> ${number(c[change_])} ${CHANGES[change_][2]}</button>`)}</div>
                <table><thead><tr><th>case</th><th>change</th><th class="num">${visible(a)}</th><th class="num">${visible(b)}</th><th class="start">runs</th><th class="cause">why, and where they part</th></tr></thead><tbody>${cases.map((row) => html`<${Case} key=${row.item} row=${row} dataset=${dataset} questions=${questions} recorded=${recorded.has(row.trace_a) && recorded.has(row.trace_b)} />`)}</tbody></table>
                ${!cases.length && html`<p class="empty">No case ${only ? `is ${CHANGES[only]?.[2] || only}` : 'changed and none fails'}.</p>`}`;
}

/** The first step at which the two runs of a case part, fetched when one asks for it. */
function Parting({ a, b }) {
        const diff = useAnswer(`diff ${a} ${b}`, (signal) => one('diff', { a, b }, { signal }));
        if (diff.error)
                return html`<span class="dim">${diff.error.status === 404 ? 'these runs were not recorded' : diff.error.message}</span>`;
        if (!diff.data)
                return html`<span class="dim">reading …</span>`;
        const row = (diff.data.rows || []).find((r) => r.sign !== 'equal');
        if (!row)
                return html`<span class="dim">the runs are equal</span>`;
        return html`they part at ${row.a && html`<a class="m" href=${href(`/t/${a}`, { s: row.a.step })}>A #${row.a.step}</a> `}${row.b && html`<a class="m" href=${href(`/t/${b}`, { s: row.b.step })}>B #${row.b.step}</a> `}<span class="dim">${(row.parts || []).join(', ')}</span> <a href=${href('/diff', { a, b })}>all differences</a>`;
}

function Case({ row, dataset, questions, recorded }) {
        const [asked, show] = useState(false), open = asked || recorded;
        const [sign, tone, words] = CHANGES[row.change] || ['·', 'dim', row.change];
        const both = row.trace_a && row.trace_b;
        return html`<tr><td class="name"><${Asked} dataset=${dataset} item=${row.item} questions=${questions} /></td><td><span class=${tone}>${sign} ${words}</span></td><td class="num">${row.passed_a} of ${row.tries_a}</td><td class="num">${row.passed_b} of ${row.tries_b}</td>
                <td class="m start">${row.trace_a && html`<a class="id" href=${href(`/t/${row.trace_a}`)}>${short(row.trace_a)}</a> `}${row.trace_b && html`<a class="id" href=${href(`/t/${row.trace_b}`)}>${short(row.trace_b)}</a>`}</td>
                <td class="cause">${row.why && html`<${Text} text=${row.why} mono=${false} />`}${both && (open ? html`<${Parting} a=${row.trace_a} b=${row.trace_b} />` : html`<button class="link" onClick=${() => show(true)}>where do they part?</button>`)}</td></tr>`;
}
