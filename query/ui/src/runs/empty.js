/* Pages without rows say why, and offer the way on. */
import { html } from '../core/html.js';
import { list } from '../core/api.js';
import { useAnswer } from '../core/load.js';
import { href, route } from '../core/route.js';
import { copy } from '../parts/marks.js';

const widened = (changes) => {
        const params = new URLSearchParams(route.value.params);
        for (const [key, value] of Object.entries(changes))
                if (value === null)
                        params.delete(key);
                else
                        params.set(key, value);
        return href(route.value.path, params);
};

/** No run in the window: either there is none at all, or they are older. */
export function FirstRun({ since }) {
        const any = useAnswer('any', (signal) => list('traces', { since: 'all', limit: 1 }, { signal }));
        if (any.busy)
                return null;
        if (any.data?.rows.length && since !== 'all')
                return html`<p class="empty">No run since ${since} ago. <a href=${widened({ since: 'all' })}>Show all time</a></p>`;
        const lines = `export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\npython your_agent.py`;
        return html`<section class="first"><h2>Waiting for the first run <span class="pulse" aria-hidden="true">●</span></h2>
                <p>Point any OpenTelemetry SDK, or a coding agent's telemetry, at this address. The run appears here while it goes on.</p>
                <pre>${lines}</pre><button onClick=${() => copy(lines, 'the three lines')}>Copy</button>
                <p class="dim">gRPC is on port 4317. Files: <code>clew import runs.jsonl</code></p></section>`;
}

export function NoMatch({ chosen }) {
        const window = chosen.since === 'all' ? 'ever' : `since ${chosen.since} ago`;
        return html`<div class="empty"><p>No run matches ${window}.</p><p>${chosen.since !== 'all' && html`<a href=${widened({ since: 'all', until: null })}>Search all time</a> · `}
                <a href=${href('/', { since: chosen.since })}>Show every run of this window</a></p></div>`;
}
