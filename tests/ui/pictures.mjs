// Every page looks as it did: pictures at 1440, 900 and 400 pixels, light and dark, kept beside this file, compared with a
// tolerance. They are of runs with fixed times, under a clock that stands still. CLEW_UI_PICTURES=write takes them anew (CLEW_UI_PICTURE=runs: only that page's);
// where letters are drawn by other fonts than theirs the comparison is skipped by name.
import fs from 'node:fs';
import path from 'node:path';
import { DEMO, FAILED, STILL, Skip, browser, check, open, settled, test } from './stage.mjs';

const FOLDER = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'pictures');
const WRITE = process.env.CLEW_UI_PICTURES === 'write';
const NOW = '2024-10-27T06:00:00Z';
const DIFFERENT = 40; // of 255, in a channel of a pixel: what antialiasing does stays below it
const SHARE_MAX = 0.004; // of the pixels

const PAGES = {
        runs: '/?since=all', run: `/t/${FAILED}`, chat: `/t/${FAILED}?view=chat`, graph: `/t/${DEMO}?view=graph`, diff: `/diff?a=55d0c7aa&b=${FAILED}`, sessions: '/sessions?since=all', clusters: '/clusters?since=all',
        review: '/review?since=all&failed=1', datasets: '/datasets', dataset: '/datasets/kept', experiments: '/experiments', comparison: '/experiments/second?with=first', statistics: '/stats?since=all',
};
const LOOKS = [[1440, 'light'], [1440, 'dark'], [900, 'light'], [900, 'dark'], [400, 'light'], [400, 'dark']];

/** How wide some words are in both faces: other fonts, other pictures. */
async function fonts() {
        const page = await browser.newPage();
        await page.setContent('<span id="a" style="font:13px system-ui, -apple-system, \'Segoe UI\', sans-serif">The quick brown fox 0123456789 ✗✓◐</span><br><span id="b" style="font:12px ui-monospace, \'SF Mono\', \'JetBrains Mono\', \'DejaVu Sans Mono\', monospace">The quick brown fox 0123456789</span>');
        const widths = await page.evaluate(() => ['a', 'b'].map((id) => Math.round(document.getElementById(id).getBoundingClientRect().width * 100) / 100));
        await page.close();
        return JSON.stringify({ widths, chromium: browser.version().split('.')[0] });
}

/** The share of pixels that differ, found in the browser itself: no other program has to read PNG. */
async function difference(a, b) {
        const page = await browser.newPage();
        const found = await page.evaluate(async ([one, two, limit]) => {
                const data = async (text) => {
                        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: 'image/png' }));
                        const canvas = new OffscreenCanvas(image.width, image.height);
                        canvas.getContext('2d').drawImage(image, 0, 0);
                        return canvas.getContext('2d').getImageData(0, 0, image.width, image.height);
                };
                const [x, y] = [await data(one), await data(two)];
                if (x.width !== y.width || x.height !== y.height)
                        return 1;
                let different = 0;
                for (let i = 0; i < x.data.length; i += 4)
                        different += Math.max(Math.abs(x.data[i] - y.data[i]), Math.abs(x.data[i + 1] - y.data[i + 1]), Math.abs(x.data[i + 2] - y.data[i + 2])) > limit;
                return different / (x.data.length / 4);
        }, [a.toString('base64'), b.toString('base64'), DIFFERENT]);
        await page.close();
        return found;
}

async function picture(page, address) {
        await page.goto(STILL + address);
        await settled(page);
        await page.mouse.move(0, 0);
        await page.waitForTimeout(250);
        await page.evaluate(() => document.querySelectorAll('.stamp').forEach((element) => { element.style[element.tagName === 'TR' ? 'display' : 'visibility'] = element.tagName === 'TR' ? 'none' : 'hidden'; })); // when they were made, how long they took
        return page.screenshot({ caret: 'initial' });
}

test('a picture that differs is told from one that does not', async () => {
        const page = await open('/status', { base: STILL, width: 900, height: 720, timezoneId: 'UTC', locale: 'en-GB', deviceScaleFactor: 0.5 });
        await page.clock.setFixedTime(new Date(NOW));
        const one = await picture(page, PAGES.run), same = await picture(page, PAGES.run);
        check(await difference(one, same) <= SHARE_MAX, 'twice the same');
        await page.evaluate(() => { document.querySelector('.why').style.display = 'none'; });
        const share = await difference(one, await page.screenshot({ caret: 'initial' }));
        check(share > 4 * SHARE_MAX, `without the cause it is another picture: ${share}`);
        return page;
});

for (const [width, scheme] of LOOKS)
        test(`pictures: ${width} pixels, ${scheme}`, async () => {
                const here = await fonts(), told = path.join(FOLDER, 'fonts.json');
                if (WRITE) {
                        fs.mkdirSync(FOLDER, { recursive: true });
                        fs.writeFileSync(told, `${here}\n`);
                } else if (!fs.existsSync(told) || fs.readFileSync(told, 'utf8').trim() !== here) {
                        throw new Skip(`letters are drawn otherwise here: ${here}`);
                }
                const wrong = [];
                const page = await open('/status', { base: STILL, width, height: width === 400 ? 800 : 720, scheme, timezoneId: 'UTC', locale: 'en-GB', deviceScaleFactor: 0.5, reducedMotion: 'reduce' });
                await page.clock.setFixedTime(new Date(NOW));
                for (const [name, address] of Object.entries(PAGES).filter(([one]) => !process.env.CLEW_UI_PICTURE || one === process.env.CLEW_UI_PICTURE)) {
                        const png = await picture(page, address);
                        check(page.problems.length === 0, `${name}: ${page.problems.join('; ')}`);
                        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                        check(beyond <= 0, `${name} is ${beyond} pixels too wide`);
                        const file = path.join(FOLDER, `${name}-${width}-${scheme}.png`);
                        if (WRITE) {
                                fs.writeFileSync(file, png);
                                continue;
                        }
                        const share = fs.existsSync(file) ? await difference(fs.readFileSync(file), png) : 1;
                        if (share > SHARE_MAX) {
                                wrong.push(`${name} ${(share * 100).toFixed(1)} %`);
                                if (process.env.CLEW_UI_SHOTS)
                                        fs.writeFileSync(path.join(process.env.CLEW_UI_SHOTS, `${name}-${width}-${scheme}.png`), png);
                        }
                }
                check(wrong.length === 0, `other than their pictures (CLEW_UI_SHOTS=DIR keeps what was seen, CLEW_UI_PICTURES=write takes them anew): ${wrong.join(', ')}`);
                return page;
        }, { seconds: 300 });
