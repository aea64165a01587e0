/*
 * Pages that stay open while the server is exchanged: when its bundle is another one than the bundle that runs here, the
 * page loads anew, at its address, which is all of its state. Not while somebody types.
 */
import { shared } from './shared.js';

const FILE = '/app.js', OFTEN_MS = 60000;

let own = null, looked = 0;

async function tag() {
        const answer = await fetch(FILE, { method: 'HEAD', cache: 'no-store' });
        return answer.ok ? answer.headers.get('etag') : null;
}

const busy = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || '') && document.activeElement.value;

/** Asks which bundle the server has; `now`: the server was away, or a stream came back. */
export async function checkVersion(now = false) {
        if (shared || (!now && Date.now() - looked < OFTEN_MS))
                return;
        looked = Date.now();
        try {
                const there = await tag();
                if (own === null)
                        own = there;
                else if (there && there !== own && !busy())
                        location.reload();
        } catch {
                // It is away; the banner says so.
        }
}

export function watchVersion() {
        if (shared)
                return;
        checkVersion(true);
        document.addEventListener('visibilitychange', () => !document.hidden && checkVersion());
        addEventListener('online', () => checkVersion(true));
        setInterval(() => !document.hidden && checkVersion(), OFTEN_MS);
}
