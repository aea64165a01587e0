/* A component's question: asked again when what it depends on changes; the old answer stays meanwhile. */
import { useEffect, useState } from 'preact/hooks';

/**
 * Returns { data, error, busy, again }. `ask(signal)` gives a promise; `key` is a string that names
 * the question: another key asks anew and gives up the one before.
 */
export function useAnswer(key, ask) {
        const [state, set] = useState({ data: null, error: null, busy: true, key: null });
        const [round, again] = useState(0);
        useEffect(() => {
                const stop = new AbortController();
                set((old) => ({ ...old, busy: true }));
                ask(stop.signal).then(
                        (data) => set({ data, error: null, busy: false, key }),
                        (error) => {
                                if (error.name !== 'AbortError')
                                        set((old) => ({ data: old.data, error, busy: false, key }));
                        });
                return () => stop.abort();
        }, [key, round]);
        return { ...state, again: () => again((n) => n + 1) };
}
