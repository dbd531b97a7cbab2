// Blocks of pages that tests of other suites have.

/** The page whose other blocks the suite `integrations` compiles, beside the frameworks. */
export const OF_INTEGRATIONS = "docs/integrations.md";

/** Sections whose files the suite `consumers` lays out and runs in their tools. */
const RUN = {
  "pkg-template/README.md": ["A Worker", "Next.js", "Nuxt", "A page with a service worker"],
  [OF_INTEGRATIONS]: [
    "SvelteKit on Node",
    "SvelteKit on Workers",
    "Astro on Node",
    "Astro on Workers",
    "React Router on Node",
    "React Router on Workers",
    "Pages, actions and routes",
  ],
};

/** True if a block is a file that the suite `consumers` runs. */
export const isFileOfTool = ({ page, section, code }) =>
  /^\/\/ \S+\.\w+\n/.test(code) && RUN[page]?.includes(section) === true;
