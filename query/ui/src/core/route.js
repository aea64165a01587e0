/* The state of a page is its address: path and parameters. Going somewhere is changing them. */
import { signal } from '@preact/signals';
import { shared } from './shared.js';

/* Addresses that people guess, or know from other tools. */
const OTHERS = [
        [/^\/(?:trace|traces|run|runs)\/([^/]+)$/, '/t/$1'],
        [/^\/(?:trace|traces|run|runs|search)$/, '/'],
        [/^\/statistics$/, '/stats'],
];

/* In a file the address stands behind its "#". */
function read() {
        const at = shared ? new URL(location.hash.slice(1) || `/t/${shared.id}`, 'http://file/') : location;
        const path = at.pathname.replace(/\/+$/, '') || '/';
        const other = OTHERS.find(([pattern]) => pattern.test(path));
        const ret = { path: other ? path.replace(...other) : path, params: new URLSearchParams(at.search) };
        if (other && !shared)
                history.replaceState(null, '', ret.path + at.search);
        return ret;
}

export const route = signal(read());
addEventListener('popstate', () => { route.value = read(); });

/** The address of a path with parameters; empty values are left out, true stands alone. */
export function href(path, params = {}) {
        const search = new URLSearchParams();
        const entries = params instanceof URLSearchParams ? params : Object.entries(params);
        for (const [key, value] of entries)
                if (value !== null && value !== undefined && value !== false && value !== '')
                        search.append(key, value === true ? '1' : value);
        const text = search.toString();
        return text ? `${path}?${text}` : path;
}

/** Goes to an address of ours; `replace` leaves no trace in the history. */
export function go(address, replace = false) {
        if (shared && !address.startsWith(`/t/${shared.id}`))
                return;
        history[replace ? 'replaceState' : 'pushState'](null, '', shared ? `#${address}` : address);
        route.value = read();
}

/** Changes some parameters of the present address. */
export function change(changes, replace = true) {
        const params = new URLSearchParams(route.value.params);
        for (const [key, value] of Object.entries(changes)) {
                if (value === null || value === undefined || value === false || value === '')
                        params.delete(key);
                else
                        params.set(key, value === true ? '1' : value);
        }
        go(href(route.value.path, params), replace);
}

/** Clicks on links of ours stay in the page; those with a modifier are the browser's. */
export function takeLinks() {
        document.addEventListener('click', (event) => {
                const link = event.target.closest?.('a[href]');
                if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey
                    || event.shiftKey || link.target || link.hasAttribute('download'))
                        return;
                const to = new URL(link.getAttribute('href'), shared ? 'http://file/' : location.href);
                if (shared) {
                        event.preventDefault();
                        go(to.pathname + to.search);
                        return;
                }
                if (to.origin !== location.origin || to.pathname.startsWith('/api/'))
                        return;
                event.preventDefault();
                go(to.pathname + to.search);
                scrollTo(0, 0);
        });
}
