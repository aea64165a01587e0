/* Words looked for in one run: in names, in what each step did in a line, and in the conversation. */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { list } from '../core/api.js';

const STEPS_MAX = 20000, MESSAGES_MAX = 2000; // what is fetched for a search; more is told
const texts = new Map(); // run -> promise of its texts by step; the last few

async function gather(id, steps) {
        const found = [];
        for (let from = 1; from <= Math.min(steps, STEPS_MAX);) {
                const { rows, end } = await list(`traces/${id}/steps`, { from, limit: 1000, fields: 'step,brief' });
                for (const row of rows)
                        found.push([row.step, row.brief || '']);
                if (!end.cursor)
                        break;
                from = Number(end.cursor);
        }
        let after = null, messages = 0;
        do {
                const { rows, end } = await list(`traces/${id}/chat`, { after, limit: 200 });
                for (const row of rows)
                        for (const part of row.message.parts || [])
                                found.push([row.step, `${part.text ?? ''} ${part.name ?? ''}`]);
                messages += rows.length;
                after = end.cursor;
        } while (after && messages < MESSAGES_MAX);
        return { found, whole: steps <= STEPS_MAX && !after };
}

/** The step numbers, in order, that hold the words; any case. */
export function matching(tree, found, words) {
        const wanted = words.toLowerCase(), steps = new Set();
        for (let s = 1; s <= tree.length; s++)
                if (tree.name(s).toLowerCase().includes(wanted) || tree.kind(s) === wanted)
                        steps.add(s);
        for (const [s, text] of found)
                if (text.toLowerCase().includes(wanted))
                        steps.add(s);
        return [...steps].sort((a, b) => a - b);
}

/** { steps, whole, busy } for some words. */
export function useSearch(id, tree, words) {
        const [state, set] = useState({ words: '', steps: [], whole: true, busy: false });
        useEffect(() => {
                if (words.length < 2)
                        return set({ words, steps: [], whole: true, busy: false });
                let late = false;
                set((old) => ({ ...old, busy: true }));
                const wait = setTimeout(async () => {
                        const key = `${id} ${tree.length}`;
                        if (!texts.has(key)) {
                                if (texts.size > 2)
                                        texts.clear();
                                texts.set(key, gather(id, tree.length).catch(() => {
                                        texts.delete(key);
                                        return { found: [], whole: false };
                                }));
                        }
                        const { found, whole } = await texts.get(key);
                        if (!late)
                                set({ words, steps: matching(tree, found, words), whole, busy: false });
                }, 150);
                return () => {
                        late = true;
                        clearTimeout(wait);
                };
        }, [id, tree, words]);
        return state;
}

export function SearchBox({ words, setWords, hits, selected, choose, box }) {
        const at = hits.steps.indexOf(selected);
        const go = (by) => {
                if (!hits.steps.length)
                        return;
                const next = by > 0 ? hits.steps.find((s) => s > selected) : [...hits.steps].reverse().find((s) => s < selected);
                choose(next ?? (by > 0 ? hits.steps[0] : hits.steps[hits.steps.length - 1]));
        };
        const typed = useRef();
        return html`<span class="find" role="search"><input ref=${(el) => { box.current = el; typed.current = el; }} type="text" aria-label="search in this run" placeholder="search in this run" value=${words}
                onInput=${(e) => setWords(e.target.value)} onKeyDown=${(e) => {
                        if (e.key === 'Enter') {
                                e.preventDefault();
                                go(e.shiftKey ? -1 : 1);
                        } else if (e.key === 'Escape') {
                                setWords('');
                        }
                }} />
                ${words.length > 1 && html`<span class="dim" aria-live="polite">${hits.busy ? '…' : hits.steps.length ? `${at >= 0 ? `${at + 1} of ` : ''}${hits.steps.length}${hits.whole ? '' : ' or more'}` : hits.whole ? 'nothing' : 'nothing in what was read'}</span>`}</span>`;
}
