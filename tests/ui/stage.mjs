// What the tests of the pages share: a Chromium, a page that notes what goes wrong in it, checks, and the run of all tests.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.env.CLEW_UI_MODULES, 'package.json'));
const { chromium } = require('playwright-core');
export const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const BASE = process.env.CLEW_UI_BASE; // a store with many runs
export const EMPTY = process.env.CLEW_UI_EMPTY; // one without any
export const STILL = process.env.CLEW_UI_STILL; // one whose runs have fixed times: for pictures
export const DEMO = '844656a878a1abf6b675e023a0b3d967';
export const FAILED = '7f3a91c2', HOSTILE = 'be'.repeat(16), LONG = 'ab'.repeat(16), BIG = 'cd'.repeat(16);

export const browser = await chromium.launch({
        executablePath: process.env.CLEW_UI_CHROMIUM,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--font-render-hinting=none', '--disable-lcd-text'],
});

const tests = [];
export const test = (name, body, options = {}) => tests.push({ name, body, options });
export const check = (truth, what) => { if (!truth) throw new Error(what); };
export class Skip extends Error {}

export async function open(address, { width = 1440, height = 900, scheme = 'light', base = BASE, ...more } = {}) {
        const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, ...more });
        page.problems = [];
        page.on('pageerror', (e) => page.problems.push(`error ${e.message}`));
        page.on('console', (m) => m.type() === 'error' && page.problems.push(`console ${m.text()}`));
        page.on('request', (r) => !r.url().startsWith(base) && !r.url().startsWith('data:') && page.problems.push(`asks ${r.url()}`));
        await page.goto(base + address);
        return page;
}

/** Until nothing on the page says that it is being read. */
export async function settled(page) {
        await page.waitForFunction(() => document.querySelector('main') && !document.querySelector('[aria-busy=true]'), null, { timeout: 15000 });
        await page.waitForTimeout(120);
}

export const ask = async (path_, base = BASE) => (await fetch(`${base}/api/v1/${path_}`)).json();
export const rows = (page) => page.locator('table.runs tbody tr');
export const step = (page, n) => page.locator(`.r[role=row][aria-rowindex="${n}"]`);

/** Milliseconds that the page's main thread was at work for, by its own clock: not those that it waited for a processor. */
export async function work(page) {
        const cdp = await page.context().newCDPSession(page);
        await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
        return async () => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value * 1000;
}

export async function run() {
        let number = 0, failed = 0;
        for (const { name, body, options } of tests.filter((t) => !process.env.CLEW_UI_ONLY || new RegExp(process.env.CLEW_UI_ONLY).test(t.name))) {
                number++;
                let page, late;
                try {
                        const limit = new Promise((_, no) => { late = setTimeout(() => no(new Error('ran out of time')), (options.seconds || 60) * 1000); });
                        page = await Promise.race([body(), limit]);
                        check(page.problems.length === 0, page.problems.join('; '));
                        console.log(`ok ${number} - ${name}`);
                } catch (error) {
                        if (error instanceof Skip) {
                                console.log(`ok ${number} - ${name} # SKIP ${error.message}`);
                        } else {
                                failed++;
                                if (process.env.CLEW_UI_SHOTS) // what was seen when it failed
                                        await browser.contexts().at(-1)?.pages().at(-1)?.screenshot({ path: path.join(process.env.CLEW_UI_SHOTS, `failed-${number}.png`) }).catch(() => {});
                                console.log(`# ${String(error.message).split('\n').slice(0, 12).join('\n# ')}`);
                                console.log(`not ok ${number} - ${name}`);
                        }
                }
                clearTimeout(late);
                for (const context of browser.contexts())
                        await context.close();
        }
        await browser.close();
        console.log(`1..${number}`);
        return failed ? 1 : 0;
}
