/* Who asks, and what they may do: asked once, before the first thing that writes is shown. */
import { signal } from '@preact/signals';
import { one, useToken } from './api.js';

/** null until the server said it; `may` is false where nothing can be written, `why` says so in a sentence. */
export const me = signal(null);

let asked;

export function whoAmI() {
        asked ||= one('me').then((answer) => {
                const may = !answer.read_only && (answer.scopes || []).includes('annotate');
                useToken(answer.token);
                me.value = { ...answer, may, why: answer.read_only ? 'This server only answers questions; nothing can be labelled here.' : may ? '' : 'Your key does not allow to label.' };
        }, () => {
                asked = null;
                me.value = { author: null, may: false, why: 'This server does not take labels.' };
        });
        return asked;
}
