/* What draws curves: a file of its own, asked for by the page of statistics only. */
export { default } from 'uplot';
