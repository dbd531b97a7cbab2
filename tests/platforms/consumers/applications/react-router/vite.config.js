import { reactRouter } from "@react-router/dev/vite";

const workers = [];
if (process.env.WORKERS) {
  const { cloudflare } = await import("@cloudflare/vite-plugin");
  workers.push(cloudflare({ viteEnvironment: { name: "ssr" }, inspectorPort: false }));
}

export default { plugins: [...workers, reactRouter()] };
