// Test runners, with the settings that they come with.

import { printed } from "../support/hosts.mjs";
import { node } from "../support/programs.mjs";
import { application } from "../support/projects.mjs";

const PROJECT = "runners";
const JEST = "../../node_modules/jest/bin/jest.js";
const BODY = `test("a hit", async () => {
  console.log(JSON.stringify([await answer(), await answer()]));
});\n`;
const MODULE = `import { answer } from "./answer.js";\n${BODY}`;

async function jest(name, files, args, flags = []) {
  const root = { "jest.config.json": "{}\n" };
  const cwd = await application(PROJECT, `jest ${name}`, { ...root, ...files });
  return printed(await node([...flags, JEST, "--silent=false", ...args], { cwd }));
}

const COMMON = {
  "package.json": `{ "name": "application" }\n`,
  "answer.test.js": `const { answer } = require("./answer.cjs");\n${BODY}`,
};

const commonJs = (args = []) => jest(`commonjs ${args}`, COMMON, args);

const esModules = () =>
  jest("modules", { "answer.test.js": MODULE }, [], ["--experimental-vm-modules"]);

async function vitest(environment, project = PROJECT) {
  const test = `import { test } from "vitest";\n${MODULE}`;
  const cwd = await application(project, `vitest ${environment}`, { "answer.test.js": test });
  const args = ["run", `--environment=${environment}`, "--reporter=verbose"];
  return printed(await node(["../../node_modules/vitest/vitest.mjs", ...args], { cwd }));
}

const entry = (name, tools, answers, more) => ({
  name,
  tools: { [PROJECT]: tools },
  fast: true,
  expects: "hit",
  answers,
  ...more,
});

const ENVIRONMENTS = { "happy-dom": "happy-dom", "edge-runtime": "@edge-runtime/vm" };
const JSDOM = ["jest", "jest-environment-jsdom"];

export const RUNNERS = [
  entry("Jest as it comes, with CommonJS", ["jest"], () => commonJs()),
  entry("Jest with ES modules", ["jest"], esModules, {
    hint: "`NODE_OPTIONS=--experimental-vm-modules`, as for any ES module in Jest",
  }),
  entry("Jest, jsdom", JSDOM, () => commonJs(["--env=jsdom"]), {
    // It has no `Response`.
    functionsOnly: true,
  }),
  entry("Vitest", ["vitest"], () => vitest("node")),
  entry("Vitest, jsdom", ["vitest"], () => vitest("jsdom")),
  ...["happy-dom", "edge-runtime"].map((environment) => ({
    name: `Vitest, ${environment}`,
    tools: { "vitest-environments": ["vitest", ENVIRONMENTS[environment]] },
    expects: "hit",
    answers: () => vitest(environment, "vitest-environments"),
  })),
];
