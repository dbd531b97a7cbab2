// Runs a WASI command in Node, with a folder as /vectors.

import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [module, folder] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args: ["wasi"], preopens: { "/vectors": folder } });
const { instance } = await WebAssembly.instantiate(readFileSync(module), wasi.getImportObject());
process.exitCode = wasi.start(instance);
