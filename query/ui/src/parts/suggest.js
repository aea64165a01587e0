/*
 * A field with a list of suggestions below it (a combobox): arrows move, Enter or Tab takes one, Escape closes the list.
 * `ask(text, caret)` gives { from, to, items: [{ text, note }] } or a promise of it: what stands from..to is replaced.
 */
import { html } from '../core/html.js';
import { useEffect, useRef, useState } from 'preact/hooks';
import { visible } from './text.js';

const SHOWN = 12;

let made = 0;

export function Suggest({ text, set, ask, enter, leave, field, label, invalid, placeholder, cls = '', auto = false }) {
        const [found, show] = useState(null);
        const [at, move] = useState(-1);
        const own = useRef(), round = useRef(0), name = useRef(`suggest-${made++}`);
        const late = useRef();
        useEffect(() => () => { round.current = -1; clearTimeout(late.current); }, []);
        const look = (value, caret) => {
                const mine = ++round.current;
                clearTimeout(late.current);
                late.current = setTimeout(async () => {
                        const answer = await ask(value, caret);
                        if (mine !== round.current)
                                return;
                        show(answer && answer.items.length ? { ...answer, items: answer.items.slice(0, SHOWN) } : null);
                        move(-1);
                }, 80);
        };
        const close = () => { round.current++; clearTimeout(late.current); show(null); move(-1); };
        const take = (item) => {
                const next = text.slice(0, found.from) + item.text + text.slice(found.to);
                const caret = found.from + item.text.length;
                set(next);
                close();
                requestAnimationFrame(() => {
                        own.current?.setSelectionRange(caret, caret);
                        if (item.more)
                                look(next, caret);
                });
                if (item.done)
                        enter(next);
        };
        const key = (event) => {
                if (event.isComposing)
                        return;
                const items = found?.items || [];
                if (event.key === 'ArrowDown' && !items.length) {
                        look(text, own.current.selectionStart);
                } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                        const by = event.key === 'ArrowDown' ? 1 : -1;
                        const to = at + by;
                        move(to < 0 ? items.length - 1 : to >= items.length ? 0 : to);
                } else if ((event.key === 'Enter' && at >= 0) || (event.key === 'Tab' && found && !event.shiftKey)) {
                        take(items[Math.max(0, at)]);
                } else if (event.key === 'Enter') {
                        close();
                        enter(text);
                } else if (event.key === 'Escape') {
                        event.stopPropagation();
                        if (found)
                                close();
                        else
                                leave ? leave() : own.current.blur();
                } else {
                        return;
                }
                event.preventDefault();
        };
        const list = `${name.current}-list`;
        return html`<div class=${`suggest ${cls}`}><input ref=${(el) => { own.current = el; if (field) field.current = el; }} type="text" role="combobox" aria-label=${label} aria-expanded=${Boolean(found)} aria-controls=${list} aria-autocomplete="list"
                aria-activedescendant=${at >= 0 ? `${list}-${at}` : null} aria-invalid=${invalid || null} spellcheck=${false} autocomplete="off" autocapitalize="off" placeholder=${placeholder} value=${text}
                onInput=${(e) => { set(e.target.value); look(e.target.value, e.target.selectionStart); }} onKeyDown=${key} onBlur=${close} onFocus=${(e) => auto && look(e.target.value, e.target.selectionStart)} />
                <ul id=${list} role="listbox" aria-label="suggestions" hidden=${!found}>${(found?.items || []).map((item, i) => html`<li id=${`${list}-${i}`} role="option" aria-selected=${i === at} class=${i === at ? 'at' : ''} onMouseDown=${(e) => { e.preventDefault(); take(item); }}>
                        <span class="m">${visible(item.shown ?? item.text)}</span>${item.note && html`<span class="dim">${visible(item.note)}</span>`}</li>`)}</ul></div>`;
}
