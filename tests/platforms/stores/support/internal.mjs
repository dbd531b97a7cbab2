// The inside of the package under test: see `js/src/internal.ts`.
export * from "../node_modules/holdover/dist/internal.js";
