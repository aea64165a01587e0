/* The labels that keys 1 to 9 give: those of the address, else those used most, else those given in this sitting. */
import { list } from '../core/api.js';

const READ_MAX = 500;

/** Labels by use, most first. */
export async function usedLabels(signal) {
        const { rows } = await list('annotations', { since: 'all', limit: READ_MAX }, { signal });
        const counts = new Map();
        for (const row of rows)
                for (const label of row.labels || [])
                        counts.set(label, (counts.get(label) || 0) + 1);
        return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([label]) => label);
}

export function options(asked, used, fresh) {
        return [...new Set([...(asked ? asked.split(',') : used), ...fresh])].filter(Boolean).slice(0, 9);
}
