/* Numbers, times and names as people read them: the same forms as the command line's. */

const two = (n) => String(n).padStart(2, '0');

/** Nanoseconds that people count in: 1, 2, 5 and tens of them below ten seconds, then as on a clock, then days. */
export const ROUND_TIMES = [
        ...Array.from({ length: 10 }, (_, e) => [1, 2, 5].map((n) => n * 10 ** e)).flat(),
        ...[10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200].map((n) => n * 1e9),
        ...Array.from({ length: 6 }, (_, e) => [1, 2, 5].map((n) => n * 10 ** e * 86400e9)).flat(),
];

/** Nanoseconds (string, number or bigint) as 48.2 s, 2 m 10 s, 3 h 05 m. */
export function took(ns) {
        if (ns === null || ns === undefined)
                return '';
        const s = Number(ns) / 1e9;
        if (s < 0)
                return '';
        if (s > 0 && s < 0.00095)
                return `${(s * 1000).toFixed(1)} ms`;
        if (s < 0.0995)
                return `${Math.round(s * 1000)} ms`;
        if (s < 59.95)
                return `${s.toFixed(1)} s`;
        if (s < 3600)
                return `${Math.floor(Math.round(s) / 60)} m ${two(Math.round(s) % 60)} s`;
        if (s < 86400)
                return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} m`;
        return `${Math.floor(s / 86400)} d ${two(Math.floor(s / 3600) % 24)} h`;
}

/** A count with three digits that matter: 950, 61.2 k, 1.30 M. */
export function count(n) {
        if (n === null || n === undefined)
                return '';
        for (const [limit, unit] of [[999.5e6, 'G'], [999.5e3, 'M'], [999.5, 'k']]) {
                if (n >= limit) {
                        const scaled = n / { G: 1e9, M: 1e6, k: 1e3 }[unit];
                        return `${scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0)} ${unit}`;
                }
        }
        return String(Math.round(n));
}

const english = new Intl.NumberFormat('en');

/** A whole number, its thousands apart. */
export const number = (n) => (n === null || n === undefined ? '' : english.format(Number(n)));

/** US dollars; nothing is known is not nothing spent. */
export function money(usd) {
        if (usd === null || usd === undefined)
                return '';
        if (usd === 0)
                return '$0';
        if (Math.abs(usd) < 0.001)
                return `$${usd.toPrecision(2)}`;
        return `$${usd.toFixed(Math.abs(usd) < 10 ? 3 : 2)}`;
}

export function bytes(n) {
        if (n < 1000)
                return `${n} B`;
        if (n < 1e6)
                return `${(n / 1e3).toFixed(1)} kB`;
        return n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

/** Today a clock, this year a day and a clock, else a date and a clock. Local time; the title has it all. */
export function when(iso, now = new Date()) {
        const t = new Date(iso);
        const clock = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
        if (t.toDateString() === now.toDateString())
                return clock;
        const day = `${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][t.getMonth()]} ${t.getDate()}`;
        if (t.getFullYear() === now.getFullYear())
                return `${day}, ${clock.slice(0, 5)}`;
        return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${clock.slice(0, 5)}`;
}

/** The same where seconds say nothing. */
export const minute = (iso) => when(iso).replace(/^(\d\d:\d\d):\d\d$/, '$1');

/** A length of the past, as people say it. */
export const window_ = (since) => ({ '1h': 'last hour', '24h': 'last 24 h', '7d': 'last 7 days', '30d': 'last 30 days', all: 'all time' })[since] || (/^\d{4}-/.test(since) ? `since ${when(since)}` : `last ${since}`);

/* Made once: making one takes as long as forty rows of a table. */
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** All of a time, in the reader's zone and in the sender's form, for titles. */
export const moment = (iso) => (iso ? `${whole.format(new Date(iso))}\n${iso}` : '');

export const short = (id) => (id || '').slice(0, 8);
export const percent = (share) => `${share === 0 ? '0' : (share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Wilson's interval of a share, 95 %. */
export function interval(hits, all) {
        if (!all)
                return [0, 1];
        const z = 1.96, p = hits / all, d = 1 + z * z / all;
        const mid = (p + z * z / (2 * all)) / d;
        const half = z * Math.sqrt(p * (1 - p) / all + z * z / (4 * all * all)) / d;
        return [Math.max(0, mid - half), Math.min(1, mid + half)];
}

/** A word as a shell takes it. */
export const quoted = (word) => (/^[\w@%+=:,./#-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);

export const plural = (n, one, many = `${one}s`) => `${number(n)} ${Number(n) === 1 ? one : many}`;
