export default {
  compatibilityDate: "2026-08-01",
  telemetry: false,
  nitro: process.env.WASM ? { experimental: { wasm: true } } : {},
};
