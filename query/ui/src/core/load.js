/* A component's question: asked again when what it depends on changes; the old answer stays meanwhile. */
import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * Returns { data, error, busy, again, stop }. `ask(signal)` gives a promise; `key` is a string that names
 * the question: another key asks anew and gives up the one before.
 */
export function useAnswer(key, ask) {
        const [state, set] = useState({ data: null, error: null, busy: true, key: null });
        const [round, again] = useState(0);
        const running = useRef(), late = useRef(), tries = useRef(0);
        useEffect(() => {
                const stop = new AbortController();
                running.current = stop;
                set((old) => ({ ...old, busy: true }));
                ask(stop.signal).then(
                        (data) => {
                                tries.current = 0;
                                set({ data, error: null, busy: false, key });
                        },
                        (error) => {
                                if (error.name === 'AbortError' && !stop.given)
                                        return;
                                if (error instanceof TypeError && !stop.given) // no answer at all: later, and later again
                                        late.current = setTimeout(() => again((n) => n + 1), Math.min(30000, 1000 * 2 ** Math.min(5, tries.current++)));
                                set((old) => ({ data: old.data, error: stop.given ? new Error('You gave this question up.') : error, busy: false, key }));
                        });
                return () => {
                        clearTimeout(late.current);
                        stop.abort();
                };
        }, [key, round]);
        const stop = () => {
                running.current.given = true;
                running.current.abort();
        };
        return { ...state, again: () => again((n) => n + 1), stop };
}
