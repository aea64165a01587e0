// Texts: hostile ones stay texts, long ones come by parts, JSON folds, media show only when they are inline; and search and completion.
import { BASE, BIG, DEMO, HOSTILE, ask, check, open, rows, settled, step, test } from './stage.mjs';

const PAGES = ['/?since=all', `/t/${HOSTILE}?s=2`, `/t/${HOSTILE}?view=chat`, `/t/${HOSTILE}?view=graph`, `/t/${HOSTILE}?view=log`, `/review?since=all&t=${HOSTILE}`,
        '/sessions?since=all', '/stats?since=all', '/datasets', '/datasets/hostile', `/diff?a=${DEMO}&b=${HOSTILE}`];

test('hostile text stays text: markup, bidi, control characters, huge words, instructions', async () => {
        let page;
        for (const address of PAGES) {
                await page?.close();
                page = await open(address);
                await page.waitForFunction(() => /onerror=/.test(document.body.innerText) || /onerror=/.test([...document.querySelectorAll('[title]')].map((e) => e.title).join(' ')), null, { timeout: 10000 }).catch(() => { throw new Error(`${address} does not show the text at all`); });
                await settled(page);
                check(/Clew$/.test(await page.title()), `${address}: something of it ran`);
                check(await page.locator('img, iframe, script:not([src])').count() === 0, `${address}: an element of it`);
                const text = await page.evaluate(() => document.body.innerText);
                check(!/[\u202e\u2066\u200b\u001b\u0007]/.test(text), `${address}: a control character`);
                check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${address}: a long word pushes the page wide`);
                check(await page.locator('a[href^="javascript"], a[href^="http"]').evaluateAll((all, base) => all.every((a) => a.href.startsWith(base)), BASE), `${address}: a link that leads away`);
                check(page.problems.length === 0, `${address}: ${page.problems.join('; ')}`);
        }
        return page;
}, { seconds: 90 });

test('a message of 20 MB: its beginning at once, then more, by parts', async () => {
        const page = await open(`/t/${BIG}?s=2`);
        const text = page.locator('aside .msg pre').first();
        await text.waitFor();
        const lengths = [(await text.innerText()).length];
        check(lengths[0] < 3000, 'it begins folded');
        for (let i = 0; i < 2; i++) {
                await page.locator('aside button.more').first().click();
                await page.waitForFunction((old) => document.querySelector('aside .msg pre').innerText.length > old + 1000, lengths[i]);
                lengths.push((await text.innerText()).length);
        }
        check(lengths[1] >= 60000 && lengths[1] <= 66000, `64 kB after the first click, not ${lengths[1]}`);
        check(lengths[2] > 200000 && lengths[2] < 600000, `a part more after the second, not ${lengths[2]}`);
        check(/20\.0 MB/.test(await page.locator('aside button.more').first().innerText()), 'how long it is, is told');
        return page;
}, { seconds: 45 });

test('an image that came inline is shown from its own bytes; one that lies elsewhere is named', async () => {
        const page = await open(`/t/${'ef'.repeat(16)}?s=2`);
        await page.locator('aside img.media').waitFor();
        check((await page.locator('aside img.media').getAttribute('src')).startsWith('data:image/png;base64,'), 'from its bytes');
        check(await page.locator('aside img.media').evaluate((img) => img.decode().then(() => img.naturalWidth > 0)), 'it is an image');
        check(await page.locator('aside img').count() === 1, 'the other is not fetched');
        check(/elsewhere\.example/.test(await page.locator('aside').innerText()), 'its address is told');
        return page;
});

test('JSON folds and opens; a text of several lines in it reads as lines', async () => {
        const page = await open(`/t/${'ef'.repeat(16)}?s=3`);
        await page.locator('aside .json').first().waitFor();
        const before = await page.locator('aside .jl').count();
        await page.locator('aside .jl .fold').first().click();
        check(await page.locator('aside .jl').count() < before, 'it folds');
        await page.locator('aside .jl .fold').first().click();
        check(await page.locator('aside .jl').count() === before, 'it opens');
        check(/first line\nsecond line/.test(await page.locator('aside .json .block').first().innerText()), 'lines are lines');
        return page;
});

test('words are searched for in a run, and marked', async () => {
        const page = await open(`/t/${DEMO}`);
        await step(page, 1).waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('flex');
        await page.waitForFunction(() => /^\d+$|of \d+/.test(document.querySelector('.find .dim')?.textContent || ''));
        await page.keyboard.press('Enter');
        await page.locator('.r.hit.sel').waitFor();
        await page.keyboard.press('Escape');
        await page.keyboard.press('Escape');
        await page.locator('.r.hit').first().waitFor({ state: 'detached' });
        return page;
});

test('the waterfall zooms and shows its whole width again', async () => {
        const page = await open(`/t/${DEMO}?s=11`);
        await step(page, 11).waitFor();
        const wide = () => step(page, 11).locator('.bar i').evaluate((bar) => bar.getBoundingClientRect().width);
        const before = await wide();
        await page.keyboard.press('+');
        await page.waitForFunction((old) => document.querySelector('.r[role=row][aria-rowindex="11"] .bar i').getBoundingClientRect().width > old * 1.5, before);
        await page.keyboard.press('0');
        await page.waitForFunction((old) => Math.abs(document.querySelector('.r[role=row][aria-rowindex="11"] .bar i').getBoundingClientRect().width - old) < 2, before);
        return page;
});

test('the question is completed: names, operators, values; a mistake gets its caret', async () => {
        const page = await open('/?since=all');
        await rows(page).first().waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('{ clew.too');
        await page.locator('[role=option]', { hasText: 'span.clew.tool' }).first().waitFor();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await page.locator('[role=option]', { hasText: '=' }).first().waitFor();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await page.locator('[role=option]', { hasText: 'change_booking' }).first().waitFor();
        await page.keyboard.type('"change_b');
        await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
        await page.keyboard.press('Tab');
        check(/^\{ span\.clew\.tool = "change_booking" $/.test(await page.getByRole('combobox', { name: 'query' }).inputValue()), await page.getByRole('combobox', { name: 'query' }).inputValue());
        await page.keyboard.type('}');
        await page.keyboard.press('Enter');
        await page.waitForURL(/q=/);
        await page.waitForFunction(() => document.querySelectorAll('table.runs tbody tr').length === 1);
        await page.goto(`${BASE}/?since=all&q=${encodeURIComponent('{ status = eror }')}`);
        await page.locator('.failure pre').waitFor();
        check(/\{ status = eror \}\n {11}\^{4}/.test(await page.locator('.failure pre').innerText()), 'the caret stands under the word');
        check(await page.getByRole('combobox', { name: 'query' }).getAttribute('aria-invalid') === 'true', 'the box is marked');
        page.problems = page.problems.filter((p) => !/400/.test(p));
        return page;
}, { seconds: 45 });

test('words typed as a question are searched for, and an id opens its run', async () => {
        const page = await open('/?since=all');
        const box = page.getByRole('combobox', { name: 'query' });
        await box.fill('no such words here');
        await box.press('Enter');
        await page.waitForFunction(() => new URLSearchParams(location.search).get('grep') === 'no such words here');
        await page.waitForFunction(() => /No run matches/.test(document.body.innerText));
        check(await box.inputValue() === '', 'the box is free again');
        await box.fill(DEMO);
        await box.press('Enter');
        await page.waitForFunction((id) => location.pathname === `/t/${id}`, DEMO);
        return page;
});

test('a chip offers the values that there are', async () => {
        const page = await open('/?since=all');
        await rows(page).first().waitFor();
        await page.getByRole('button', { name: '+ agent' }).click();
        await page.locator('[role=option]', { hasText: 'booking' }).first().click();
        await page.waitForURL(/agent=booking/);
        await page.getByRole('button', { name: /^agent booking/ }).click();
        await page.waitForURL((url) => !url.searchParams.has('agent'));
        return page;
});

test('Y copies the command of what is seen, and that command prints the same', async () => {
        const page = await open(`/t/${DEMO}?s=3`, { permissions: ['clipboard-read', 'clipboard-write'] });
        await step(page, 3).waitFor();
        await page.keyboard.press('Y');
        await page.locator('footer .said', { hasText: 'copied' }).waitFor();
        check(await page.evaluate(() => navigator.clipboard.readText()) === `clew --url ${BASE} show 844656a8#3`, await page.evaluate(() => navigator.clipboard.readText()));
        await page.goto(`${BASE}/?since=all&failed=1&agent=${encodeURIComponent("o'neil")}`);
        await page.locator('.empty').waitFor();
        check((await page.locator('footer .command').innerText()) === `clew list --since all --failed --agent 'o'\\''neil'`, await page.locator('footer .command').innerText());
        check((await ask('traces?since=all&limit=1')).items.length === 1, 'the server is there');
        return page;
});
