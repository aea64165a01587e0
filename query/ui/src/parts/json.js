/* JSON laid out in lines that fold. Text nodes only; no recursion, so depth is of no account. */
import { html } from '../core/html.js';
import { useState } from 'preact/hooks';
import { plural } from '../core/format.js';
import { Marked, Text, visible } from './text.js';

const TEXT_MAX = 400000; // a longer text is shown as text
const OPEN_DEPTH = 4, OPEN_MEMBERS = 60; // what is deeper or has more members begins folded
const LINES = 300; // drawn before one asks for more
const INLINE_MAX = 72; // an object of plain values that fits stands in one line
const BLOCK_MIN = 160; // a longer string, or one of several lines, stands as a text of its own

/** The object or array that a text is, else undefined. */
export function readable(text) {
        const trimmed = text.trim();
        if (trimmed.length > TEXT_MAX || !/^[[{]/.test(trimmed))
                return undefined;
        try {
                return JSON.parse(trimmed);
        } catch {
                return undefined; // cut off, or not JSON at all: it is shown as it is
        }
}

const isTree = (value) => value !== null && typeof value === 'object';
const entries = (value) => (Array.isArray(value) ? value.map((v) => [null, v]) : Object.entries(value));

function flat(value) {
        const all = entries(value);
        if (all.length > 12 || all.some(([, v]) => isTree(v) || (typeof v === 'string' && v.length > INLINE_MAX)))
                return null;
        const text = JSON.stringify(value).replace(/\n/g, ' ');
        return text.length <= INLINE_MAX ? text : null;
}

/** The lines of a value: { depth, path, name, value } or brackets; `turned` holds the paths that were folded or opened by hand. */
export function lines(root, turned) {
        const all = [];
        const stack = [{ value: root, name: null, depth: 0, path: '', last: true }];
        while (stack.length) {
                const item = stack.pop();
                const { value, name, depth, path, last } = item;
                if (item.close) {
                        all.push({ depth, text: item.close + (last ? '' : ',') });
                        continue;
                }
                const one = isTree(value) && depth > 0 ? flat(value) : null;
                if (!isTree(value) || one) {
                        all.push({ depth, name, value, text: one, last });
                        continue;
                }
                const members = entries(value), list = Array.isArray(value);
                const wide = depth >= OPEN_DEPTH || (depth > 0 && members.length > OPEN_MEMBERS);
                const open = members.length > 0 && wide === turned.has(path);
                all.push({ depth, name, path, count: members.length, open, list, last });
                if (!open)
                        continue;
                stack.push({ close: list ? ']' : '}', depth, last });
                for (let i = members.length - 1; i >= 0; i--)
                        stack.push({ value: members[i][1], name: members[i][0], depth: depth + 1, path: `${path}/${i}`, last: i === members.length - 1 });
        }
        return all;
}

function Scalar({ line }) {
        const { value, text, last } = line;
        if (text)
                return html`<span>${visible(text)}${last ? '' : ','}</span>`;
        if (typeof value !== 'string')
                return html`<span class="num">${JSON.stringify(value)}${last ? '' : ','}</span>`;
        if (value.length >= BLOCK_MIN || value.includes('\n'))
                return html`<div class="block"><${Text} text=${value} /></div>`;
        return html`<span class="str">"<${Marked} text=${value} />"${last ? '' : ','}</span>`;
}

export function Json({ value }) {
        const [turned, turn] = useState(() => new Set());
        const [limit, widen] = useState(LINES);
        const all = lines(value, turned);
        const flip = (path) => turn((old) => {
                const next = new Set(old);
                if (!next.delete(path))
                        next.add(path);
                return next;
        });
        return html`<div class="json">${all.slice(0, limit).map((line, i) => html`<div key=${i} class="jl" style=${{ paddingLeft: `${Math.min(line.depth, 24) * 14}px` }}>
                ${line.name !== null && line.name !== undefined && html`<span class="key">${visible(line.name)}</span>: `}
                ${line.path !== undefined ? html`<button class="link fold" aria-expanded=${line.open} disabled=${!line.count} onClick=${() => flip(line.path)}>${line.list ? '[' : '{'}${line.open ? '' : html`<span class="dim">${line.count ? ` ${plural(line.count, line.list ? 'item' : 'member')} ` : ''}</span>${line.list ? ']' : '}'}${line.last ? '' : ','}`}</button>`
                        : line.value === undefined && line.text ? line.text : html`<${Scalar} line=${line} />`}</div>`)}
                ${all.length > limit && html`<button class="more" onClick=${() => widen(limit * 4)}>${all.length - limit} more lines</button>`}</div>`;
}
