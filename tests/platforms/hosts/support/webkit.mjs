// How WebKit is started: WebKitGTK's own small browser, on a screen that nobody sees.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { Builder, Capabilities } from "selenium-webdriver";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/xvfb-run";
/** No graphics card, no accessibility bus, and no sandbox, which root may not have. */
const ENVIRONMENT = {
  NO_AT_BRIDGE: "1",
  LIBGL_ALWAYS_SOFTWARE: "1",
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
};

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until the driver answers, which its process cannot tell by itself. */
async function answering(url, exited, limit) {
  const late = AbortSignal.timeout(limit);
  for (;;) {
    const ended = exited.then(([code]) => Promise.reject(new Error(`${DRIVER} ended: ${code}`)));
    const asked = fetch(`${url}/status`, { signal: late }).catch(() => {
      late.throwIfAborted();
      return new Promise((resolve) => setTimeout(resolve, 50));
    });
    if ((await Promise.race([asked, ended]))?.ok) return;
  }
}

/**
 * Starts WebKit: `{ version, evaluate, goto, close }`, as much of a page as its tests need.
 * @param limit milliseconds that a script may take
 */
export async function launch(limit) {
  for (const program of [DRIVER, SCREEN]) {
    if (!existsSync(program)) {
      throw new Error(`no ${program}: apt-get install webkit2gtk-driver xvfb xauth`);
    }
  }
  const port = await freePort();
  const args = ["-a", DRIVER, `--port=${port}`, "--host=127.0.0.1"];
  const env = { ...process.env, ...ENVIRONMENT };
  // A group of its own: the screen's script would leave the screen and the driver behind.
  const child = spawn(SCREEN, args, { env, stdio: "ignore", detached: true });
  const exited = once(child, "exit");
  const stop = () => {
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch {
      // It is gone.
    }
  };
  process.once("exit", stop);
  try {
    const url = `http://127.0.0.1:${port}`;
    await answering(url, exited, limit);
    const wanted = new Capabilities({ browserName: "MiniBrowser" });
    const driver = await new Builder().usingServer(url).withCapabilities(wanted).build();
    await driver.manage().setTimeouts({ script: limit });
    return {
      ...pageOf(driver),
      version: (await driver.getCapabilities()).get("browserVersion"),
      async close() {
        await driver.quit().finally(stop);
        await exited;
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Answers of scripts come by a callback, which is their last argument. */
const SCRIPT = (expression) => `
  const done = arguments[arguments.length - 1];
  Promise.resolve().then(() => ${expression}).then(
    (value) => done({ value }),
    (error) => done({ error: String(error?.stack ?? error) }),
  );`;

const pageOf = (driver) => ({
  goto: (url) => driver.get(url),
  async evaluate(expression) {
    const { value, error } = await driver.executeAsyncScript(SCRIPT(expression));
    if (error !== undefined) throw new Error(error);
    return value;
  },
});
