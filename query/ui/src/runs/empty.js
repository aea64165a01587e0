/* Pages without rows say why, and offer the way on. */
import { html } from '../core/html.js';
import { useEffect } from 'preact/hooks';
import { list, one } from '../core/api.js';
import { useAnswer } from '../core/load.js';
import { number, plural, when } from '../core/format.js';
import { href, route } from '../core/route.js';
import { me, whoAmI } from '../core/me.js';
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

const CURL = (origin, keyed) => `curl ${origin}/v1/traces -H 'Content-Type: application/json'${keyed ? " -H 'Authorization: Bearer SECRET'" : ''} -d '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"invoke_agent hello","startTimeUnixNano":"'$(date +%s%N)'","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.agent.name","value":{"stringValue":"hello"}}]}]}]}]}'`;

/** No run in the window: either there is none at all, or they are older. */
export function FirstRun({ since, connected }) {
        useEffect(() => { whoAmI(); }, []);
        const any = useAnswer('any', (signal) => list('traces', { since: 'all', limit: 1 }, { signal }));
        if (any.busy && !any.data)
                return null;
        if (any.data?.rows.length && since !== 'all') {
                const newest = any.data.rows[0];
                return html`<div class="empty"><p>No run ${/^\d{4}-/.test(since) ? `since ${when(since)}` : `in the last ${since}`}; the newest one began ${when(newest.start)}.</p><p><a href=${widened({ since: 'all', until: null })}>Show all time</a></p></div>`;
        }
        if (!me.value)
                return null; // whether anything is collected here is asked
        if (me.value.read_only)
                return html`<section class="first"><h2>There is no run in this store</h2><p>This server only answers questions; nothing is collected here. A <code>clewd</code> on this store collects, and <code>clew import runs.jsonl</code> takes files.</p></section>`;
        if (me.value.passing)
                return html`<section class="first"><h2>There is no run in this store</h2><p>These pages end with the <code>clew ui</code> that shows them, so nothing is sent here. A <code>clewd</code> on this store, in its place, takes runs and shows them as they come (<code>clew help send</code>); files go in beside it: <code>clew import runs.jsonl</code></p></section>`;
        const keyed = me.value?.signed_in;
        const lines = `export OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n${keyed ? 'export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer SECRET"\n' : ''}python your_agent.py`;
        return html`<section class="first"><h2>Waiting for the first run <span class="pulse" aria-hidden="true">●</span></h2>
                <p>Point any OpenTelemetry SDK, or a coding agent's telemetry, at this address. ${connected ? 'The run appears here by itself, while it goes on.' : html`<span class="warn">The live stream is not connected; it is tried again.</span>`}</p>
                <pre>${lines}</pre>${keyed && html`<p class="dim">SECRET is that of a key which may send: <code>clewd key add --name my-agent --scope ingest</code> shows it once.</p>`}<p><button onClick=${() => copy(lines, 'the lines')}>Copy the lines</button> <button onClick=${() => copy(CURL(location.origin, keyed), 'a command that sends one span')}>Copy a curl command that sends one span</button></p>
                <p class="dim">gRPC is on port 4317 unless it was set otherwise. Files: <code>clew import runs.jsonl</code>. A run to look at: <code>tools/run --demo</code></p></section>`;
}

/** What took the runs away: how many there are without the conditions, and how many match outside the window. */
function Outside({ chosen }) {
        const all = useAnswer(`all ${chosen.since} ${chosen.until}`, (signal) => one('traces/count', { since: chosen.since, until: chosen.until }, { signal }));
        const ever = useAnswer(`ever ${JSON.stringify(chosen)}`, (signal) => (chosen.since === 'all' ? Promise.resolve(null) : one('traces/count', { ...chosen, since: 'all', until: null }, { signal })));
        return html`${all.data && `${plural(all.data.traces, 'run')} in the window`}${ever.data && `, ${number(ever.data.traces)} that match at any time`}${all.data && '.'}`;
}

export function NoMatch({ chosen }) {
        const window = chosen.since === 'all' ? '' : /^\d{4}-/.test(chosen.since) ? `since ${when(chosen.since)}` : `in the last ${chosen.since}`;
        return html`<div class="empty"><p>No run matches${window && ` ${window}`}. <${Outside} chosen=${chosen} /></p><p>${chosen.since !== 'all' && html`<a href=${widened({ since: 'all', until: null })}>Search all time</a> · `}
                <a href=${href('/', { since: chosen.since })}>Show every run of this window</a></p></div>`;
}
