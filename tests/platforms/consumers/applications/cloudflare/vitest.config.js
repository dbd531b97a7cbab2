const { cloudflareTest } = await import(process.env.PLUGIN);

export default {
  plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.json" } })],
  test: { include: ["*.test.js"] },
};
