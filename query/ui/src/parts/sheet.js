/* A sheet over the page: it has the keys until it is closed, and the focus goes back where it was. */
import { html } from '../core/html.js';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useKeys } from '../core/keys.js';

const FOCUS = 'button:not([disabled]), a[href], input, select, textarea';

export function Sheet({ title, close, children }) {
        const box = useRef();
        useKeys({ modal: true, Escape: close });
        useLayoutEffect(() => {
                const before = document.activeElement;
                if (!box.current.contains(document.activeElement))
                        (box.current.querySelector('input, select, textarea') || box.current.querySelector(FOCUS))?.focus();
                return () => before?.focus?.();
        }, []);
        const stay = (event) => {
                if (event.key === 'Escape') {
                        event.stopPropagation();
                        return close();
                }
                if (event.key !== 'Tab')
                        return undefined;
                const all = [...box.current.querySelectorAll(FOCUS)].filter((el) => el.offsetParent);
                const last = all[all.length - 1];
                if (event.shiftKey && document.activeElement === all[0]) {
                        event.preventDefault();
                        last.focus();
                } else if (!event.shiftKey && document.activeElement === last) {
                        event.preventDefault();
                        all[0].focus();
                }
                return undefined;
        };
        return html`<div class="veil" onClick=${close}><div class="sheet" ref=${box} role="dialog" aria-modal="true" aria-label=${title} onClick=${(e) => e.stopPropagation()} onKeyDown=${stay}><h2>${title}</h2>${children}</div></div>`;
}
