/*
 * Makes dist/ from src/: node query/ui/build.mjs. The result is committed, so that a C developer needs
 * no npm; `--check` says whether it is what the sources give.
 */
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const made = await build({
        absWorkingDir: here, entryPoints: { app: 'src/main.js' }, bundle: true, minify: true, format: 'esm', target: 'es2021',
        legalComments: 'none', charset: 'utf8', write: false, outdir: 'dist', external: ['/plot.js'],
});
const plot = await build({ absWorkingDir: here, entryPoints: { plot: 'src/plot.js' }, bundle: true, minify: true, format: 'esm', target: 'es2021', legalComments: 'none', charset: 'utf8', write: false, outdir: 'dist' });
const style = await build({ absWorkingDir: here, entryPoints: { app: 'src/style/index.css' }, bundle: true, minify: true, write: false, outdir: 'dist' });
const files = [...made.outputFiles, ...plot.outputFiles, ...style.outputFiles].map((f) => [path.basename(f.path), f.contents]);
for (const name of ['index.html', 'icon.svg'])
        files.push([name, fs.readFileSync(path.join(here, 'src', name))]);
/* What others wrote and the bundle holds: their names and terms go with it. */
const packages = ['preact', '@preact/signals', '@preact/signals-core', 'htm', 'diff', 'uplot'];
const terms = packages.map((name) => `${name}\n${'='.repeat(name.length)}\n\n${fs.readFileSync(path.join(here, 'node_modules', name, 'LICENSE'), 'utf8').trim()}\n`);
files.push(['licences.txt', Buffer.from(`The pages hold these packages:\n\n${terms.join('\n\n')}`)]);
let differs = 0;
for (const [name, bytes] of files) {
        const to = path.join(here, 'dist', name);
        if (process.argv.includes('--check')) {
                if (!fs.existsSync(to) || Buffer.compare(fs.readFileSync(to), Buffer.from(bytes)))
                        differs = console.log(`dist/${name} is not what src/ gives`) || 1;
        } else {
                fs.mkdirSync(path.dirname(to), { recursive: true });
                fs.writeFileSync(to, bytes);
        }
}
process.exit(differs);
