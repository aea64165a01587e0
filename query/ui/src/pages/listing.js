/* A page that is a list: rows of one table, a key for each, the next page on request. */
import { html } from '../core/html.js';
import { useEffect, useState } from 'preact/hooks';
import { list } from '../core/api.js';
import { window_ } from '../core/format.js';
import { page, useKeys } from '../core/keys.js';
import { useAnswer } from '../core/load.js';
import { leftAt, remember } from '../core/around.js';
import { change, go, href, route } from '../core/route.js';
import { Failure, Foot, Head, Waiting, useTitle } from '../parts/frame.js';
import { copyCommand } from '../parts/marks.js';

const WINDOWS = ['24h', '7d', '30d', 'all'];

export function Since({ since }) {
        return html`<select aria-label="since" value=${since} onChange=${(e) => change({ since: e.target.value })}>
                ${[...new Set([...WINDOWS, since])].map((w) => html`<option value=${w}>${window_(w)}</option>`)}</select>`;
}

/** `columns`: [heading, class, cell(row)]; `to(row)`: where a row leads; `empty`: what no row means; `order`: of what is here, where the server's means nothing to people. */
export function Listing({ title, path, params, columns, to, empty, command, head, since, facts, order, keys = {}, name = (row) => row.trace_id }) {
        page.value = 'list';
        const key = `${path} ${JSON.stringify(params)}`;
        const [more, setMore] = useState({ key, pages: [] });
        const [at, move] = useState(0);
        const answer = useAnswer(key, (signal) => list(path, params, { signal }));
        const pages = [answer.data, ...(more.key === key ? more.pages : [])].filter(Boolean);
        const rows = order ? pages.flatMap((p) => p.rows).sort(order) : pages.flatMap((p) => p.rows);
        const end = pages.length ? pages[pages.length - 1].end : {};
        useTitle(title);
        const step = (by) => () => rows[at + by] && move(at + by);
        useKeys({
                j: step(1), k: step(-1), Enter: () => rows[at] && go(to(rows[at])),
                Y: () => copyCommand(command), Escape: () => go('/'), ...keys,
        });
        useEffect(() => { answer.data && move(Math.max(0, rows.findIndex((row) => name(row) && name(row) === leftAt(href(route.value.path, route.value.params))))); }, [key, Boolean(answer.data)]);
        useEffect(() => { rows[0] && name(rows[0]) && remember(rows.map(name), href(route.value.path, route.value.params)); }, [answer.data, more]);
        const older = async () => {
                const next = await list(path, { ...params, after: end.cursor });
                setMore({ key, pages: [...(more.key === key ? more.pages : []), next] });
        };
        return html`<${Head} /><main class="page" tabindex="0"><div class="head"><h1>${title}</h1>${facts}${since && html`<${Since} since=${since} />`}</div>${head}
                ${answer.error && html`<${Failure} error=${answer.error} again=${answer.again} />`}
                ${end.partial && html`<p class="banner warn">${end.partial}</p>`}
                ${!answer.data && answer.busy && html`<${Waiting} what=${title.toLowerCase()} stop=${answer.stop} />`}
                ${answer.data && !rows.length && html`<p class="empty">${empty} ${since && since !== 'all' && html`<a href="?since=all">Show all time</a>`}</p>`}
                ${rows.length > 0 && html`<table class=${answer.busy ? 'busy' : ''}><thead><tr>${columns.map(([name, tone]) => html`<th class=${tone}>${name}</th>`)}</tr></thead>
                <tbody>${rows.map((row, i) => html`<tr key=${i} ref=${(el) => i === at && at > 0 && el?.scrollIntoView?.({ block: 'nearest' })} class=${i === at ? 'sel' : ''} onClick=${() => move(i)} onDblClick=${() => go(to(row))}>${columns.map(([, tone, cell]) => html`<td class=${tone}>${cell(row)}</td>`)}</tr>`)}</tbody></table>`}
                ${end.cursor && html`<p class="empty"><button onClick=${older}>More</button></p>`}</main>
                <${Foot} command=${command} />`;
}

/** Records by when they were made, the newest first. */
export const newest = (a, b) => Number(BigInt(b.time_unix_nano || 0) - BigInt(a.time_unix_nano || 0));

export const sinceOf = (fallback) => route.value.params.get('since') || fallback;
