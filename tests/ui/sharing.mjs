// A run kept as a file: it opens without a server, loads nothing, runs nothing that it holds, and shows what the page showed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BASE, DEMO, FAILED, HOSTILE, axe, browser, check, open, step, test } from './stage.mjs';

const folders = [];
process.on('exit', () => folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

/** The file of a run, opened; everything that it asks for beside itself is a problem. */
async function file(id, more = {}) {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clew-share-')), name = path.join(folder, 'run.html');
        folders.push(folder);
        const answer = await fetch(`${BASE}/api/v1/traces/${id}/share`);
        check(answer.status === 200 && answer.headers.get('content-disposition') === 'attachment', `the file is given: ${answer.status}`);
        fs.writeFileSync(name, await answer.text());
        const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...more });
        page.problems = [];
        page.on('pageerror', (e) => page.problems.push(`error ${e.message}`));
        page.on('console', (m) => m.type() === 'error' && page.problems.push(`console ${m.text()}`));
        page.on('request', (r) => r.url() !== `file://${name}` && !r.url().startsWith('data:') && page.problems.push(`asks ${r.url()}`));
        page.on('dialog', (d) => page.problems.push(`dialog ${d.message()}`));
        await page.goto(`file://${name}`);
        await step(page, 1).waitFor();
        page.name = name;
        return page;
}

test('a run kept as a file has its tree, steps, conversation and cause, without a server', async () => {
        const page = await file(FAILED), there = await open(`/t/${FAILED}`);
        await there.locator('.why').waitFor();
        for (const [key, places] of [['c', ['.finding p', '.r.iscause', 'aside h2']], ['2', ['.chat']]]) {
                for (const one of [page, there])
                        await one.keyboard.press(key);
                for (const place of places)
                        for (const one of [page, there])
                                await one.locator(place).first().waitFor();
                await page.waitForTimeout(500);
                for (const place of places)
                        check((await page.locator(place).first().innerText()) === (await there.locator(place).first().innerText()), `${place} is as on the server's page`);
        }
        await page.reload();
        await page.locator('.chat .msg').first().waitFor(); // the address is behind the "#"
        await page.keyboard.press('3');
        await page.locator('.logline').first().waitFor();
        await page.keyboard.press('4');
        await page.locator('.graph .node').first().waitFor();
        check(await page.locator('nav').count() === 0, 'it leads nowhere');
        await page.evaluate(axe);
        const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] }));
        check(!found.violations.some((v) => ['serious', 'critical'].includes(v.impact)), found.violations.map((v) => v.id).join(', '));
        page.problems.push(...there.problems);
        return page;
}, { seconds: 90 });

test('hostile text stays text in a file too', async () => {
        const page = await file(HOSTILE);
        await page.keyboard.press('2');
        await page.locator('.chat .msg').first().waitFor();
        check((await page.locator('.chat').innerText()).includes('<img src=x'), 'it is shown as it is');
        check(!['1', '2'].includes(await page.title()), 'nothing of it ran');
        const text = fs.readFileSync(page.name, 'utf8');
        check(text.split('</script').length === 4 && !text.includes('<img src=x'), 'it does not stand in the file as markup');
        return page;
});

test('the button keeps the file', async () => {
        const page = await open(`/t/${DEMO}`);
        await page.locator('a.keep').waitFor();
        const [kept] = await Promise.all([page.waitForEvent('download'), page.locator('a.keep').click()]);
        check(kept.suggestedFilename() === 'run-844656a8.html', `its name: ${kept.suggestedFilename()}`);
        check(fs.statSync(await kept.path()).size > 100000, 'it is whole');
        return page;
});
