const root = import.meta.dirname;

export default {
  outputFileTracingRoot: root,
  turbopack: { root },
  distDir: process.env.OUT ?? ".next",
  serverExternalPackages: process.env.EXTERNAL?.split(",") ?? [],
};
