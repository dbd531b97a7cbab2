// How Firefox is started.

import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

/** Debian's; Playwright drives only a Firefox of its own making. */
const PROGRAM = process.env.HOLDOVER_FIREFOX ?? "/usr/bin/firefox-esr";

/** Starts Firefox. @param limit milliseconds that a command may take */
export async function launch(limit) {
  if (!existsSync(PROGRAM)) throw new Error(`no ${PROGRAM}: apt-get install firefox-esr`);
  const options = { browser: "firefox", executablePath: PROGRAM, protocolTimeout: limit };
  return puppeteer.launch({ ...options, timeout: limit });
}
