export default {
  compatibilityDate: "2026-08-01",
  experimental: process.env.WASM ? { wasm: true } : {},
};
