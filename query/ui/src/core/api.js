/*
 * Questions to the server (../serve/README.md). An answer that is an error carries the sentence that the
 * command line would print; it is thrown as an ApiError.
 */
import { signal } from '@preact/signals';
import { take } from './ahead.js';
import { checkVersion } from './fresh.js';
import { NOT_HERE, kept, shared } from './shared.js';

const BASE = '/api/v1/';

/** Whether the server answered last time; the banner shows it. */
export const reachable = signal(true);

export class ApiError extends Error {
        constructor(status, problem) {
                super(problem.detail || problem.title || `the server answered ${status}`);
                this.status = status;
                this.problem = problem;
        }
}

function address(path, params) {
        const url = new URL(BASE + path, location.origin);
        for (const [key, value] of Object.entries(params || {}))
                if (value !== null && value !== undefined && value !== false && value !== '')
                        url.searchParams.append(key, value === true ? '1' : value);
        return url;
}

async function ask(path, params, options = {}) {
        let answer;
        try {
                answer = await fetch(address(path, params), { ...options, credentials: 'same-origin' });
        } catch (error) {
                if (error.name !== 'AbortError')
                        reachable.value = false;
                throw error;
        }
        if (!reachable.value)
                checkVersion(true);
        reachable.value = true;
        if (answer.ok)
                return answer;
        const text = await answer.text();
        let problem = { detail: text.slice(0, 500) };
        try {
                problem = JSON.parse(text);
        } catch {
                // Not ours: a proxy's page, say. Its first words are the best that there is.
        }
        throw new ApiError(answer.status, problem);
}

/** One object; what was fetched ahead is taken. */
export async function one(path, params, options) {
        if (shared) {
                const answer = kept(path, params);
                if (answer === undefined)
                        throw new ApiError(404, { detail: NOT_HERE });
                return answer;
        }
        const ahead = take(`${path} ${JSON.stringify(params || {})}`);
        if (ahead)
                return ahead;
        return (await ask(path, params, options)).json();
}

/** A list: { rows, end }; end.cursor is what `after` takes for the rest, null when that was all. */
export async function list(path, params, options) {
        const answer = await one(path, params, options);
        return { rows: answer.items, end: { cursor: answer.next ?? null, partial: answer.partial, left_out: answer.left_out || 0 } };
}

let token = null;

/** What a browser that is signed in sends with every change, so that no other site can. */
export const useToken = (text) => { token = text; };

/** A change: POST with a JSON body, or another method. */
export async function send(path, body, method = 'POST') {
        if (shared)
                throw new ApiError(403, { detail: NOT_HERE });
        const answer = await ask(path, {}, {
                method,
                headers: { 'Content-Type': 'application/json', ...(token ? { 'X-Clew-Token': token } : {}) },
                body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        return text ? JSON.parse(text.split('\n')[0]) : null;
}

/** Live events; returns what ends them. The browser itself comes back with Last-Event-ID. */
export function live(params, heard, state) {
        if (shared)
                return () => {};
        const source = new EventSource(address('live', params));
        let lost = false;
        source.onopen = () => {
                if (lost)
                        checkVersion(true);
                lost = false;
                state(true);
        };
        source.onerror = () => {
                lost = true;
                state(false);
        };
        for (const type of ['trace'])
                source.addEventListener(type, (event) => heard(type, JSON.parse(event.data)));
        return () => source.close();
}
