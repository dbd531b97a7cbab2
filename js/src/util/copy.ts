/** Identity of this copy of the package: bundlers may put two into a process. */

/** Stands for this copy: its own objects have it, those of another copy have another. */
export const COPY: object = {};
