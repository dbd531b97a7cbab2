import { defineConfig } from "astro/config";

const name = process.env.ADAPTER ?? "@astrojs/node";
const { default: adapter } = await import(name);
const options = name === "@astrojs/node" ? { mode: process.env.MODE ?? "standalone" } : {};

export default defineConfig({ output: "server", adapter: adapter(options) });
