/* Which runs are meant: the parameters of the address, the same words as the command line's. */
import { quoted } from '../core/format.js';

const FILTERS = ['failed', 'ok', 'open', 'all', 'agent', 'tool', 'model', 'service', 'session', 'user', 'grep', 'label',
        'longer', 'tokens-over', 'cost-over', 'signature', 'lost', 'unlabeled', 'loop', 'stall', 'cause', 'attr', 'regex', 'path'];

/** The parameters of the address that choose runs. */
export function selection(params, { since = '24h' } = {}) {
        const chosen = { since: params.get('since') || since, query: params.get('q') };
        if (params.get('until'))
                chosen.until = params.get('until');
        for (const name of FILTERS)
                if (params.has(name))
                        chosen[name] = params.get(name) || true;
        return chosen;
}

const FLAGS = ['failed', 'ok', 'open', 'all', 'lost', 'unlabeled', 'loop', 'stall'];

export function command(name, chosen) {
        const words = ['clew', name];
        if (chosen.query)
                words.push(quoted(chosen.query));
        for (const [key, value] of Object.entries(chosen)) {
                if (key === 'query' || !value || (key === 'since' && value === '24h'))
                        continue;
                words.push(`--${key}`, ...(FLAGS.includes(key) ? [] : [quoted(String(value))]));
        }
        return words.join(' ');
}
