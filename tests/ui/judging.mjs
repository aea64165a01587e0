// Labels, the review queue, datasets, experiments and statistics: what people do after they have seen why.
import { BASE, EMPTY, FAILED, ask, check, open, rows, settled, step, test } from './stage.mjs';

const said = async (id) => (await ask(`traces/${id}/reviews`)).now;
const until = async (what, truth) => {
        for (let i = 0; i < 50; i++) {
                if (await truth())
                        return;
                await new Promise((done) => { setTimeout(done, 100); });
        }
        throw new Error(what);
};

test('from the list to the cause to a label, by keyboard only', async () => {
        const page = await open('/?since=all&failed=1');
        await rows(page).first().waitFor();
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/t\//);
        await page.locator('.why').waitFor();
        await page.keyboard.press('c');
        const id = (await page.evaluate(() => location.pathname)).slice(3);
        await page.waitForFunction(() => /l label/.test(document.querySelector('footer').innerText.replace(/\s+/g, ' ')));
        await page.keyboard.press('l');
        await page.locator('.sheet input').first().waitFor();
        await page.keyboard.type('by-keyboard');
        await page.keyboard.press('Enter');
        await until('the label is kept', async () => (await said(id)).some((x) => x.kind === 'label' && x.name === 'by-keyboard'));
        await page.keyboard.press('Escape');
        await page.locator('.sheet').waitFor({ state: 'detached' });
        await page.locator('.said-line').getByText('by-keyboard').waitFor();
        return page;
});

test('the review queue: label, score, note, correction, failing step, finding, undo, next, by keys only', async () => {
        const page = await open(`/review?since=all&labels=wrong-tool,wrong-value&t=${(await ask(`traces/${FAILED}`)).trace.trace_id}`);
        await page.locator('.judge .options').first().waitFor();
        await settled(page);
        const id = (await page.locator('.head h1').getAttribute('title'));
        await page.keyboard.press('2');
        await until('a label by its number', async () => (await said(id)).some((x) => x.kind === 'label' && x.name === 'wrong-value'));
        await page.keyboard.press('s');
        await page.keyboard.type('quality 0.25');
        await page.keyboard.press('Enter');
        await page.locator('.entry').waitFor({ state: 'detached' });
        await page.keyboard.press('/');
        await page.keyboard.type('it did not look twice');
        await page.keyboard.press('Enter');
        await page.locator('.entry').waitFor({ state: 'detached' });
        await page.keyboard.press('c');
        await page.keyboard.type('the right answer');
        await page.keyboard.press('Enter');
        await page.locator('.entry').waitFor({ state: 'detached' });
        await page.keyboard.press('f');
        await page.keyboard.press('y');
        const kinds = ['label', 'score', 'note', 'correction', 'failing', 'finding'];
        await until('all of it is kept', async () => {
                const now = (await said(id)).map((x) => x.kind);
                return kinds.every((kind) => now.includes(kind));
        });
        const before = (await said(id)).length;
        await page.keyboard.press('u');
        await until('undo takes the last one back', async () => (await said(id)).length < before);
        await page.keyboard.press('t');
        await page.locator('.left .chat .msg').first().waitFor();
        await page.keyboard.press('t');
        await page.keyboard.press('n');
        await page.waitForFunction((old) => document.querySelector('.head h1')?.title !== old, id);
        return page;
}, { seconds: 60 });

test('the review queue goes on where it was, and the next run is there before it is asked for', async () => {
        const page = await open('/review?since=all&unlabeled=1');
        await page.locator('.judge .options').first().waitFor();
        await settled(page);
        await page.waitForTimeout(600); // the run after it is fetched meanwhile
        const first = await page.locator('.head h1').getAttribute('title');
        const asked = [];
        page.on('request', (r) => asked.push(new URL(r.url()).pathname));
        await page.keyboard.press('n');
        await page.waitForFunction((old) => document.querySelector('.head h1')?.title !== old && document.querySelector('.r[role=row]'), first);
        const second = await page.locator('.head h1').getAttribute('title');
        check(!asked.includes(`/api/v1/traces/${second}`), 'its tree was fetched ahead');
        await page.keyboard.press('l');
        await page.keyboard.type('seen');
        await page.keyboard.press('Enter');
        await until('it is kept', async () => (await said(second)).length > 0);
        await page.goto(`${BASE}/review?since=all&unlabeled=1`);
        await page.locator('.judge .options').first().waitFor();
        check(await page.locator('.head h1').getAttribute('title') === first, 'what was passed over comes again');
        const ids = (await ask('queue?since=all')).items.map((run) => run.trace_id);
        check(!ids.includes(second), 'what was reviewed does not');
        return page;
}, { seconds: 60 });

test('a note is not lost when the server refuses it, and the refusal is told', async () => {
        const page = await open(`/t/${FAILED}`);
        await step(page, 1).waitFor();
        await page.waitForFunction(() => /label/.test(document.querySelector('footer').innerText));
        await page.route('**/api/v1/annotations', (route) => route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"title":"no","status":400,"detail":"the note is too long by 3 bytes"}' }));
        await page.keyboard.press('l');
        await page.locator('.sheet input').first().waitFor();
        await page.keyboard.type('x');
        await page.keyboard.press('Enter');
        await page.locator('footer .said', { hasText: 'too long by 3 bytes' }).waitFor();
        page.problems = page.problems.filter((p) => !/400/.test(p));
        return page;
});

test('runs go into a dataset, it is frozen, its versions are compared', async () => {
        const page = await open('/?since=all&failed=1');
        await rows(page).first().waitFor();
        await page.waitForFunction(() => /l label/.test(document.querySelector('footer').innerText.replace(/\s+/g, ' ')));
        await page.keyboard.press('x');
        await page.keyboard.press('a');
        await page.getByPlaceholder('name').fill('from-pages');
        await page.keyboard.press('Enter');
        await page.locator('.sheet').waitFor({ state: 'detached' });
        await page.goto(`${BASE}/datasets/from-pages`);
        await page.locator('table.items tbody tr').first().waitFor();
        await page.getByRole('button', { name: 'Freeze a version' }).click();
        await page.locator('.versions').getByText('@1').waitFor();
        await page.keyboard.press('j');
        await page.locator('aside').getByRole('heading', { name: 'Expected' }).waitFor();
        await page.getByRole('button', { name: 'Add runs' }).click();
        await page.getByRole('button', { name: 'Preview' }).click();
        await page.locator('.sheet [role=status]').waitFor();
        await page.keyboard.press('Escape');
        await page.goto(`${BASE}/datasets/from-pages?with=from-pages@1`);
        await page.locator('.between').getByText('hold the same').waitFor();
        return page;
}, { seconds: 45 });

test('an empty queue says whether there is nothing, or nothing left', async () => {
        const narrowed = await open('/review?since=all&agent=nobody-of-this-name');
        await narrowed.getByText('No run is in this selection.').waitFor();
        await narrowed.close();
        const page = await open('/review', { base: EMPTY });
        await page.getByText('There is no run yet.').waitFor();
        check(!await page.getByText('Make a dataset').count(), 'nothing is offered for what is not there');
        return page;
});

test('what others said stays closed until one has judged oneself', async () => {
        const page = await open(`/review?since=all&t=${(await ask('traces/55d0c7aa')).trace.trace_id}`);
        const others = page.locator('.judge details.others');
        await others.waitFor();
        check(!await page.getByText('bo was here first').isVisible(), 'a second judgement that has read the first is none');
        await page.keyboard.press('/');
        await page.keyboard.type('I saw it myself');
        await page.keyboard.press('Enter');
        await others.waitFor({ state: 'detached' });
        await page.locator('.judge').getByText('bo was here first').waitFor();
        return page;
});

test('experiments: the list, the tries, and two compared with intervals', async () => {
        const page = await open('/experiments');
        await page.locator('tbody tr').nth(1).waitFor();
        const names = await page.locator('tbody tr .id b').allInnerTexts();
        check(names.indexOf('second') < names.indexOf('first'), `the newest first: ${names}`);
        const tracks = await page.locator('tbody .track').evaluateAll((all) => all.map((track) => { const box = track.getBoundingClientRect(); return `${box.left} ${box.width}`; }));
        check(new Set(tracks).size === 1, `shares are drawn on one scale: ${tracks}`);
        await page.goto(`${BASE}/experiments/second`);
        await page.getByText('✗ failed').first().waitFor();
        await page.getByLabel('compare with').selectOption('first');
        await page.waitForURL(/with=first/);
        await page.locator('.verdict').waitFor();
        const text = await page.locator('main').innerText();
        check(/p = /.test(text) && /points/.test(text), 'the test and the interval are told');
        check(/broken/.test(text) && /still failing/.test(text), 'what changed is counted');
        await page.getByRole('button', { name: /fixed/ }).click();
        await page.waitForURL(/only=fixed/);
        return page;
});

test('statistics: groups, intervals, curves from a file of their own', async () => {
        const page = await open('/stats?since=all');
        await page.locator('.groups tbody tr').first().waitFor();
        await page.locator('.charts canvas').nth(3).waitFor();
        check((await page.evaluate(() => performance.getEntriesByType('resource').some((e) => e.name.endsWith('/plot.js')))), 'the curves came with plot.js');
        await page.locator('.pickers select').first().selectOption('tool');
        await page.waitForURL(/by=tool/);
        await page.locator('.groups th', { hasText: 'calls' }).waitFor();
        await page.locator('.groups a').first().click();
        await page.waitForURL((url) => url.pathname === '/' && url.searchParams.has('tool'));
        return page;
});

test('statistics by two fields: a group is both values, in the table, in its curve and in where it leads', async () => {
        const page = await open('/stats?since=all&by=service,model');
        await page.locator('.groups th', { hasText: 'service, model' }).waitFor();
        const names = await page.locator('.groups td.name').allInnerTexts();
        check(names.length > 1 && new Set(names).size === names.length && names.every((name) => name.includes(', ')), names.join(' | '));
        check(new Set(names.map((name) => name.split(', ')[0])).size < names.length, 'one service has several models');
        const row = page.locator('.groups tr', { hasNotText: 'none' }).nth(1);
        const runs = Number((await row.locator('td.num').first().innerText()).replace(/\D/g, ''));
        check(runs > 0, 'calls are counted');
        await row.locator('a').click();
        await page.waitForURL((url) => url.pathname === '/' && url.searchParams.has('service') && url.searchParams.has('model'));
        return page;
});

test('everything by its name: an action, a page, a run', async () => {
        const page = await open('/?since=all');
        await rows(page).first().waitFor();
        await page.keyboard.press('Control+k');
        await page.locator('.palette input').fill('go to stat');
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/stat/);
        await page.locator('main').waitFor();
        await page.keyboard.press('Control+k');
        await page.locator('.palette input').fill('844656');
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/t\/844656/);
        await step(page, 1).waitFor();
        await page.keyboard.press('Control+k');
        await page.locator('.palette input').fill('graph');
        await page.keyboard.press('Enter');
        await page.locator('.graph').waitFor();
        return page;
});

test('what is different in the failed runs becomes a condition', async () => {
        const page = await open('/?since=all');
        await rows(page).first().waitFor();
        await page.getByText('what is different in the failed ones?').click();
        await page.locator('.differs table, .differs p').first().waitFor();
        return page;
});
