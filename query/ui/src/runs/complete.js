/* What may stand at the caret of a question: names of fields and attributes, operators, values that there are. */
import { list, one } from '../core/api.js';
import { number } from '../core/format.js';

const OWN = [
        ['status', 'ok, error or unset, as sent'], ['duration', 'end less start: duration > 2s'], ['name', 'name of the span'], ['kind', 'internal, server, client ...'], ['statusMessage', 'message of the status'],
        ['trace:duration', 'from the first start to the last end'], ['trace:rootName', 'name of the root span'], ['event:name', 'of each event'],
        ...Object.entries({
                outcome: 'ok, failed or open', agent: 'agent of the step', tool: 'tool that was called', model: 'model that answered', kind: 'agent, llm, tool, retriever ...', error: 'the step failed, by whatever sign', 'error.type': 'type of its error',
                'error.message': 'message of its error', tokens: 'tokens of the step', cost: 'dollars of the step', finish_reason: 'stop, length, tool_call ...', 'tool.arguments': 'arguments of a tool call', 'tool.result': 'what a tool answered', input: 'input of the step', output: 'output of the step',
                'cause.rule': 'rule that explains the failure', cause: 'true on the step that is blamed', signature: 'kind of failure', user: 'who it was for', session: 'session or conversation', label: 'labels that people gave', loops: 'loops of the run', retries: 'failed calls made again',
                'run.tokens': 'tokens of the whole run', 'run.cost': 'dollars of the whole run', 'run.steps': 'steps of the run', 'run.errors': 'failed steps', text: 'every text of the span; only =~ and !~', step: 'number of the step', provider: 'provider of the model', dialect: 'convention of the span', path: 'row of steps; only =~',
        }).map(([name, note]) => [`span.clew.${name}`, note]),
];
const FIXED = { status: ['error', 'ok', 'unset'], kind: ['internal', 'server', 'client', 'producer', 'consumer'] };
const OPERATORS = ['=', '!=', '>', '<', '>=', '<=', '=~', '!~'];
const ATTRS_MAX = 500, VALUES_MAX = 60, KEPT_MAX = 60;

const kept = new Map();

/** An answer that is asked for once in a while: what is known of a window of time. */
function once(key, ask) {
        if (!kept.has(key)) {
                if (kept.size >= KEPT_MAX)
                        kept.clear();
                kept.set(key, ask().catch(() => { kept.delete(key); return []; }));
        }
        return kept.get(key);
}

const scoped = (key) => (/^(span|resource|event|link|instrumentation)\./.test(key) ? key : `.${key}`);
const attributes = (since) => once(`attrs ${since}`, async () => (await list('attrs', { since, limit: ATTRS_MAX })).rows);
/** The attributes, or none yet when they take longer than a reader waits; the next key finds them. */
const ready = (since) => Promise.race([attributes(since), new Promise((done) => { setTimeout(() => done([]), 150); })]);
const plainKey = (key) => /^[\w.:/-]+$/.test(key);

/** Values of a field that there are, most first: [{ text, note }]. */
export const valuesOf = (key, since) => once(`values ${key} ${since}`, async () => (await list('attrs/values', { key, since, limit: VALUES_MAX })).rows.map((row) => ({ text: String(row.value), note: `${number(row.n)}×${row.failed ? `, ${number(row.failed)} failed` : ''}` })));

/** Values of what a chip asks for. */
export async function chipValues(name, since) {
        if (['agent', 'tool', 'model', 'service', 'user', 'cause'].includes(name))
                return once(`by ${name} ${since}`, async () => (await one('stats', { by: name, since, limit: VALUES_MAX, sort: 'n' })).items.filter((row) => row.key !== null).map((row) => ({ text: row.key, note: `${number(row.n)} ${row.unit === 'step' ? 'calls' : 'runs'}${row.failed ? `, ${number(row.failed)} failed` : ''}` })));
        if (name === 'session' || name === 'signature' || name === 'label')
                return valuesOf(`span.clew.${name}`, since);
        return [];
}

/** Where the caret stands: inside a text, behind an operator, or in a name. */
export function place(text, caret) {
        const before = text.slice(0, caret);
        let quote = 0, open = false;
        for (let i = 0; i < before.length; i++) {
                if (before[i] === '\\' && open)
                        i++;
                else if (before[i] === '"') {
                        open = !open;
                        quote = i;
                }
        }
        if (open) {
                const name = /([\w.:/-]+)\s*(?:=~|!~|!=|>=|<=|=|>|<)\s*$/.exec(before.slice(0, quote));
                const end = text.indexOf('"', caret);
                return { in: 'text', name: name?.[1], from: quote, to: end < 0 ? caret : end + 1, typed: before.slice(quote + 1) };
        }
        if (!before.includes('{'))
                return { in: 'outside', from: caret, to: caret, typed: before.trim() };
        const value = /([\w.:/-]+)\s*(=~|!~|!=|>=|<=|=|>|<)\s*([\w.-]*)$/.exec(before);
        if (value)
                return { in: 'value', name: value[1], from: caret - value[3].length, to: caret, typed: value[3] };
        const behind = /(?:^|[{(&|!\s])([\w.:/-]+)\s+$/.exec(before);
        if (behind && /[\w]/.test(behind[1]) && !/(&&|\|\|)\s*$/.test(before))
                return { in: 'operator', from: caret, to: caret, typed: '' };
        const word = /[\w.:/-]*$/.exec(before)[0];
        return { in: 'name', from: caret - word.length, to: caret + /^[\w.:/-]*/.exec(text.slice(caret))[0].length, typed: word };
}

const score = (text, typed) => {
        const at = text.toLowerCase().indexOf(typed.toLowerCase());
        return at < 0 ? -1 : at === 0 ? 3 : /[._:/-]/.test(text[at - 1]) ? 2 : 1;
};

function best(items, typed) {
        return items.map((item, i) => ({ item, i, s: typed ? score(item.text, typed) : 1 })).filter((x) => x.s > 0).sort((a, b) => b.s - a.s || a.i - b.i).map((x) => x.item);
}

const quoted = (value) => `"${value.replace(/[\\"]/g, '\\$&')}"`;

export async function complete(text, caret, since) {
        const at = place(text, caret);
        if (at.in === 'outside')
                return at.typed ? null : { from: caret, to: caret, items: [{ text: '{ status = error }', note: 'a span failed' }, { text: '{ span.clew.outcome = "failed" }', note: 'the run failed' }, { text: '{ span.clew.tool = "" }', shown: '{ span.clew.tool = … }', note: 'calls of a tool' }, { text: '{ duration > 10s }', note: 'a slow span' }] };
        if (at.in === 'operator')
                return { from: at.from, to: at.to, items: OPERATORS.map((operator) => ({ text: `${operator} `, more: true })) };
        if (at.in === 'name') {
                const known = new Set(OWN.map(([name]) => name));
                const found = (await ready(since)).filter((row) => plainKey(row.key) && !known.has(scoped(row.key)));
                const items = [...OWN.map(([name, note]) => ({ text: name, note })), ...found.map((row) => ({ text: scoped(row.key), note: `${row.value_type}, ${number(row.traces)} runs` }))];
                return { from: at.from, to: at.to, items: at.typed ? best(items, at.typed).map((item) => ({ ...item, text: `${item.text} `, more: true })) : items.slice(0, 12).map((item) => ({ ...item, text: `${item.text} `, more: true })) };
        }
        if (!at.name)
                return null;
        if (FIXED[at.name])
                return { from: at.from, to: at.to, items: best(FIXED[at.name].map((value) => ({ text: value })), at.typed).map((item) => ({ ...item, text: `${item.text} ` })) };
        if (/^(duration|trace:duration)$/.test(at.name))
                return { from: at.from, to: at.to, items: ['500ms ', '2s ', '10s ', '1m '].map((value) => ({ text: value })) };
        return { from: at.from, to: at.to, items: best(await valuesOf(at.name, since), at.typed).map((item) => ({ text: `${quoted(item.text)} `, shown: item.text, note: item.note })) };
}
