/* Templates as tagged text: no compiler between what is written and what runs. */
import { h } from 'preact';
import htm from 'htm';

export const html = htm.bind(h);
