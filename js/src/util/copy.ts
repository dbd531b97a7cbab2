/** Identity of this copy of the package: bundlers may put two into a process. */

/** Stands for this copy: what it made has it, and what another one made has another. */
export const COPY: object = {};
