// Pages that stay open: the first run appears by itself; another bundle on the server loads the page anew; a server that went away is told.
import { BASE, EMPTY, check, open, rows, test } from './stage.mjs';

const span = (trace, name) => ({ traceId: trace, spanId: '00000000000000a1', name, kind: 1, startTimeUnixNano: String(BigInt(Date.now()) * 1000000n), endTimeUnixNano: String(BigInt(Date.now() + 1000) * 1000000n),
        attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'invoke_agent' } }, { key: 'gen_ai.agent.name', value: { stringValue: name } }] });

test('an empty store says how to send the first run, and the run appears by itself', async () => {
        const page = await open('/', { base: EMPTY });
        await page.locator('.first pre').waitFor();
        const lines = await page.locator('.first pre').innerText();
        check(lines.split('\n').length === 3 && lines.includes(EMPTY), 'three lines with this address');
        await page.locator('.live.on').waitFor();
        const answer = await fetch(`${EMPTY}/v1/traces`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span('1a'.repeat(16), 'first-agent')] }] }] }) });
        check(answer.ok, `sent: ${answer.status}`);
        await rows(page).first().waitFor({ timeout: 15000 });
        check((await rows(page).first().innerText()).includes('first-agent'), 'it is the run that was sent');
        return page;
}, { seconds: 45 });

test('when the server has another bundle the page loads anew, but not while somebody types', async () => {
        const page = await open('/?since=all');
        await rows(page).first().waitFor();
        let loads = 0;
        page.on('load', () => loads++);
        await page.route('**/app.js', (route) => (route.request().method() === 'HEAD' ? route.fulfill({ status: 200, headers: { etag: '"another"' } }) : route.continue()));
        const look = () => page.evaluate(() => { globalThis.dispatchEvent(new Event('online')); });
        await page.locator('input[aria-label=query]').fill('{ st');
        await look();
        await page.waitForTimeout(400);
        check(loads === 0, 'not while somebody types');
        await page.locator('input[aria-label=query]').fill('');
        await page.keyboard.press('Escape');
        await look();
        await page.waitForEvent('load');
        return page;
});

test('a server that does not answer is told, and what is seen stays', async () => {
        const page = await open('/sessions?since=all');
        await page.locator('tbody tr').first().waitFor();
        await page.route('**/api/v1/sessions**', (route) => route.abort());
        await page.getByLabel('since').selectOption('30d');
        await page.locator('.banner.bad').waitFor();
        check(await page.locator('tbody tr').count() > 0, 'the rows stay');
        await page.unroute('**/api/v1/sessions**');
        await page.locator('.banner.bad').waitFor({ state: 'detached', timeout: 15000 });
        page.problems = page.problems.filter((p) => !/ERR_FAILED/.test(p));
        return page;
}, { seconds: 45 });

test('an address that no page has, and one without its run, say so', async () => {
        const page = await open('/diff');
        await page.getByText('Choose two runs').waitFor();
        await page.goto(`${BASE}/datasets/there-is-none`);
        await page.locator('.failure').first().waitFor();
        page.problems = page.problems.filter((p) => !/404/.test(p));
        return page;
});
