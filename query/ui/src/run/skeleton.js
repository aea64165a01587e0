/*
 * The skeleton of a run: columns, one pass, no recursion. A row is a step number; children follow
 * their parent, so a subtree is a range, and folding is skipping ranges.
 */
export class Skeleton {
        constructor(answer) {
                const columns = answer.columns;
                this.answer = answer;
                this.columns = columns;
                this.length = columns.parent.length;
                this.cause = answer.cause || 0;
                this.depth = new Uint16Array(this.length + 1);
                this.total = Number(answer.trace?.duration_nano || 0);
                for (let s = 1; s <= this.length; s++) {
                        const parent = columns.parent[s - 1];
                        this.depth[s] = parent ? Math.min(65535, this.depth[parent] + 1) : 0;
                        this.total = Math.max(this.total, columns.start[s - 1] + (columns.duration[s - 1] || 0));
                }
        }

        kind(s) { return this.answer.kinds[this.columns.kind[s - 1]] || ''; }
        name(s) { return this.answer.names[this.columns.name[s - 1]] || ''; }
        agent(s) { return this.columns.agent[s - 1]; }
        parent(s) { return this.columns.parent[s - 1]; }
        tokens(s) { return this.columns.tokens[s - 1]; }
        at(s) { return this.columns.start[s - 1]; }
        /** Nanoseconds, or -1 while it is open. */
        took(s) { return this.columns.duration[s - 1] ?? -1; }
        status(s) { return this.answer.statuses[this.columns.status[s - 1]] || 'ok'; }
        failed(s) { return this.status(s) === 'error'; }
        hasChildren(s) { return this.columns.descendants[s - 1] > 0; }
        /** First step number behind the subtree. */
        end(s) { return s + 1 + this.columns.descendants[s - 1]; }

        flags(s) {
                const bits = this.columns.flags[s - 1];
                return bits ? this.answer.flags.filter((_, k) => bits & (1 << k)) : [];
        }

        /** Deepest level. */
        get deepest() { return this.depth.reduce((a, b) => Math.max(a, b), 0); }

        /**
         * The step numbers in sight: below `root` (0 = all), without what lies under a folded step.
         */
        visible(folded, root = 0) {
                const rows = [];
                const last = root ? this.end(root) : this.length + 1;
                for (let s = root || 1; s < last;) {
                        rows.push(s);
                        s = folded.has(s) ? this.end(s) : s + 1;
                }
                return rows;
        }

        /** Every step at a depth or more that has children: what folding to that depth folds. */
        atDepth(depth) {
                const steps = new Set();
                for (let s = 1; s <= this.length; s++)
                        if (this.depth[s] >= depth && this.hasChildren(s))
                                steps.add(s);
                return steps;
        }

        /** The folded set without what hides step s. */
        opened(folded, s) {
                const open = new Set(folded);
                for (let p = this.parent(s); p; p = this.parent(p))
                        open.delete(p);
                return open;
        }
}

/** Steps that share ends with many others are shown at most this deep; the number says the rest. */
export const INDENT_MAX = 14;
