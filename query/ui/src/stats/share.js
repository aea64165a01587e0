/* A share with its interval, drawn and written. */
import { html } from '../core/html.js';
import { percent } from '../core/format.js';

export function Share({ rate, low, high }) {
        return html`<span class="share" title=${`${percent(low)} to ${percent(high)}, 95 %`}><span class="track" aria-hidden="true"><i style=${{ left: `${low * 100}%`, width: `${Math.max(1, (high - low) * 100)}%` }}></i><u style=${{ left: `${rate * 100}%` }}></u></span><b>${percent(rate)}</b></span>`;
}
