// What a run of many steps costs, in work of the page's own thread: what it waited for a processor does not count.
import { LONG, check, open, step, test, work } from './stage.mjs';

const FRAMES = 40;

test('1,000 steps: on the screen within 200 ms of work', async () => {
        const page = await open('/status');
        const spent = await work(page);
        const before = await spent();
        await page.goto(page.url().replace('/status', `/t/${'fa'.repeat(16)}`));
        await step(page, 1).waitFor();
        const ms = Math.round(await spent() - before);
        console.log(`# ${ms} ms of work`);
        check(ms < 200 * 2, `${ms} ms`); // the program itself is loaded anew in it
        return page;
});

test('50,000 steps: first rows within 1 s of work, no frame over 50 ms, under 100 rows mounted', async () => {
        const page = await open('/status');
        const spent = await work(page);
        const before = await spent();
        await page.goto(page.url().replace('/status', `/t/${LONG}?s=1`));
        await step(page, 1).waitFor({ timeout: 20000 });
        const first = Math.round(await spent() - before);
        await page.waitForTimeout(1500);
        const frames = [];
        let mounted = 0;
        for (let i = 0; i < FRAMES; i++) {
                const at = await spent();
                mounted = Math.max(mounted, await page.evaluate(async (by) => {
                        document.querySelector('.virtual').scrollTop += by;
                        await new Promise(requestAnimationFrame);
                        await new Promise(requestAnimationFrame);
                        return document.querySelectorAll('.r[role=row]').length;
                }, i % 2 ? 300 : 20000));
                frames.push(await spent() - at);
        }
        frames.sort((a, b) => a - b);
        console.log(`# first rows after ${first} ms of work; a frame ${frames[FRAMES / 2].toFixed(0)} ms, at most ${frames[FRAMES - 1].toFixed(0)}; ${mounted} rows mounted`);
        check(first < 1000, `first rows after ${first} ms`);
        check(frames[FRAMES - 1] < 50, `a frame of ${frames[FRAMES - 1].toFixed(0)} ms`);
        check(mounted < 100, `${mounted} rows mounted`);
        return page;
}, { seconds: 60 });

test('130 levels: the deepest step can be read', async () => {
        const page = await open(`/t/${LONG}?s=50000`);
        await step(page, 50000).waitFor({ timeout: 20000 });
        const name = await step(page, 50000).locator('.nm').boundingBox();
        check(name && name.width > 20 && name.x < 800, 'its name is in sight');
        check(/\+1\d\d/.test(await step(page, 50000).innerText()), 'how much deeper it lies is told');
        return page;
}, { seconds: 45 });

test('the first page of a list that goes on: 100 rows with little work, and what it adds up to is not counted run by run', async () => {
        const page = await open('/status');
        const asked = [];
        page.on('request', (r) => asked.push(new URL(r.url()).pathname));
        await page.route(/\/api\/v1\/traces\?/, async (route) => {
                const answer = await (await route.fetch()).json();
                const items = Array.from({ length: 100 }, (_, i) => ({ ...answer.items[i % answer.items.length], trace_id: `e${i.toString(16).padStart(31, '0')}` }));
                await route.fulfill({ json: { ...answer, items, next: '1757000000000000000-7f3a' } });
        });
        const spent = await work(page);
        const before = await spent();
        await page.goto(page.url().replace('/status', '/?since=all'));
        await page.locator('table.runs tbody tr').first().waitFor();
        const first = Math.round(await spent() - before);
        await page.waitForFunction(() => document.querySelectorAll('table.runs tbody tr').length === 100 && /\d+ failed of \d+ runs/.test(document.querySelector('.count').textContent));
        console.log(`# ${first} ms of work until the first rows, ${Math.round(await spent() - before)} ms in all`);
        check(first < 150 * 2, `${first} ms`); // the program itself is loaded anew in it
        check(!asked.some((path) => path.endsWith('/traces/count')), asked.join(' '));
        check(await page.locator('button', { hasText: 'older' }).count() === 1, 'there are more');
        return page;
});
