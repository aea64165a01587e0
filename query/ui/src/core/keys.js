/*
 * The keys: one table for all pages. A page registers what its keys do; the overlay (?) and the line
 * at the bottom are made from the same table, so a key that works is a key that is told.
 */
import { signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

/* key, what it does by page; the order is the order of the help. */
export const KEYS = [
        { key: '/', all: 'search' },
        { key: 'j', also: 'ArrowDown', runs: 'next row', run: 'next step', list: 'next row', foot: true },
        { key: 'k', also: 'ArrowUp', runs: 'previous row', run: 'previous step', list: 'previous row', foot: true },
        { key: 'Enter', runs: 'open', run: 'open or fold', list: 'open', foot: true },
        { key: 'h', also: 'ArrowLeft', run: 'fold, or go to the parent' },
        { key: 'l', also: 'ArrowRight', run: 'unfold' },
        { key: '[', run: 'one depth less' },
        { key: ']', run: 'one depth more', foot: true },
        { key: 'e', runs: 'next failed', run: 'next error', foot: true },
        { key: 'E', runs: 'previous failed', run: 'previous error' },
        { key: 'c', run: 'go to the cause', foot: true },
        { key: 'x', runs: 'select', foot: true },
        { key: 'd', runs: 'diff the two selected', run: 'diff with a run that passed', foot: true },
        { key: 'f', runs: 'only failed', run: 'only this subtree', foot: true },
        { key: '1', run: 'tree' },
        { key: '2', run: 'chat' },
        { key: '3', run: 'log' },
        { key: '4', run: 'graph' },
        { key: 'y', all: 'copy the id' },
        { key: 'Y', all: 'copy as command', foot: true },
        { key: '?', all: 'all keys' },
        { key: 'Escape', all: 'close, then clear' },
];

export const NAMES = { ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→', Enter: '↵', Escape: 'Esc' };

export const page = signal('runs'); // which column of the table holds
export const help = signal(false);
export const lettersOn = signal(localStorage.getItem('clew.letters') !== 'off');

const layers = []; // the last one is asked first

/** While mounted, `actions` (key to function) are what the keys do here. */
export function useKeys(actions) {
        /* Before the next key, not after the next frame: people type faster than screens draw. */
        useLayoutEffect(() => {
                layers.push(actions);
                return () => layers.splice(layers.indexOf(actions), 1);
        });
}

const typing = (element) => element && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

function canonical(key) {
        const row = KEYS.find((r) => r.also === key);
        return row ? row.key : key;
}

export function takeKeys() {
        addEventListener('keydown', (event) => {
                if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
                        return;
                if (typing(event.target)) {
                        if (event.key === 'Escape')
                                event.target.blur();
                        return;
                }
                if (event.key.length === 1 && !lettersOn.value && event.key !== '?')
                        return;
                if (event.key === 'Enter' && event.target.closest?.('button, a, summary'))
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
                        const act = layers[i][key];
                        if (act && act(event) !== false)
                                return event.preventDefault();
                }
        });
}
