/* Datasets: the list, and one of them with its versions, its items and what a version has that another has not. */
import { html } from '../core/html.js';
import { useEffect, useState } from 'preact/hooks';
import { list, one, send } from '../core/api.js';
import { moment, number, plural, quoted, short, when } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { me, whoAmI } from '../core/me.js';
import { change, go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { Key, copyCommand, say } from '../parts/marks.js';
import { Sheet } from '../parts/sheet.js';
import { visible } from '../parts/text.js';
import { Listing, newest } from '../pages/listing.js';
import { AddSheet } from './add-sheet.js';
import { Item } from './item.js';

const at = (nano) => (nano ? new Date(Number(BigInt(nano) / 1000000n)).toISOString() : '');
const Time = ({ nano }) => (nano ? html`<span class="stamp" title=${moment(at(nano))}>${when(at(nano))}</span>` : '');
const address = (row) => href(`/datasets/${encodeURIComponent(row.name)}`);

function New({ close }) {
        const [fields, set] = useState({ name: '', split: '', description: '' });
        const [error, fail] = useState(null);
        const make = async (event) => {
                event.preventDefault();
                try {
                        const made = await send('datasets', Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim())));
                        say(`made ${made.name}`);
                        go(address(made));
                } catch (problem) {
                        fail(problem);
                }
        };
        const field = (name, words, hint) => html`<label>${words} <input type="text" value=${fields[name]} placeholder=${hint} onInput=${(e) => set({ ...fields, [name]: e.target.value })} /></label>`;
        return html`<${Sheet} title="A new dataset" close=${close}><form class="fields" onSubmit=${make}>${field('name', 'name', 'regressions')}${field('description', 'what it is for', '')}${field('split', 'split, by task', '80/20 or 70/15/15; empty: none')}
                ${error && html`<p class="bad" role="alert">${error.message}</p>`}<div class="act"><button class="p">Make it <${Key}>↵<//></button><button type="button" onClick=${close}>Leave <${Key}>Esc<//></button></div></form><//>`;
}

export function Datasets() {
        const [making, make] = useState(false);
        useEffect(() => { whoAmI(); }, []);
        return html`<${Listing} title="Datasets" path="datasets" params=${{ limit: 200 }} order=${newest} to=${address} command="clew dataset list" name=${() => null}
                facts=${html`<span class="sp"></span>${me.value?.may && html`<button onClick=${() => make(true)}>New dataset</button>`}`}
                head=${making && html`<${New} close=${() => make(false)} />`}
                empty=${html`No dataset yet. Choose runs in <a href="/">the list</a> and press <${Key}>a<//>, or make an empty one.`} columns=${[
                ['dataset', 'name', (row) => html`<a class="id" href=${address(row)}><b>${visible(row.name)}</b></a>`],
                ['items', 'num', (row) => number(row.items)],
                ['versions', 'num', (row) => (row.versions ? `@${row.versions}` : html`<span class="dim">none</span>`)],
                ['split', 'start', (row) => row.split || ''],
                ['made', 'dim start', (row) => html`<${Time} nano=${row.time_unix_nano} />`],
                ['by', 'dim start', (row) => visible(row.author || '')],
                ['for', 'cause dim', (row) => visible(row.description || '')],
        ]} />`;
}

/** The versions: what is live now first; two of them can be compared. */
function Versions({ set, shown, other }) {
        const history = [...(set.history || [])].sort((a, b) => b.version - a.version);
        const row = (version, items, more) => html`<li class=${shown === version ? 'on' : ''}><a href=${href(`/datasets/${encodeURIComponent(version ? `${set.name}@${version}` : set.name)}`)}>${version ? `@${version}` : 'now'}</a> <span class="dim">${plural(items, 'item')}${more}</span>
                ${shown !== version && html` <a class="faint" href=${href(route.value.path, { with: version ? `${set.name}@${version}` : set.name })} aria-current=${other === (version ? `${set.name}@${version}` : set.name) ? 'true' : null}>compare</a>`}</li>`;
        return html`<ul class="versions">${row(0, set.live ?? set.items, '')}${history.map((v) => row(v.version, v.items, html` · ${visible(v.author || '')} <${Time} nano=${v.time_unix_nano} />`))}</ul>`;
}

function Difference({ name, other }) {
        const diff = useAnswer(`dataset diff ${name} ${other}`, (signal) => one(`datasets/${encodeURIComponent(name)}/diff`, { with: other }, { signal }));
        if (diff.error)
                return html`<${Failure} error=${diff.error} again=${diff.again} />`;
        if (!diff.data)
                return html`<${Waiting} what="both versions" />`;
        const side = (ids, of, words) => ids.length > 0 && html`<div><b>${plural(ids.length, 'item')}</b> only in ${words}: ${ids.slice(0, 40).map((id) => html`<a class="m" href=${href(`/datasets/${encodeURIComponent(of)}`, { item: id })}>${short(id)}</a> `)}${ids.length > 40 ? '…' : ''}</div>`;
        const same = !diff.data.only_a.length && !diff.data.only_b.length;
        return html`<section class="between"><p>${same ? `${visible(name)} and ${visible(other)} hold the same ${plural(diff.data.both, 'item')}.` : html`<b>${number(diff.data.both)}</b> in both. <a href=${href(route.value.path)}>close</a>`}</p>${side(diff.data.only_a, name, visible(name))}${side(diff.data.only_b, other, visible(other))}</section>`;
}

export function Dataset({ name }) {
        page.value = 'list';
        useTitle(name);
        useEffect(() => { whoAmI(); }, []);
        const base = name.replace(/@\d+$/, ''), version = Number(/@(\d+)$/.exec(name)?.[1] || 0), path = `datasets/${encodeURIComponent(name)}`;
        const params = route.value.params, other = params.get('with'), open = params.get('item');
        const set = useAnswer(path, (signal) => one(path, {}, { signal }));
        const first = useAnswer(`${path} items`, (signal) => list(`${path}/items`, { limit: 100 }, { signal }));
        const [more, setMore] = useState({ path, pages: [] });
        const [adding, add] = useState(false);
        const pages = [first.data, ...(more.path === path ? more.pages : [])].filter(Boolean);
        const rows = pages.flatMap((p) => p.rows), end = pages.length ? pages[pages.length - 1].end : {};
        const at = rows.findIndex((row) => row.id === open);
        const choose = (i) => rows[i] && change({ item: rows[i].id });
        const again = () => { set.again(); first.again(); setMore({ path, pages: [] }); };
        const act = async (what, body, told) => {
                try {
                        const answer = await send(`${path}/${what}`, body);
                        say(told(answer));
                        again();
                } catch (error) {
                        say(error.message, true);
                }
        };
        const words = `clew dataset show ${quoted(name)}`;
        const may = me.value?.may && !version;
        useKeys({ j: () => choose(at + 1), k: () => choose(Math.max(0, at - 1)), Enter: () => rows[at] && go(href(`/t/${rows[at].trace_id}`)), Y: () => copyCommand(words), Escape: () => (open ? change({ item: null }) : go('/datasets')) });
        const further = async () => setMore({ path, pages: [...pages.slice(1), await list(`${path}/items`, { limit: 100, after: end.cursor })] });
        return html`<${Head} /><div class="head"><h1>${visible(base)}${version ? html`<span class="dim">@${version}</span>` : ''}</h1>${set.data && html`<span class="fact"><b>${number(set.data.items)}</b> ${set.data.items === 1 ? 'item' : 'items'}</span>${set.data.split && html`<span class="fact">split <b>${set.data.split}</b> by task</span>`}
                ${set.data.digest && html`<span class="fact">digest <code title=${set.data.digest}>${short(set.data.digest)}</code></span>`}<span class="fact long">${visible(set.data.description || '')}</span>`}<span class="sp"></span>
                ${may && html`<button onClick=${() => add(true)}>Add runs</button><button onClick=${() => act('freeze', {}, (d) => `${d.name}@${d.version || d.versions} is frozen`)}>Freeze a version</button>`}
                ${version > 0 && html`<span class="fact">a version never changes</span>`}</div>
                ${adding && html`<${AddSheet} body=${{ failed: true, since: '7d' }} told="the failed runs of 7 days" from=${base} close=${() => { add(false); again(); }} />`}
                ${set.error && html`<${Failure} error=${set.error} again=${set.again} />`}${first.error && !set.error && html`<${Failure} error=${first.error} again=${first.again} />`}
                ${set.data && html`<${Versions} set=${set.data} shown=${version} other=${other} />`}
                ${other && html`<${Difference} name=${name} other=${other} />`}
                ${!first.data && !first.error && html`<${Waiting} what="the items" stop=${first.stop} />`}
                <main class=${open ? 'split picked' : 'split alone'}><section class="left scroll" tabindex="0">${first.data && !rows.length && html`<p class="empty">No item yet. Choose runs in <a href="/">the list</a> and press <${Key}>a<//>.</p>`}
                ${rows.length > 0 && html`<table class="items"><thead><tr><th>item</th><th class="start">form</th>${rows.some((r) => r.split) && html`<th class="start">split</th>`}<th>from</th><th class="start">expected</th><th class="cause">question</th></tr></thead><tbody>${rows.map((row, i) => html`<tr key=${row.id} class=${i === at ? 'sel' : ''} onClick=${() => choose(i)} ref=${(el) => i === at && el?.scrollIntoView?.({ block: 'nearest' })}>
                        <td class="m">${short(row.id)}</td><td class="start">${row.form}</td>${rows.some((r) => r.split) && html`<td class="start dim">${row.split || ''}</td>`}<td class="m">${row.trace_id ? html`<a class="id" href=${href(`/t/${row.trace_id}`, { s: row.step > 1 ? row.step : null })}>${short(row.trace_id)}</a>` : html`<span class="dim">imported</span>`}</td>
                        <td class="start">${row.has_expected ? html`<span class="ok">✓ yes</span>` : html`<span class="dim">none</span>`}</td><td class="cause"><span class="clamp">${visible((row.question || '').replace(/\s+/g, ' '))}</span> ${(row.labels || []).map((label) => html`<span class="tag">${visible(label)}</span> `)}${row.cause_rule && html`<span class="dim">${row.cause_rule}</span>`}</td></tr>`)}</tbody></table>`}
                ${end.cursor && html`<p class="empty"><button onClick=${further}>More items</button></p>`}</section>
                ${open && html`<${Item} key=${open} path=${path} id=${open} close=${() => change({ item: null })} remove=${may && (() => act('remove', { item: [open] }, (a) => { change({ item: null }); return `${plural(a.removed, 'item')} taken out`; }))} />`}</main>
                <${Foot} command=${words} />`;
}
