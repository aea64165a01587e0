// The tests of test-pages: each opens a page of its own and says ok or not ok (Test Anything Protocol).
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.env.CLEW_UI_MODULES, 'package.json'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const BASE = process.env.CLEW_UI_BASE;
const SHOTS = process.env.CLEW_UI_SHOTS; // a folder for pictures, for those who look
const DEMO = '844656a878a1abf6b675e023a0b3d967';
const HOSTILE = 'be'.repeat(16), LONG = 'ab'.repeat(16);

const browser = await chromium.launch({
        executablePath: process.env.CLEW_UI_CHROMIUM,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const tests = [];
const test = (name, body, options = {}) => tests.push({ name, body, options });
const check = (truth, what) => { if (!truth) throw new Error(what); };

async function open(address, { width = 1440, scheme = 'light' } = {}) {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
        page.problems = [];
        page.on('pageerror', (e) => page.problems.push(`error ${e.message}`));
        page.on('console', (m) => m.type() === 'error' && page.problems.push(`console ${m.text()}`));
        page.on('request', (r) => !r.url().startsWith(BASE) && !r.url().startsWith('data:') && page.problems.push(`asks ${r.url()}`));
        await page.goto(BASE + address);
        return page;
}

const rows = (page) => page.locator('table.runs tbody tr');
const step = (page, n) => page.locator(`.r[role=row][aria-rowindex="${n}"]`);

test('the first page lists the runs, newest first, with a count', async () => {
        const page = await open('/');
        await rows(page).first().waitFor();
        check((await rows(page).first().innerText()).includes('844656a8'), 'the demo run ended just now: it is the first row');
        await page.waitForFunction(() => /\d+ failed/.test(document.querySelector('.count')?.textContent || ''));
        check((await page.locator('footer .command').innerText()).startsWith('clew list'), 'the command is shown');
        return page;
});

test('by keyboard from the list to the cause and back', async () => {
        const page = await open('/?since=all&failed=1');
        await rows(page).first().waitFor();
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/t\//);
        await page.locator('.why').waitFor();
        await page.keyboard.press('j');
        await page.keyboard.press('c');
        const cause = await page.locator('.r.iscause.sel').getAttribute('aria-rowindex');
        check(Number(cause) > 1, 'c goes to the cause');
        await page.waitForFunction((n) => document.querySelector('aside h2')?.textContent.includes(`#${n}`), cause);
        await page.keyboard.press('k');
        check(await page.locator('.r.sel').getAttribute('aria-rowindex') !== cause, 'k goes to the step before');
        await page.keyboard.press('Escape');
        await page.waitForURL((url) => url.pathname === '/');
        return page;
});

test('a step shows what is new in it first', async () => {
        const page = await open(`/t/${DEMO}?s=4`);
        await page.locator('aside .msg').first().waitFor();
        check(/messages? as in #2/.test(await page.locator('.repeated').innerText()), 'the repeated history is one line');
        await page.getByRole('tab', { name: /All \d+ messages/ }).click();
        check(await page.locator('aside .msg').count() > 3, 'all messages are one click away');
        return page;
});

test('chat, log and graph', async () => {
        const page = await open(`/t/${DEMO}`);
        await step(page, 1).waitFor();
        await page.keyboard.press('2');
        await page.locator('.chat .msg').first().waitFor();
        check((await page.locator('.chat').innerText()).includes('I have to move my flight'), 'the question is there');
        await page.keyboard.press('3');
        await page.locator('.logline').first().waitFor();
        await page.keyboard.press('4');
        await page.locator('.graph .node').first().waitFor();
        return page;
});

test('folding: a subtree closes and opens, a depth at a time', async () => {
        const page = await open(`/t/${DEMO}?s=9`);
        await step(page, 10).waitFor();
        await page.keyboard.press('h');
        await step(page, 10).waitFor({ state: 'detached' });
        check(await step(page, 9).getAttribute('aria-expanded') === 'false', 'aria-expanded tells it');
        await page.keyboard.press('ArrowRight');
        await step(page, 10).waitFor();
        return page;
});

test('all keys are told by the question mark', async () => {
        const page = await open('/?since=all');
        await rows(page).first().waitFor();
        await page.keyboard.press('?');
        check((await page.locator('.sheet').innerText()).includes('diff the two selected'), 'keys of this page');
        await page.keyboard.press('Escape');
        await page.locator('.sheet').waitFor({ state: 'detached' });
        return page;
});

test('two runs are compared', async () => {
        const page = await open('/?since=all');
        await rows(page).nth(1).waitFor();
        await page.keyboard.press('x');
        await page.keyboard.press('j');
        await page.keyboard.press('x');
        await page.keyboard.press('d');
        await page.waitForURL(/\/diff/);
        await page.waitForFunction(() => /steps? equal/.test(document.body.innerText));
        return page;
});

test('sessions, clusters and status', async () => {
        const page = await open('/sessions?since=all');
        await page.locator('tbody tr').first().waitFor();
        await page.goto(`${BASE}/clusters?since=all`);
        await page.locator('tbody tr').first().waitFor();
        await page.goto(`${BASE}/status`);
        await page.locator('.status dd').first().waitFor();
        return page;
});

test('no match says so and offers the way on', async () => {
        const page = await open('/?tool=no_such_tool');
        await page.waitForFunction(() => /No run matches/.test(document.body.innerText));
        return page;
});

test('an id that no run has is told in the words of the command line', async () => {
        const page = await open('/t/0123456789abcdef0123456789abcdef');
        await page.locator('.failure').waitFor();
        check((await page.locator('.failure').innerText()).length > 10, 'a sentence');
        page.problems = page.problems.filter((p) => !/404/.test(p));
        return page;
});

test('hostile text stays text', async () => {
        for (const address of ['/?since=all', `/t/${HOSTILE}?s=2`, `/t/${HOSTILE}?view=chat`, `/t/${HOSTILE}?view=graph`]) {
                const page = await open(address);
                await page.waitForFunction(() => /onerror=/.test(document.body.innerText), null, { timeout: 8000 });
                check(/Clew$/.test(await page.title()), 'nothing of it ran');
                check(await page.locator('img, script:not([src])').count() === 0, 'no element of it');
                check(!/[\u202e\u001b]/.test(await page.evaluate(() => document.body.innerText)), 'no control character');
                check(page.problems.length === 0, page.problems.join('; '));
                await page.close();
        }
        return open('/');
});

test('50,000 steps: few rows mounted, every frame short, 130 levels readable', async () => {
        const page = await open(`/t/${LONG}?s=1`);
        await step(page, 1).waitFor({ timeout: 15000 });
        const seen = await page.evaluate(async () => {
                const box = document.querySelector('.virtual');
                let most = 0, mounted = 0, last = performance.now();
                for (let i = 0; i < 60; i++) {
                        box.scrollTop += 20000;
                        await new Promise(requestAnimationFrame);
                        const now = performance.now();
                        most = Math.max(most, now - last);
                        last = now;
                        mounted = Math.max(mounted, document.querySelectorAll('.r').length);
                }
                return { most, mounted };
        });
        console.log(`# longest frame ${Math.round(seen.most)} ms, ${seen.mounted} rows mounted`);
        check(seen.mounted < 100, `${seen.mounted} rows mounted`);
        await page.goto(`${BASE}/t/${LONG}?s=50000`);
        await step(page, 50000).waitFor({ timeout: 15000 });
        const name = await step(page, 50000).locator('.nm').boundingBox();
        check(name && name.width > 20 && name.x < 800, 'the deepest step can be read');
        return page;
}, { seconds: 60 });

for (const [width, scheme] of [[1440, 'light'], [900, 'dark'], [400, 'light']])
        test(`nothing serious for axe, nothing beyond the edge: ${width} pixels, ${scheme}`, async () => {
                let page;
                for (const address of ['/?since=all', `/t/${DEMO}`, `/t/${DEMO}?view=chat`, '/sessions?since=all', '/clusters?since=all', '/status', `/diff?a=${DEMO}&b=${HOSTILE}`]) {
                        await page?.close();
                        page = await open(address, { width, scheme });
                        await page.waitForFunction(() => !document.querySelector('[aria-busy=true]') && document.querySelector('main'), null, { timeout: 15000 });
                        await page.waitForTimeout(150);
                        if (SHOTS)
                                await page.screenshot({ path: path.join(SHOTS, `${width}-${scheme}${address.replace(/[^a-z]+/g, '-').slice(0, 24)}.png`) });
                        await page.evaluate(axe);
                        const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
                        const serious = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
                        check(serious.length === 0, `${address}: ${serious.map((v) => `${v.id} ${v.nodes[0].target} ${v.nodes[0].failureSummary?.split('\n')[1] || ''}`).join('; ')}`);
                        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                        check(wide <= 0, `${address} is ${wide} pixels too wide`);
                        check(page.problems.length === 0, `${address}: ${page.problems.join('; ')}`);
                }
                return page;
        }, { seconds: 90 });

test('the first page is small', async () => {
        const page = await open('/?since=1h');
        await page.waitForTimeout(500);
        const files = await page.evaluate(() => performance.getEntries().filter((e) => e.encodedBodySize && !e.name.includes('/api/')).map((e) => [e.name, e.encodedBodySize]));
        const bytes = files.reduce((sum, [, size]) => sum + size, 0);
        console.log(`# ${bytes} bytes in ${files.length} files`);
        check(files.length >= 3 && bytes > 10000 && bytes < 150000, `${bytes} bytes in ${files.length} files`);
        check(!files.some(([name]) => /plot/.test(name)), 'what draws curves is not asked for here');
        return page;
});

let number = 0, failed = 0;
for (const { name, body, options } of tests.filter((t) => !process.env.CLEW_UI_ONLY || t.name.includes(process.env.CLEW_UI_ONLY))) {
        number++;
        let page, late;
        try {
                const limit = new Promise((_, no) => { late = setTimeout(() => no(new Error('ran out of time')), (options.seconds || 30) * 1000); });
                page = await Promise.race([body(), limit]);
                check(page.problems.length === 0, page.problems.join('; '));
                console.log(`ok ${number} - ${name}`);
        } catch (error) {
                failed++;
                console.log(`# ${String(error.message).split('\n').slice(0, 6).join('\n# ')}`);
                console.log(`not ok ${number} - ${name}`);
        }
        clearTimeout(late);
        for (const context of browser.contexts())
                await context.close();
}
await browser.close();
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
