/* The pages by address. */
import { render } from 'preact';
import { html } from './core/html.js';
import { watchVersion } from './core/fresh.js';
import { takeKeys } from './core/keys.js';
import { route, takeLinks } from './core/route.js';
import { Dataset, Datasets } from './data/datasets.js';
import { Experiment, Experiments } from './data/experiments.js';
import { Cluster, Clusters } from './pages/clusters.js';
import { Diff } from './pages/diff.js';
import { Reference } from './pages/reference.js';
import { Session, Sessions } from './pages/sessions.js';
import { Status } from './pages/status.js';
import { Palette } from './parts/palette.js';
import { Foot, Head, Help } from './parts/frame.js';
import { Review } from './review/review.js';
import { Run } from './run/run.js';
import { Runs } from './runs/runs.js';
import { Stats } from './stats/stats.js';

const ROUTES = [
        [/^\/$/, Runs],
        [/^\/t\/([^/]+)$/, Run, 'id'],
        [/^\/sessions$/, Sessions],
        [/^\/sessions\/(.+)$/, Session, 'name'],
        [/^\/clusters$/, Clusters],
        [/^\/clusters\/([^/]+)$/, Cluster, 'name'],
        [/^\/diff$/, Diff],
        [/^\/review$/, Review],
        [/^\/datasets$/, Datasets],
        [/^\/datasets\/([^/]+)$/, Dataset, 'name'],
        [/^\/experiments$/, Experiments],
        [/^\/experiments\/([^/]+)$/, Experiment, 'name'],
        [/^\/stats$/, Stats],
        [/^\/status$/, Status],
        [/^\/reference$/, Reference],
];

const Nowhere = () => html`<${Head} /><main class="page" tabindex="0"><p class="empty">There is no page at ${route.value.path}. <a href="/">Runs</a></p></main><${Foot} />`;

function App() {
        for (const [pattern, Page, name] of ROUTES) {
                const found = pattern.exec(route.value.path);
                if (found)
                        return html`<${Page} ...${name ? { [name]: decodeURIComponent(found[1]) } : {}} /><${Help} /><${Palette} />`;
        }
        return html`<${Nowhere} /><${Help} /><${Palette} />`;
}

watchVersion();
takeLinks();
takeKeys();
render(html`<${App} />`, document.getElementById('app'));
