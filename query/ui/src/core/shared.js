/*
 * A page that is a file (`clew share`, "Share"): one run, with the answers that its page asks for, and no server.
 * Texts that stand in them often are kept once, in a table; "\u0001N" stands where the N-th one stood.
 */
const read = (id) => document.getElementById(id)?.textContent;

function unpack() {
        const run = read('clew-run');
        if (!run)
                return null;
        const texts = [];
        for (const text of JSON.parse(read('clew-texts'))) // a text, or the beginning of another one and a rest
                texts.push(typeof text === 'string' ? text : texts[text[0]].slice(0, text[1]) + text[2]);
        return JSON.parse(run, (key, value) => (typeof value === 'string' && value[0] === '\u0001' ? texts[Number(value.slice(1))] : value));
}

/** null where there is a server; else { id, made, masked, answers }. */
export const shared = unpack();

/** What is said where something is not in the file. */
export const NOT_HERE = 'This page is a file: it holds one run, and asks no server.';

/* Pages of a list, in the order in which they were asked for, as one. */
function whole(name) {
        const first = shared.answers[`${name}/0`];
        const items = [];
        for (let page = 0; shared.answers[`${name}/${page}`]; page++)
                items.push(...shared.answers[`${name}/${page}`].items);
        return { ...first, items, next: null };
}

/** The answer that the server gave when the file was made, or undefined. */
export function kept(path, params = {}) {
        const name = path === `traces/${shared.id}` || path.startsWith(`traces/${shared.id}/`) ? path.slice(`traces/${shared.id}/`.length) : null;
        if (path === 'me')
                return { author: null, scopes: ['read'], read_only: true, token: null };
        if (name === 'chat')
                return whole('chat');
        if (name === 'steps') {
                const all = whole('briefs'), from = Number(params.from || 1), limit = Number(params.limit || 200);
                return { ...all, items: all.items.slice(from - 1, from - 1 + limit), next: from - 1 + limit < all.items.length ? String(from + limit) : null };
        }
        return name === null ? undefined : shared.answers[name];
}
