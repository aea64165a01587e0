/*
 * Who called whom: agents, models and tools as nodes, calls counted on the edges. Built from parents
 * and real order only; columns by distance from the first agent, so that a loop stays a loop.
 */
import { html } from '../core/html.js';
import { kindClass } from '../parts/marks.js';
import { visible } from '../parts/text.js';

const WIDE = 190, HIGH = 34, GAP_X = 90, GAP_Y = 14, NODES_MAX = 60;

const cut = (name) => (visible(name).length > 26 ? `${visible(name).slice(0, 25)}…` : visible(name));

export function graphOf(tree) {
        const nodes = new Map(), edges = new Map();
        const node = (kind, name, s) => {
                const key = `${kind}\u0000${name}`;
                if (!nodes.has(key))
                        nodes.set(key, { key, kind, name, calls: 0, failed: 0, first: s, level: 0 });
                return nodes.get(key);
        };
        for (let s = 1; s <= tree.length; s++) {
                const kind = tree.kind(s);
                if (!['agent', 'llm', 'tool', 'mcp', 'retriever', 'handoff'].includes(kind))
                        continue;
                const me = node(kind, tree.name(s), s);
                me.calls++;
                me.failed += tree.failed(s);
                let p = tree.parent(s);
                while (p && !['agent', 'llm', 'tool', 'mcp'].includes(tree.kind(p)))
                        p = tree.parent(p);
                if (!p)
                        continue;
                const from = node(tree.kind(p), tree.name(p), p);
                if (from === me)
                        continue;
                const key = `${from.key}\u0001${me.key}`;
                if (!edges.has(key)) {
                        edges.set(key, { from, to: me, calls: 0, failed: 0 });
                        me.level = Math.max(me.level, from.level + 1);
                }
                const edge = edges.get(key);
                edge.calls++;
                edge.failed += tree.failed(s);
        }
        const all = [...edges.values()];
        for (const edge of all)
                edge.fan = all.filter((e) => e.from === edge.from).length > all.filter((e) => e.to === edge.to).length;
        return { nodes: [...nodes.values()], edges: all };
}

function placed(nodes) {
        const columns = [];
        for (const node of nodes)
                (columns[node.level] ||= []).push(node);
        columns.forEach((column, x) => column.forEach((node, y) => {
                node.x = 8 + x * (WIDE + GAP_X);
                node.y = 8 + y * (HIGH + GAP_Y);
        }));
        return {
                width: 16 + columns.length * (WIDE + GAP_X) - GAP_X,
                height: 44 + Math.max(1, ...columns.map((c) => (c ? c.length : 0))) * (HIGH + GAP_Y) - GAP_Y,
        };
}

/** The line of an edge, and where its number stands: nearer to the end at which fewer lines meet. */
function curve({ from, to, fan }) {
        const x1 = from.x + WIDE, y1 = from.y + HIGH / 2, y2 = to.y + HIGH / 2;
        if (to.level > from.level) {
                const x2 = to.x, bend = Math.min(60, (x2 - x1) / 2), t = fan ? 0.66 : 0.34, u = 1 - t;
                const at = (a, b, c, d) => u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
                return { path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, x: at(x1, x1 + bend, x2 - bend, x2), y: at(y1, y1, y2, y2) };
        }
        const low = Math.max(from.y, to.y) + HIGH, x2 = to.x + WIDE / 2, middle = from.x + WIDE / 2;
        return { path: `M${middle} ${from.y + HIGH} C${middle} ${low + 34} ${x2} ${low + 34} ${x2} ${to.y + HIGH}`, x: (middle + x2) / 2, y: low + 22 };
}

export function Graph({ tree, choose }) {
        const { nodes, edges } = graphOf(tree);
        if (!nodes.length)
                return html`<p class="empty">No agent, model call or tool in this run.</p>`;
        const some = nodes.slice(0, NODES_MAX);
        const size = placed(some);
        const shown = new Set(some);
        return html`<div class="graph">${nodes.length > NODES_MAX && html`<p class="banner warn">${NODES_MAX} of ${nodes.length} nodes: the rest came later in the run.</p>`}
                <svg width=${size.width} height=${size.height} viewBox=${`0 0 ${size.width} ${size.height}`} role="group" aria-label="who called whom">
                ${edges.filter((e) => shown.has(e.from) && shown.has(e.to)).map((e) => {
                        const { path, x, y } = curve(e);
                        return html`<g class=${e.failed ? 'edge bad' : 'edge'}><path d=${path} style=${{ strokeWidth: 1 + Math.min(3, Math.log10(e.calls)) }} />
                                <text x=${x} y=${y + 4} text-anchor="middle">${e.calls}${e.failed ? `, ${e.failed} ✗` : ''}</text></g>`;
                })}
                ${some.map((node) => html`<g class=${`node ${kindClass(node.kind)}`} role="button" tabindex="0" onClick=${() => choose(node.first)} onKeyDown=${(e) => e.key === 'Enter' && choose(node.first)}>
                        <title>${visible(node.name)}</title><rect x=${node.x} y=${node.y} width=${WIDE} height=${HIGH} rx="4" /><text x=${node.x + 10} y=${node.y + 14} class="kind">${node.kind}${node.calls > 1 ? ` ×${node.calls}` : ''}</text>
                        <text x=${node.x + 10} y=${node.y + 27}>${cut(node.name)}</text></g>`)}
                </svg></div>`;
}
