/*
 * The keys: one table for all pages. A page registers what its keys do; the overlay (?) and the line
 * at the bottom are made from the same table, so a key that works is a key that is told.
 */
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

/* key, what it does by page; the order is the order of the help. */
export const KEYS = [
        { key: '/', runs: 'the question', run: 'search in this run', review: 'note' },
        { key: 'j', also: 'ArrowDown', runs: 'next row', run: 'next step', list: 'next row', review: 'next step', foot: 'move' },
        { key: 'k', also: 'ArrowUp', runs: 'previous row', run: 'previous step', list: 'previous row', review: 'previous step', foot: 'move' },
        { key: 'Enter', runs: 'open', run: 'fold or unfold', list: 'open', foot: true },
        { key: 'h', also: 'ArrowLeft', run: 'fold, or go to the parent' },
        { key: 'ArrowRight', run: 'unfold' },
        { key: '[', run: 'one depth less', foot: 'depth' },
        { key: ']', run: 'one depth more', foot: 'depth' },
        { key: 'e', runs: 'next failed', run: 'next error', review: 'next error', foot: true },
        { key: 'E', runs: 'previous failed', run: 'previous error', review: 'previous error' },
        { key: 'c', run: 'go to the cause', review: 'correct', foot: true },
        { key: 'g', review: 'go to the cause', foot: true },
        { key: 'x', runs: 'select', review: 'the finding is wrong', foot: true },
        { key: 'r', run: 'the finding is right' },
        { key: 'w', run: 'the finding is wrong' },
        { key: 'd', runs: 'diff the two selected', run: 'diff with a run that passed', foot: true },
        { key: 'f', runs: 'only failed', run: 'only this subtree', review: 'it failed at this step', foot: true },
        { key: 'l', runs: 'label', run: 'label', review: 'label', foot: true },
        { key: 's', review: 'score', foot: true },
        { key: 'a', runs: 'add to a dataset', run: 'add to a dataset', review: 'add to a dataset' },
        { key: '+', also: '=', run: 'zoom in' },
        { key: '-', run: 'zoom out' },
        { key: '0', run: 'whole width' },
        { key: '1', run: 'tree', review: 'label 1, and 2 to 9' },
        { key: '2', run: 'chat' },
        { key: '3', run: 'log' },
        { key: '4', run: 'graph' },
        { key: 'n', run: 'next run of the list', review: 'next run', foot: true },
        { key: 'p', run: 'previous run of the list', review: 'back to the run before' },
        { key: 'u', review: 'undo', foot: true },
        { key: 'y', all: 'copy the id', review: 'the finding is right' },
        { key: 'Y', all: 'copy as command', foot: true },
        { key: 'Home', run: 'first step' },
        { key: 'End', run: 'last step' },
        { key: 't', review: 'tree or conversation', foot: true },
        { key: 'Ctrl+K', all: 'everything by its name' },
        { key: '?', all: 'all keys' },
        { key: 'Escape', all: 'close, then leave' },
];

export const NAMES = { ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→', Enter: '↵', Escape: 'Esc' };

export const page = signal('runs'); // which column of the table holds
export const help = signal(false);
/* A file may have no place of its own. */
function keptLetters() {
        try {
                return localStorage.getItem('clew.letters');
        } catch {
                return null;
        }
}

export const lettersOn = signal(keptLetters() !== 'off');

const layers = []; // the last one is asked first

/** The keys that do something now, for the line at the bottom and the table. */
export const bound = signal(new Set());

function tell() {
        const now = new Set(layers.flatMap((layer) => Object.keys(layer.actions)));
        if (now.size !== bound.value.size || [...now].some((key) => !bound.value.has(key)))
                bound.value = now;
}

/** While mounted, `actions` (key to function) are what the keys do here. */
export function useKeys(actions) {
        const layer = useRef({});
        /* Before the next key, not after the next frame: people type faster than screens draw. */
        useLayoutEffect(() => {
                layer.current.actions = actions;
                if (layers.includes(layer.current))
                        tell();
        });
        useLayoutEffect(() => {
                layers.push(layer.current);
                tell();
                return () => {
                        layers.splice(layers.indexOf(layer.current), 1);
                        tell();
                };
        }, []);
}

/** What a key does on this page, for those that do something. */
export const meaning = (row) => (bound.value.has(row.key) || row.key === '?' ? row[page.value] || row.all : null);

const typing = (element) => element && (element.isContentEditable || /^(TEXTAREA|SELECT)$/.test(element.tagName)
        || (element.tagName === 'INPUT' && !/^(checkbox|radio|button)$/.test(element.type)));

function canonical(key) {
        const row = KEYS.find((r) => r.also === key);
        return row ? row.key : key;
}

/** Does what a key does here, as if it had been pressed. */
export function press(key) {
        for (let i = layers.length - 1; i >= 0; i--) {
                const act = layers[i].actions[key];
                if (act && act({ preventDefault() {} }) !== false)
                        return;
                if (layers[i].actions.modal)
                        return;
        }
}

export function takeKeys() {
        addEventListener('keydown', (event) => {
                if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
                        event.preventDefault();
                        return press('Ctrl+K');
                }
                if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
                        return;
                if (typing(event.target)) {
                        if (event.key === 'Escape')
                                event.target.blur();
                        return;
                }
                if (event.key.length === 1 && !lettersOn.value && event.key !== '?')
                        return;
                if (event.key === 'Enter' && event.target.closest?.('button, a, summary, [role=button]'))
                        return;
                if (event.key === '?') {
                        help.value = !help.value;
                        return event.preventDefault();
                }
                if (help.value) {
                        if (event.key === 'Escape')
                                help.value = false;
                        return;
                }
                const key = canonical(event.key);
                for (let i = layers.length - 1; i >= 0; i--) {
                        const act = layers[i].actions[key];
                        if (act && act(event) !== false)
                                return event.preventDefault();
                        if (layers[i].actions.modal)
                                return;
                }
        });
}
