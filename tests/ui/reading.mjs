// What people read: the list, a run, its cause, its steps; the other pages; nothing serious for axe.
import { BASE, DEMO, FAILED, HOSTILE, axe, check, open, rows, settled, step, test } from './stage.mjs';

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

test('back in the list, one is where one left it', async () => {
        const page = await open('/?since=all');
        await rows(page).nth(2).waitFor();
        await page.keyboard.press('j');
        await page.keyboard.press('j');
        const chosen = await page.locator('table.runs tr.sel').innerText();
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/t\//);
        await page.locator('.r[role=row]').first().waitFor();
        await page.goBack();
        await rows(page).nth(2).waitFor();
        await page.waitForFunction((text) => document.querySelector('table.runs tr.sel')?.innerText === text, chosen);
        await page.keyboard.press('k');
        check(await page.locator('table.runs tr.sel').innerText() !== chosen, 'and goes on from there');
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

test('an address as other tools have it leads to the page', async () => {
        const page = await open(`/trace/${DEMO}?view=chat`);
        await page.waitForFunction((id) => location.pathname === `/t/${id}` && location.search === '?view=chat', DEMO);
        await page.goto(new URL('/statistics', page.url()).href);
        await page.waitForFunction(() => location.pathname === '/stats');
        return page;
});

test('an address that no page has says so, and leads to the runs', async () => {
        const page = await open('/nowhere/at/all');
        await page.waitForFunction(() => /There is no page at \/nowhere\/at\/all/.test(document.body.innerText));
        check(await page.locator('main a[href="/"]').count() === 1, 'the way on');
        page.problems = page.problems.filter((p) => !/404/.test(p));
        return page;
});

const EVERY = ['/?since=all', '/?since=all&differs=1', `/t/${DEMO}`, `/t/${FAILED}`, `/t/${DEMO}?view=chat`, `/t/${DEMO}?view=log`, `/t/${DEMO}?view=graph`, '/sessions?since=all', '/sessions/demo-session-1', '/clusters?since=all', '/status', `/diff?a=${DEMO}&b=${HOSTILE}`,
        '/review?since=all', '/datasets', '/datasets/cases?with=cases@1', '/experiments', '/experiments/first', '/experiments/second?with=first', '/stats?since=all'];

for (const [width, scheme] of [[1440, 'light'], [1440, 'dark'], [400, 'light']])
        test(`nothing serious for axe, nothing beyond the edge: ${width} pixels, ${scheme}`, async () => {
                const wrong = [];
                const page = await open('/status', { width, scheme });
                for (const address of EVERY) {
                        page.problems.length = 0;
                        await page.goto(BASE + address);
                        await settled(page);
                        await page.evaluate(axe);
                        const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
                        for (const v of found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical'))
                                wrong.push(`${address}: ${v.id} ${v.nodes[0].target} ${v.nodes[0].failureSummary?.split('\n')[1] || ''}`);
                        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                        if (wide > 0)
                                wrong.push(`${address} is ${wide} pixels too wide`);
                        wrong.push(...page.problems.map((problem) => `${address}: ${problem}`));
                }
                check(wrong.length === 0, wrong.join('\n'));
                page.problems.length = 0;
                return page;
        }, { seconds: 300 });

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

test('the reference of the API is made from the table of routes, and finds one', async () => {
        const page = await open('/status');
        await page.getByRole('link', { name: 'API reference' }).click();
        await page.locator('details.route').first().waitFor();
        const paths = Object.entries((await (await fetch(`${BASE}/api/v1/openapi.json`)).json()).paths).reduce((n, [, methods]) => n + Object.keys(methods).length, 0);
        check(await page.locator('details.route').count() === paths, 'each route has its line');
        await page.keyboard.press('/');
        await page.keyboard.type('share');
        check(await page.locator('details.route').count() === 1, 'one is found');
        await page.locator('details.route summary').click();
        check((await page.locator('details.route').innerText()).includes('redact'), 'with what it takes');
        await page.evaluate(axe);
        const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] }));
        check(!found.violations.some((v) => ['serious', 'critical'].includes(v.impact)), found.violations.map((v) => v.id).join(', '));
        return page;
});

test('a call is told against the one before it: what changed, came and is gone, and what was set otherwise', async () => {
        const page = await open(`/t/${'ca'.repeat(16)}?s=3`);
        await page.locator('aside .repeated', { hasText: '2 messages of #2 are changed or gone' }).waitFor();
        await page.locator('aside .repeated button').click();
        const panel = page.locator('aside [role=tabpanel]');
        await panel.locator('table.settings').waitFor();
        const text = await panel.innerText();
        for (const words of ['temperature', '0.25', '0.75', 'tool send', 'tool pay', 'changed since #2', 'not sent any more', 'For C-4471, please.', 'new since #2', 'And when?'])
                check(text.includes(words), `${words}: ${text}`);
        check(!/tool look/.test(text), 'what is the same is not told');
        check((await panel.locator('.lines em').allInnerTexts()).join(' ').includes('sentence'), 'word by word');
        check(await panel.locator('.gone').count() === 1 && /1 message as in #2/.test(text), 'one is gone, one is the same');
        await page.evaluate(axe);
        const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] }));
        check(!found.violations.some((v) => ['serious', 'critical'].includes(v.impact)), found.violations.map((v) => v.id).join(', '));
        return page;
});
